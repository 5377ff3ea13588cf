import type { IncomingHttpHeaders } from 'node:http';
import type { MessageStore } from './message-store.ts';

/** One request as it arrived; whoever reads it checks the signature, the sink knows no secret. */
export interface StoredWebhook {
  readonly receiptId: string;
  readonly receivedAt: string;
  /** The path below /webhooks. */
  readonly endpoint: string;
  readonly webhookId: string;
  readonly timestamp: string;
  readonly signature: string;
  /** The bytes that are signed. */
  readonly body: string;
}

/** Receives the outgoing webhooks of a local stack. A repetition is kept too: that is what tests look for. */
export class WebhookSink {
  readonly #store: MessageStore<StoredWebhook>;
  #received = 0;

  constructor(store: MessageStore<StoredWebhook>) {
    this.#store = store;
  }

  receive(endpoint: string, headers: IncomingHttpHeaders, body: string): void {
    this.#received += 1;
    const now = new Date();
    const receiptId = `${String(now.getTime())}-${String(this.#received).padStart(6, '0')}`;
    const header = (name: string): string => {
      const value = headers[name];
      return typeof value === 'string' ? value : '';
    };
    this.#store.put(receiptId, {
      receiptId,
      receivedAt: now.toISOString(),
      endpoint,
      webhookId: header('webhook-id'),
      timestamp: header('webhook-timestamp'),
      signature: header('webhook-signature'),
      body,
    });
  }

  /** Oldest first. */
  list(): StoredWebhook[] {
    return this.#store.list();
  }
}
