import type { WebhookRef } from '../activities/webhooks.ts';

/** One event to one endpoint, tried for a day. */
export type DeliverWebhookInput = WebhookRef & { readonly endpoint: string; readonly event: string };

export type WebhookOutcome =
  | { readonly kind: 'delivered'; readonly statusCode: number }
  | { readonly kind: 'given_up'; readonly code: string; readonly reason: string };
