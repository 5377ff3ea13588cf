import type { RoleName } from './role.ts';

/** Who does something: a person or automation known by a token, or the system by one of its rules. */
export interface Actor {
  /** Stable name, such as `ada` or `webhook:ci`. Rules of the system are `system:<rule>`. */
  readonly id: string;
  readonly roles: readonly RoleName[];
}

export const SYSTEM_PREFIX = 'system:';

export function isSystem(actor: Actor): boolean {
  return actor.id.startsWith(SYSTEM_PREFIX);
}

export function systemActor(rule: string): Actor {
  return { id: `${SYSTEM_PREFIX}${rule}`, roles: [] };
}
