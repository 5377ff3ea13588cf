import { createHmac } from 'node:crypto';

const ENCODED = /^whsec_([A-Za-z0-9+/]+={0,2})$/;

/** The key of a secret: `whsec_` and base64, as Standard Webhooks hands them out, or the text as it is. */
function keyOf(secret: string): Buffer {
  const encoded = ENCODED.exec(secret)?.[1];
  return encoded === undefined ? Buffer.from(secret, 'utf8') : Buffer.from(encoded, 'base64');
}

/** The HMAC-SHA256 of `id.timestamp.body`, in base64, as the Standard Webhooks scheme has it: both ways. */
export function webhookSignature(
  secret: string,
  id: string,
  timestamp: string,
  body: Buffer | string,
): string {
  return createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.`).update(body).digest('base64');
}
