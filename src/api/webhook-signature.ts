import { timingSafeEqual } from 'node:crypto';
import { webhookSignature } from '../notifications/webhook-signature.ts';

const WEBHOOK_TOLERANCE_MS = 5 * 60_000;
/** A sender that rotates secrets signs with the old and the new one; more than a few is no rotation. */
const MAX_SIGNATURES = 8;
const VERSION_PREFIX = 'v1,';
/** What an unknown endpoint is checked against, so that it takes as long and fails the same. */
const NO_SECRET = 'no endpoint of this name has a secret';

export interface WebhookHeaders {
  readonly id: string;
  /** Seconds since the epoch, as sent. */
  readonly timestamp: string;
  /** `v1,<base64>`, several separated by spaces. */
  readonly signature: string;
}

export type WebhookCheck =
  | { readonly kind: 'valid' }
  | { readonly kind: 'invalid'; readonly reason: 'headers' | 'timestamp' | 'signature' };

/** Checks a delivery in constant time; `secret: undefined` (an unknown endpoint) is never valid. */
export function verifyWebhook(
  secret: string | undefined,
  headers: WebhookHeaders,
  body: Buffer,
  now: number,
): WebhookCheck {
  const { id, timestamp, signature } = headers;
  if (!/^[\x21-\x7e]{1,200}$/.test(id) || !/^\d{1,12}$/.test(timestamp))
    return { kind: 'invalid', reason: 'headers' };
  const right = webhookSignature(secret ?? NO_SECRET, id, timestamp, body);
  // As text: base64 decoders take many spellings for one signature.
  const expected = Buffer.from(`${VERSION_PREFIX}${right}`);
  const matches = signature
    .split(' ')
    .slice(0, MAX_SIGNATURES)
    .map((given) => Buffer.from(given))
    .filter((given) => given.length === expected.length && timingSafeEqual(given, expected));
  if (secret === undefined || matches.length === 0) return { kind: 'invalid', reason: 'signature' };
  if (Math.abs(now - Number(timestamp) * 1000) > WEBHOOK_TOLERANCE_MS)
    return { kind: 'invalid', reason: 'timestamp' };
  return { kind: 'valid' };
}
