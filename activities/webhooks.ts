import type { WebhookActivities } from '../src/contracts/activities/webhooks.ts';
import { deliverWebhook } from '../src/notifications/deliver-webhook.ts';
import type { WebhookParts } from '../src/notifications/deliver-webhook.ts';
import { withTransaction } from '../src/registry/database.ts';
import { giveUpWebhook } from '../src/registry/webhook-log.ts';

/** The activities of task queue `webhooks`. */
export function createWebhookActivities(parts: WebhookParts): WebhookActivities {
  return {
    sendWebhook: (input) => deliverWebhook(parts, input),
    giveUpWebhook: ({ code, reason, ...ref }) =>
      withTransaction(parts.db, (tx) => giveUpWebhook(tx, ref, { code, message: reason })),
  };
}
