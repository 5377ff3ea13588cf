import type { ModelRef } from '../workflows/ids.ts';

export interface WebhookRef extends ModelRef {
  readonly deliveryId: string;
}

/** Task queue `webhooks`: requests to other people's servers, which may hang, apart from everything else. */
export interface WebhookActivities {
  /** One attempt, noted in the delivery's log. Fails retryably while the endpoint may still take it. */
  sendWebhook(input: WebhookRef): Promise<{ readonly statusCode: number }>;
  /** Ends a delivery that will not get through, in the log and in the audit trail. */
  giveUpWebhook(input: WebhookRef & { readonly code: string; readonly reason: string }): Promise<void>;
}
