import { expect, it } from 'vitest';
import { allows, rolesThatAllow } from '../../../src/domain/permissions.ts';
import type { Permission } from '../../../src/domain/permissions.ts';

const TABLE: readonly (readonly [Permission, readonly string[]])[] = [
  ['read', ['viewer', 'data-scientist', 'ml-engineer', 'compliance', 'on-call', 'admin']],
  ['model.apply', ['data-scientist', 'ml-engineer', 'admin']],
  ['model.trigger', ['data-scientist', 'ml-engineer', 'admin']],
  ['version.decide', ['ml-engineer', 'compliance', 'admin']],
  ['lifecycle.pause', ['ml-engineer', 'on-call', 'admin']],
  ['lifecycle.rollback', ['ml-engineer', 'on-call', 'admin']],
  ['rollout.steer', ['ml-engineer', 'admin']],
  ['incident.handle', ['on-call', 'admin']],
  ['webhook.redeliver', ['ml-engineer', 'on-call', 'admin']],
  ['token.manage', ['admin']],
];

it.each(TABLE)('%s is granted to exactly the roles of the table', (permission, roles) => {
  expect([...rolesThatAllow(permission)].sort()).toEqual([...roles].sort());
});

it('grants nothing without a role, and everything that any one role grants', () => {
  expect(allows({ id: 'a', roles: [] }, 'read')).toBe(false);
  expect(allows({ id: 'a', roles: ['viewer', 'on-call'] }, 'incident.handle')).toBe(true);
  expect(allows({ id: 'a', roles: ['viewer', 'on-call'] }, 'version.decide')).toBe(false);
});
