import type { Actor } from './actor.ts';
import type { RoleName } from './role.ts';

/** What a request needs; every route of the API names exactly one. */
export type Permission =
  | 'read'
  | 'model.apply'
  | 'model.trigger'
  | 'version.decide'
  | 'lifecycle.pause'
  | 'lifecycle.rollback'
  | 'rollout.steer'
  | 'incident.handle'
  | 'webhook.redeliver'
  | 'token.manage';

const DATA_SCIENTIST = ['read', 'model.apply', 'model.trigger'] as const;

const GRANTED: Readonly<Record<RoleName, readonly Permission[]>> = {
  viewer: ['read'],
  'data-scientist': DATA_SCIENTIST,
  'ml-engineer': [
    ...DATA_SCIENTIST,
    'version.decide',
    'lifecycle.pause',
    'lifecycle.rollback',
    'rollout.steer',
    'webhook.redeliver',
  ],
  compliance: ['read', 'version.decide'],
  'on-call': ['read', 'incident.handle', 'webhook.redeliver', 'lifecycle.pause', 'lifecycle.rollback'],
  admin: [
    ...DATA_SCIENTIST,
    'version.decide',
    'lifecycle.pause',
    'lifecycle.rollback',
    'rollout.steer',
    'incident.handle',
    'webhook.redeliver',
    'token.manage',
  ],
};

/** Whether one of the actor's roles grants the permission. No role grants nothing. */
export function allows(actor: Actor, permission: Permission): boolean {
  return actor.roles.some((role) => GRANTED[role].includes(permission));
}

/** The roles that grant the permission, for a refusal that says what is missing. */
export function rolesThatAllow(permission: Permission): RoleName[] {
  return (Object.keys(GRANTED) as RoleName[]).filter((role) => GRANTED[role].includes(permission));
}
