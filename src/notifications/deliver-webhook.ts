import type { WebhookEndpoint } from '../contracts/spec/webhooks.ts';
import { isPerennialError, PerennialError } from '../errors/define-error.ts';
import {
  WEBHOOK_ADDRESS_REFUSED,
  WEBHOOK_ENDPOINT_GONE,
  WEBHOOK_SECRET_MISSING,
} from '../errors/notification-errors.ts';
import type { Database } from '../registry/database.ts';
import { withTransaction } from '../registry/database.ts';
import { getWebhookDelivery, recordWebhookAttempt } from '../registry/webhook-log.ts';
import { webhookEndpoints } from '../registry/webhook-outbox.ts';
import { postWebhook } from './post-webhook.ts';
import { webhookSignature } from './webhook-signature.ts';

const MS = 1_000;

export interface WebhookParts {
  readonly db: Database;
  /** Hosts that plain http and private addresses are allowed for. */
  readonly allowedHosts: readonly string[];
  /** The value of a variable that a spec names; undefined when it is not set. */
  readonly secrets: (name: string) => string | undefined;
}

/**
 * One attempt of a delivery, noted in its log whether it succeeds or not. The endpoint is read from the newest spec, so
 * that an address mended there is used at once. The id and the body are the same at each attempt; the time is new.
 * @throws PerennialError WEBHOOK_DELIVERY_NOT_FOUND, WEBHOOK_ENDPOINT_GONE, WEBHOOK_SECRET_MISSING,
 * WEBHOOK_ADDRESS_REFUSED, WEBHOOK_REFUSED, WEBHOOK_UNAVAILABLE
 */
export async function deliverWebhook(
  parts: WebhookParts,
  ref: { readonly environment: string; readonly deliveryId: string },
): Promise<{ readonly statusCode: number }> {
  const { db, allowedHosts } = parts;
  const delivery = await getWebhookDelivery(db, ref);
  const { deliveryId, body } = delivery;
  const startedAt = performance.now();
  const note = (attempt: { statusCode: number | null; error: { code: string; message: string } | null }) =>
    withTransaction(db, (tx) =>
      recordWebhookAttempt(tx, deliveryId, { ...attempt, durationMs: performance.now() - startedAt }),
    );
  try {
    const endpoint = (await webhookEndpoints(db, delivery)).find(({ name }) => name === delivery.endpoint);
    if (endpoint === undefined)
      throw new PerennialError(
        WEBHOOK_ENDPOINT_GONE,
        `the spec has no webhook ${delivery.endpoint} any more`,
      );
    const { url, secret } = readEndpoint(parts, endpoint);
    const timestamp = String(Math.floor(Date.now() / MS));
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'Perennial',
      'webhook-id': deliveryId,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${webhookSignature(secret, deliveryId, timestamp, body)}`,
    };
    const statusCode = await postWebhook({ url, headers, body }, { allowedHosts });
    await note({ statusCode, error: null });
    return { statusCode };
  } catch (error) {
    if (!isPerennialError(error)) throw error;
    const { code, message, details } = error;
    const statusCode = typeof details['statusCode'] === 'number' ? details['statusCode'] : null;
    await note({ statusCode, error: { code, message } });
    throw error;
  }
}

function readEndpoint(parts: WebhookParts, endpoint: WebhookEndpoint): { url: URL; secret: string } {
  const value = (name: string): string => {
    const found = parts.secrets(name);
    if (found !== undefined && found !== '') return found;
    throw new PerennialError(
      WEBHOOK_SECRET_MISSING,
      `webhook ${endpoint.name}: worker-control has no environment variable ${name}; set it and restart the worker`,
    );
  };
  const byName = /^[A-Z][A-Z0-9_]*$/.test(endpoint.url);
  const address = byName ? value(endpoint.url) : endpoint.url;
  if (!URL.canParse(address) || !/^https?:/.test(address))
    throw new PerennialError(
      WEBHOOK_ADDRESS_REFUSED,
      `webhook ${endpoint.name}: the variable ${endpoint.url} holds no https address`,
    );
  return { url: new URL(address), secret: value(endpoint.secret) };
}
