import { defineError } from './define-error.ts';

export const UNAUTHENTICATED = defineError('UNAUTHENTICATED', {
  status: 401,
  retry: 'never',
  summary: 'The bearer token is missing, malformed, unknown, expired or revoked. Ask an admin for a token.',
});
export const PERMISSION_DENIED = defineError('PERMISSION_DENIED', {
  status: 403,
  retry: 'never',
  summary: 'The token is good, but none of its roles allows this.',
});
export const TOO_MANY_FAILURES = defineError('TOO_MANY_FAILURES', {
  status: 429,
  retry: 'later',
  summary: 'Too many failed attempts to sign in from this address. Wait for as long as Retry-After says.',
});
export const ROUTE_NOT_FOUND = defineError('ROUTE_NOT_FOUND', {
  status: 404,
  retry: 'never',
  summary: 'The API has no such address or method. The list is at /docs.',
});
export const ENVIRONMENT_NOT_SERVED = defineError('ENVIRONMENT_NOT_SERVED', {
  status: 404,
  retry: 'never',
  summary: 'This server serves one environment, and it is another one. Ask the server of that environment.',
});
export const BODY_TOO_LARGE = defineError('BODY_TOO_LARGE', {
  status: 413,
  retry: 'never',
  summary: 'The request body is larger than the route takes.',
});
export const BODY_MALFORMED = defineError('BODY_MALFORMED', {
  status: 400,
  retry: 'never',
  summary: 'The request body is not JSON, is empty, or has a wrong length.',
});
export const MEDIA_TYPE_UNSUPPORTED = defineError('MEDIA_TYPE_UNSUPPORTED', {
  status: 415,
  retry: 'never',
  summary: 'Bodies are application/json.',
});
export const REQUEST_INVALID = defineError('REQUEST_INVALID', {
  status: 400,
  retry: 'never',
  summary: 'The request itself is malformed (address, headers or framing).',
});
export const WEBHOOK_SIGNATURE_INVALID = defineError('WEBHOOK_SIGNATURE_INVALID', {
  status: 401,
  retry: 'never',
  summary:
    'The webhook is unknown, unsigned, signed with another secret, or older than five minutes. Nothing was done.',
});
export const WEBHOOK_UNDER_WAY = defineError('WEBHOOK_UNDER_WAY', {
  status: 503,
  retry: 'later',
  summary: 'The same webhook is being answered already. Sent again, it gets that answer.',
});
export const ACTION_LINK_EXPIRED = defineError('ACTION_LINK_EXPIRED', {
  status: 410,
  retry: 'never',
  summary: 'The link has expired. Use the CLI or the API, or wait for the next reminder.',
});
export const TOKEN_NOT_FOUND = defineError('TOKEN_NOT_FOUND', {
  status: 404,
  retry: 'never',
  summary: 'There is no token of that id.',
});
export const COMMAND_REFUSED = defineError('COMMAND_REFUSED', {
  status: 409,
  retry: 'never',
  summary: 'The workflow refused the command for the reason in the message.',
});
export const INTERNAL_ERROR = defineError('INTERNAL_ERROR', {
  status: 500,
  retry: 'later',
  summary: 'An unexpected error; the log has it under the request id.',
});
export const ACTION_LINK_INVALID = defineError('ACTION_LINK_INVALID', {
  status: 403,
  retry: 'never',
  summary: 'The link was altered or cut short on its way, or was signed with another secret.',
});
