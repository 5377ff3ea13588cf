export const ROLES = ['viewer', 'data-scientist', 'ml-engineer', 'compliance', 'on-call', 'admin'] as const;
export type RoleName = (typeof ROLES)[number];
