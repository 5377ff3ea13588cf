import { defineError } from './define-error.ts';

export const SCHEMA_TOO_NEW = defineError('SCHEMA_TOO_NEW', {
  status: 500,
  retry: 'never',
  summary: 'The database was migrated by a newer release. Run that release or newer.',
});
export const MIGRATION_CHANGED = defineError('MIGRATION_CHANGED', {
  status: 500,
  retry: 'never',
  summary:
    'A migration that has been applied differs from the file of that number. Migrations are never edited.',
});
export const STAGE_MOVE_REFUSED = defineError('STAGE_MOVE_REFUSED', {
  status: 409,
  retry: 'never',
  summary: 'A version cannot go from its stage to the one asked for.',
});
export const ROUTE_INVALID = defineError('ROUTE_INVALID', {
  status: 400,
  retry: 'never',
  summary: 'The weights of a route are positive, of distinct existing versions, and sum to 100.',
});
export const CHAMPION_CONFLICT = defineError('CHAMPION_CONFLICT', {
  status: 409,
  retry: 'never',
  summary: 'The champion is not the one that the change was decided against.',
});
export const VERSION_INCOMPLETE = defineError('VERSION_INCOMPLETE', {
  status: 409,
  retry: 'never',
  summary: 'A version becomes a candidate only with a succeeded run, its artifact, signature and evaluation.',
});
export const SPEC_NOT_FOUND = defineError('SPEC_NOT_FOUND', {
  status: 404,
  retry: 'never',
  summary: 'The model has no spec of that revision.',
});
