import { defineError } from './define-error.ts';

export const MODEL_NOT_FOUND = defineError('MODEL_NOT_FOUND', {
  status: 404,
  retry: 'never',
  summary: 'No model of that name has been applied in this environment. Apply its spec first.',
});
export const VERSION_NOT_FOUND = defineError('VERSION_NOT_FOUND', {
  status: 404,
  retry: 'never',
  summary: 'The model has no version of that number.',
});
export const LIFECYCLE_PAUSED = defineError('LIFECYCLE_PAUSED', {
  status: 409,
  retry: 'never',
  summary: 'The lifecycle is paused. Resume it, or wait for the person who paused it.',
});
export const LIFECYCLE_NOT_PAUSED = defineError('LIFECYCLE_NOT_PAUSED', {
  status: 409,
  retry: 'never',
  summary: 'Only a paused lifecycle or rollout can be resumed.',
});
export const ROLLBACK_TARGET_INVALID = defineError('ROLLBACK_TARGET_INVALID', {
  status: 409,
  retry: 'never',
  summary: 'A rollback goes to an earlier version that has been champion and still loads.',
});
export const ROLLBACK_FAILED = defineError('ROLLBACK_FAILED', {
  status: 500,
  retry: 'never',
  summary: 'The rollback could not be carried out; the champion is unchanged and on-call has been paged.',
});
export const ROLLBACK_RUNNING = defineError('ROLLBACK_RUNNING', {
  status: 409,
  retry: 'later',
  summary: 'A rollback of the model is under way. Wait for its end.',
});
export const PERSON_REQUIRED = defineError('PERSON_REQUIRED', {
  status: 403,
  retry: 'never',
  summary: 'Only a person may do this: automation may abort, it never overrides an analysis.',
});
export const SOURCE_WITHOUT_DATASET = defineError('SOURCE_WITHOUT_DATASET', {
  status: 409,
  retry: 'never',
  summary: 'A source has never had a batch that met its expectations, so there is nothing to train on.',
});
export const PRODUCTION_FAILED = defineError('PRODUCTION_FAILED', {
  status: 500,
  retry: 'never',
  summary: 'A step of the production of a version failed for good. The message says which and why.',
});
export const PRODUCTION_LOST = defineError('PRODUCTION_LOST', {
  status: 500,
  retry: 'never',
  summary: 'The workflow that produced a version ended without a word, as when it is terminated by hand.',
});
export const PROMOTION_FAILED = defineError('PROMOTION_FAILED', {
  status: 500,
  retry: 'never',
  summary: 'A promotion ended on an error, neither passed nor rejected. The champion is unchanged.',
});
export const ROLLOUT_FAILED = defineError('ROLLOUT_FAILED', {
  status: 500,
  retry: 'never',
  summary: 'A rollout ended on an error. The message says whether traffic is back on the champion.',
});
export const ROLLOUT_NOT_RESTORED = defineError('ROLLOUT_NOT_RESTORED', {
  status: 500,
  retry: 'never',
  summary:
    'A rollout ended and traffic is not back on a champion: there is none, or the route could not be set. A person must act.',
});
export const APPROVAL_NOT_OPEN = defineError('APPROVAL_NOT_OPEN', {
  status: 409,
  retry: 'never',
  summary: 'The version is not waiting for an approval.',
});
export const APPROVAL_SELF = defineError('APPROVAL_SELF', {
  status: 403,
  retry: 'never',
  summary: 'Who requested a version cannot approve it. Another person with the role must.',
});
export const APPROVAL_ROLE = defineError('APPROVAL_ROLE', {
  status: 403,
  retry: 'never',
  summary: 'The approver holds none of the roles that the spec asks for.',
});
export const APPROVAL_DUPLICATE = defineError('APPROVAL_DUPLICATE', {
  status: 409,
  retry: 'never',
  summary: 'The same person has decided on this version already.',
});
export const APPROVAL_EVIDENCE_STALE = defineError('APPROVAL_EVIDENCE_STALE', {
  status: 409,
  retry: 'never',
  summary: 'The evidence has changed since the approver read it. Read the card again, then decide.',
});
export const VERSION_NOT_CANDIDATE = defineError('VERSION_NOT_CANDIDATE', {
  status: 409,
  retry: 'never',
  summary:
    'Only a candidate, or a version that waits for approval, can be validated again. Ask for a new version instead.',
});
export const REVALIDATION_RUNNING = defineError('REVALIDATION_RUNNING', {
  status: 409,
  retry: 'later',
  summary: 'A version of the model is being validated again already. Wait for its end.',
});
export const REVALIDATION_SUPERSEDED = defineError('REVALIDATION_SUPERSEDED', {
  status: 409,
  retry: 'later',
  summary: 'A newer candidate waits for its promotion, which this version would push out. Wait for its end.',
});
export const REVALIDATION_FAILED = defineError('REVALIDATION_FAILED', {
  status: 500,
  retry: 'never',
  summary: 'A version could not be evaluated again; it stays as it was. The message says why.',
});
export const ROLLOUT_NOT_RUNNING = defineError('ROLLOUT_NOT_RUNNING', {
  status: 409,
  retry: 'never',
  summary: 'The version has no rollout under way that could take this command.',
});
export const ROLLOUT_NOT_PAUSED = defineError('ROLLOUT_NOT_PAUSED', {
  status: 409,
  retry: 'never',
  summary: 'Only a paused rollout can be resumed.',
});
export const INCIDENT_NOT_OPEN = defineError('INCIDENT_NOT_OPEN', {
  status: 409,
  retry: 'never',
  summary: 'The incident is not in a state that can take this command.',
});
export const INCIDENT_NOT_FOUND = defineError('INCIDENT_NOT_FOUND', {
  status: 404,
  retry: 'never',
  summary: 'There is no incident of that id.',
});
export const INPUT_INVALID = defineError('INPUT_INVALID', {
  status: 400,
  retry: 'never',
  summary: 'The request body or an argument does not fit its schema; every problem is listed.',
});
export const DEPENDENCY_UNAVAILABLE = defineError('DEPENDENCY_UNAVAILABLE', {
  status: 503,
  retry: 'later',
  summary: 'PostgreSQL, S3, Temporal or a gateway did not answer. Work goes on when it is back.',
});
