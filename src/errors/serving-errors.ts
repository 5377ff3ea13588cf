import { defineError } from './define-error.ts';

export const MODEL_UNLOADABLE = defineError('MODEL_UNLOADABLE', {
  status: 422,
  retry: 'never',
  summary: 'The model file cannot be loaded or does not answer. Train or register the version again.',
});
export const SIGNATURE_MISMATCH = defineError('SIGNATURE_MISMATCH', {
  status: 400,
  retry: 'never',
  summary: 'What was sent, or the model file itself, does not fit the signature of the version.',
});
export const ANSWER_NOT_FINITE = defineError('ANSWER_NOT_FINITE', {
  status: 500,
  retry: 'never',
  summary:
    'The model answered no finite score. Look for missing features, or roll back to a version that takes them.',
});
export const NOT_SERVED = defineError('NOT_SERVED', {
  status: 404,
  retry: 'never',
  summary: 'No route of the model is known, or its newest one does not name this version.',
});
export const NOT_SERVED_YET = defineError('NOT_SERVED_YET', {
  status: 503,
  retry: 'later',
  summary:
    'The gateway does not know the newest route of the model yet, or is still loading what it names. Send the request again.',
});
export const RANK_NOT_CONFIGURED = defineError('RANK_NOT_CONFIGURED', {
  status: 400,
  retry: 'never',
  summary:
    'The spec has no `serving.rank`, or the keys sent are not the ones that it and the feature views name.',
});
export const FEATURES_UNAVAILABLE = defineError('FEATURES_UNAVAILABLE', {
  status: 503,
  retry: 'later',
  summary: 'The online features could not be read and none were cached. Send the request again.',
});
export const FEATURES_OVERDUE = defineError('FEATURES_OVERDUE', {
  status: 503,
  retry: 'later',
  summary:
    'The version waits too long for its online features, while the champion gets its own at the same time. Look at what its views ask for.',
});
export const SPOOL_FULL = defineError('SPOOL_FULL', {
  status: 503,
  retry: 'later',
  summary:
    'The prediction log cannot take more rows until it has been shipped, so nothing is answered unlogged.',
});
export const SEGMENT_UNREADABLE = defineError('SEGMENT_UNREADABLE', {
  status: 500,
  retry: 'later',
  summary:
    'A segment of the prediction log cannot be converted. It stays in the spool and is tried again every minute; the others are shipped. Mend its lines, or move it away.',
});
export const GATEWAY_BUSY = defineError('GATEWAY_BUSY', {
  status: 503,
  retry: 'later',
  summary:
    'The gateway has as many requests, or as many bytes of them, under way as it takes. Send it again, or start more gateways.',
});
export const GATEWAY_STOPPING = defineError('GATEWAY_STOPPING', {
  status: 503,
  retry: 'later',
  summary:
    'The gateway is stopping and takes no more requests. Send it again: to another one, or once it is back.',
});
export const GATEWAY_ABSENT = defineError('GATEWAY_ABSENT', {
  status: 503,
  retry: 'later',
  summary: 'No gateway has been seen lately. Start one; the rollout goes on by itself.',
});
export const GATEWAY_ID_TAKEN = defineError('GATEWAY_ID_TAKEN', {
  status: 409,
  retry: 'later',
  summary:
    'Two gateways of this environment have one id, and rollouts count with the newer alone. Give each a GATEWAY_ID of its own.',
});
export const ROUTE_NOT_OBEYED = defineError('ROUTE_NOT_OBEYED', {
  status: 409,
  retry: 'never',
  summary: 'A gateway could not follow the route and keeps the one before; its reason is in the message.',
});
