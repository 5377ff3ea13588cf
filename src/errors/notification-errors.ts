import { defineError } from './define-error.ts';

export const NOTIFICATION_REFUSED = defineError('NOTIFICATION_REFUSED', {
  status: 502,
  retry: 'never',
  summary:
    'Slack or the mail server refused the message for good: a bad token, channel, sender or recipient. Mend the configuration.',
});
export const NOTIFICATION_RATE_LIMITED = defineError('NOTIFICATION_RATE_LIMITED', {
  status: 503,
  retry: 'later',
  summary: 'The channel asked to be left alone for a while; the message is sent again after that time.',
});
export const WEBHOOK_ADDRESS_REFUSED = defineError('WEBHOOK_ADDRESS_REFUSED', {
  status: 422,
  retry: 'never',
  summary:
    'A webhook goes to an address that is not https or lies in a private network. Mend the url, or let the installation name the host in WEBHOOK_ALLOWED_HOSTS.',
});
export const WEBHOOK_REFUSED = defineError('WEBHOOK_REFUSED', {
  status: 502,
  retry: 'never',
  summary:
    'The endpoint answered a webhook with a redirect or an error of the sender. Mend the endpoint or its url, then `perennial webhooks redeliver`.',
});
export const WEBHOOK_UNAVAILABLE = defineError('WEBHOOK_UNAVAILABLE', {
  status: 503,
  retry: 'later',
  summary:
    'The endpoint of a webhook did not answer, or asked to be left alone; it is sent again, for a day.',
});
export const WEBHOOK_SECRET_MISSING = defineError('WEBHOOK_SECRET_MISSING', {
  status: 503,
  retry: 'later',
  summary:
    'The worker has no usable environment variable of the name that a webhook has for its url or secret. Set it and restart worker-control.',
});
export const WEBHOOK_ENDPOINT_GONE = defineError('WEBHOOK_ENDPOINT_GONE', {
  status: 410,
  retry: 'never',
  summary: 'The newest spec has no webhook of this name any more, so that nothing is sent to it.',
});
export const WEBHOOK_DELIVERY_NOT_FOUND = defineError('WEBHOOK_DELIVERY_NOT_FOUND', {
  status: 404,
  retry: 'never',
  summary: 'There is no webhook delivery of this id. `perennial webhooks` lists them.',
});
