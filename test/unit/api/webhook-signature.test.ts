import { describe, expect, it } from 'vitest';
import { verifyWebhook } from '../../../src/api/webhook-signature.ts';
import { webhookSignature } from '../../../src/notifications/webhook-signature.ts';

const NOW = 1_800_000_000_000;
const TIMESTAMP = String(NOW / 1000);
const body = Buffer.from('{"model":"m"}');
const headers = (signature: string, timestamp = TIMESTAMP) => ({ id: 'msg_1', timestamp, signature });
const right = `v1,${webhookSignature('secret', 'msg_1', TIMESTAMP, body)}`;

describe('a webhook signature', () => {
  it('is the HMAC-SHA256 of id.timestamp.body', () => {
    // Computed with: printf 'msg_1.1800000000.{"model":"m"}' | openssl dgst -sha256 -hmac secret -binary | base64
    expect(webhookSignature('secret', 'msg_1', TIMESTAMP, body)).toBe(
      'UxXl+/YdFZ9oOR+JnqDFq+sxHnVIXXUbMYz5UQMr4qM=',
    );
  });

  it('holds for five minutes in both directions, to the second', () => {
    for (const [offsetMs, kind] of [
      [0, 'valid'],
      [300_000, 'valid'],
      [-300_000, 'valid'],
      [300_001, 'invalid'],
      [-300_001, 'invalid'],
    ] as const)
      expect(verifyWebhook('secret', headers(right), body, NOW + offsetMs).kind).toBe(kind);
  });

  it('is never valid without a secret, not even for the stand-in that keeps the time equal', () => {
    const standIn = 'no endpoint of this name has a secret';
    const forged = `v1,${webhookSignature(standIn, 'msg_1', TIMESTAMP, body)}`;
    expect(verifyWebhook(undefined, headers(forged), body, NOW)).toEqual({
      kind: 'invalid',
      reason: 'signature',
    });
  });

  it('looks at eight signatures at most', () => {
    const wrong = Array.from({ length: 8 }, () => 'v1,AAAA').join(' ');
    expect(verifyWebhook('secret', headers(`${wrong} ${right}`), body, NOW).kind).toBe('invalid');
    expect(verifyWebhook('secret', headers(`v1,AAAA ${right}`), body, NOW).kind).toBe('valid');
  });
});
