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
