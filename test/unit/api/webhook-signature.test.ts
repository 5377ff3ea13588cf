import { timingSafeEqual } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { verifyWebhook } from '../../../src/api/webhook-signature.ts';
import { webhookSignature } from '../../../src/notifications/webhook-signature.ts';

vi.mock('node:crypto', { spy: true });

const SECRET = 'a secret of the tests';
const NOW = 1_800_000_000_000;
const ID = 'msg_1';
const TIMESTAMP = String(NOW / 1000);
const BODY = Buffer.from('{"model":"m","reason":"neue Blätter 🌱"}');
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

const base64 = (body: Buffer = BODY, { secret = SECRET, id = ID, timestamp = TIMESTAMP } = {}): string =>
  webhookSignature(secret, id, timestamp, body);
const digest = Buffer.from(base64(), 'base64');
const right = `v1,${base64()}`;

interface Delivery {
  readonly id?: string;
  readonly timestamp?: string;
  readonly signature?: string;
  readonly body?: Buffer;
  readonly now?: number;
}

const check = ({ id = ID, timestamp = TIMESTAMP, signature = right, body = BODY, now = NOW }: Delivery) =>
  verifyWebhook(SECRET, { id, timestamp, signature }, body, now);

/** A delivery whose signature is right for what it says; only what it says is odd. */
const signed = (parts: { id?: string; timestamp?: string; body?: Buffer }): Delivery => ({
  ...parts,
  signature: `v1,${base64(parts.body ?? BODY, parts)}`,
});

it('is the HMAC-SHA256 of id.timestamp.body', () => {
  // Computed with: printf 'msg_1.1800000000.{"model":"m"}' | openssl dgst -sha256 -hmac secret -binary | base64
  expect(webhookSignature('secret', ID, TIMESTAMP, Buffer.from('{"model":"m"}'))).toBe(
    'UxXl+/YdFZ9oOR+JnqDFq+sxHnVIXXUbMYz5UQMr4qM=',
  );
});

it('takes a secret as Standard Webhooks hands them out, by the example that it publishes', () => {
  const headers = {
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    timestamp: '1614265330',
    signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  };
  const body = Buffer.from('{"test": 2432232314}');
  const at = 1_614_265_330_000;
  expect(verifyWebhook('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', headers, body, at)).toEqual({
    kind: 'valid',
  });
  expect(verifyWebhook('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', headers, body, at)).toMatchObject({
    kind: 'invalid',
  });
});

it('is compared in a time that does not tell how much of it is right', () => {
  const compare = vi.mocked(timingSafeEqual).mockClear();
  const wrong = `v1,${base64(BODY, { secret: 'another secret' })}`;
  expect(check({ signature: wrong })).toMatchObject({ kind: 'invalid' });
  expect(compare.mock.calls.map((sides) => sides.map(String))).toEqual([[wrong, right]]);
});

describe('a delivery is taken', () => {
  const cases: [string, Delivery][] = [
    ['as it was signed', {}],
    ['with an empty body', signed({ body: Buffer.alloc(0) })],
    ['with a body that is no text', signed({ body: Buffer.from([0xff, 0x00, 0xfe, 0x80]) })],
    ['with a byte order mark that was signed', signed({ body: Buffer.concat([BOM, BODY]) })],
    ['with an id of 200 characters', signed({ id: 'i'.repeat(200) })],
    ['with dots in its id', signed({ id: 'a.b.c' })],
    ['exactly five minutes late', { now: NOW + 300_000 }],
    ['exactly five minutes early', { now: NOW - 300_000 }],
    ['with the right signature after one of an old secret', { signature: `v1,${'A'.repeat(43)}= ${right}` }],
    ['with the right signature before one of a scheme to come', { signature: `${right} v2,${base64()}` }],
    ['with the right signature as the eighth', { signature: `${'v1,AAAA '.repeat(7)}${right}` }],
    ['with a space after its signature', { signature: `${right} ` }],
  ];
  it.each(cases)('%s', (_what, delivery) => {
    expect(check(delivery)).toEqual({ kind: 'valid' });
  });
});

describe('a delivery is refused for its headers', () => {
  const cases: [string, Delivery][] = [
    ['without an id', signed({ id: '' })],
    ['with an id of 201 characters', signed({ id: 'i'.repeat(201) })],
    ['with an id that was sent twice, as proxies join them', signed({ id: 'msg_1, msg_1' })],
    ['with a line break in its id', signed({ id: 'msg\r\n1' })],
    ['with a NUL in its id', signed({ id: 'msg\0' })],
    ['with an id beyond ASCII', signed({ id: 'größe' })],
    ['without a timestamp', signed({ timestamp: '' })],
    ['with a timestamp that is no number', signed({ timestamp: 'NaN' })],
    ['with a word for a timestamp', signed({ timestamp: 'now' })],
    ['with a date for a timestamp', signed({ timestamp: '2027-01-15T08:00:00Z' })],
    ['with a negative timestamp', signed({ timestamp: `-${TIMESTAMP}` })],
    ['with a signed timestamp', signed({ timestamp: `+${TIMESTAMP}` })],
    ['with a fraction in its timestamp', signed({ timestamp: `${TIMESTAMP}.5` })],
    ['with an exponent in its timestamp', signed({ timestamp: '18e8' })],
    ['with a hexadecimal timestamp', signed({ timestamp: '0x6B49D200' })],
    ['with a timestamp in milliseconds', signed({ timestamp: String(NOW) })],
    ['with a timestamp that was sent twice', signed({ timestamp: `${TIMESTAMP}, ${TIMESTAMP}` })],
    ['with space around its timestamp', signed({ timestamp: ` ${TIMESTAMP}` })],
    ['with digits of another script in its timestamp', signed({ timestamp: '١٨٠٠٠٠٠٠٠٠' })],
    ['with a timestamp too long for a date', signed({ timestamp: '9'.repeat(400) })],
  ];
  it.each(cases)('%s', (_what, delivery) => {
    expect(check(delivery)).toEqual({ kind: 'invalid', reason: 'headers' });
  });
});

describe('a delivery is refused for its time', () => {
  const cases: [string, Delivery][] = [
    ['a millisecond more than five minutes late', { now: NOW + 300_001 }],
    ['a millisecond more than five minutes early', { now: NOW - 300_001 }],
    ['signed a second too early', signed({ timestamp: String(NOW / 1000 - 301) })],
    ['signed a second too late', signed({ timestamp: String(NOW / 1000 + 301) })],
    ['from the far future', signed({ timestamp: '999999999999' })],
    ['from the year 1970', signed({ timestamp: '0' })],
  ];
  it.each(cases)('%s', (_what, delivery) => {
    expect(check(delivery)).toEqual({ kind: 'invalid', reason: 'timestamp' });
  });
});

describe('a delivery is refused for its signature', () => {
  const cases: [string, Delivery][] = [
    ['none', { signature: '' }],
    ['spaces', { signature: '   ' }],
    ['its prefix alone', { signature: 'v1,' }],
    ['no prefix', { signature: base64() }],
    ['the prefix of another scheme', { signature: right.replace('v1,', 'v2,') }],
    ['the prefix of asymmetric keys', { signature: right.replace('v1,', 'v1a,') }],
    ['a prefix in upper case', { signature: right.replace('v1,', 'V1,') }],
    ['a prefix as other products write it', { signature: `sha256=${digest.toString('hex')}` }],
    ['in hexadecimal digits', { signature: `v1,${digest.toString('hex')}` }],
    ['in base64url', { signature: `v1,${digest.toString('base64url')}` }],
    ['in base64 without its padding', { signature: right.replace(/=+$/, '') }],
    ['in base64 with more padding', { signature: `${right}=` }],
    ['in upper case', { signature: `v1,${base64().toUpperCase()}` }],
    ['as bytes', { signature: `v1,${digest.toString('latin1')}` }],
    ['cut by a character', { signature: right.slice(0, -1) }],
    ['longer by a character', { signature: `${right}A` }],
    ['very long', { signature: right.repeat(1000) }],
    ['with its last bit changed', { signature: right.replace(/.=$/, (end) => (end === 'A=' ? 'B=' : 'A=')) }],
    ['with a space inside', { signature: `${right.slice(0, 20)} ${right.slice(20)}` }],
    ['with a tab before', { signature: `\t${right}` }],
    ['several, separated by commas', { signature: `${right},${right}` }],
    ['sent twice, as proxies join them: the first has a comma', { signature: `${right}, v1,AAAA` }],
    ['the right one as the ninth', { signature: `${'v1,AAAA '.repeat(8)}${right}` }],
    ['of another id', { id: 'msg_2' }],
    ['of another time', { timestamp: String(NOW / 1000 - 1) }],
    ['of another endpoint', { signature: `v1,${base64(BODY, { secret: 'a secret of another endpoint' })}` }],
    ['with the dot moved between id and time', { id: 'msg_1.1', timestamp: TIMESTAMP.slice(1) }],
  ];
  it.each(cases)('%s', (_what, delivery) => {
    expect(check(delivery)).toEqual({ kind: 'invalid', reason: 'signature' });
  });

  const changed = Buffer.from(BODY);
  changed[changed.length - 3] = (changed[changed.length - 3] ?? 0) ^ 1;
  const bodies: [string, Buffer][] = [
    ['another body', Buffer.from('{"model":"other"}')],
    ['a body with one bit changed', changed],
    ['a body cut by a byte', BODY.subarray(0, -1)],
    ['no body', Buffer.alloc(0)],
    ['a body with a line break more', Buffer.concat([BODY, Buffer.from('\n')])],
    ['a body with a byte order mark', Buffer.concat([BOM, BODY])],
    ['a body in another encoding', Buffer.from(BODY.toString('utf8'), 'utf16le')],
    ['a body in Latin-1', Buffer.from('{"model":"m","reason":"neue Blätter"}', 'latin1')],
    ['a body with its letters decomposed', Buffer.from(BODY.toString('utf8').normalize('NFD'))],
    ['a body with its letters escaped', Buffer.from('{"model":"m","reason":"neue Bl\\u00e4tter 🌱"}')],
    ['a body whose JSON was ordered', Buffer.from('{"reason":"neue Blätter 🌱","model":"m"}')],
    ['a body whose JSON was spaced', Buffer.from('{ "model": "m", "reason": "neue Blätter 🌱" }')],
  ];
  it.each(bodies)('of %s', (_what, body) => {
    expect(check({ body })).toEqual({ kind: 'invalid', reason: 'signature' });
  });

  it('without a secret, also of the stand-in that keeps the time equal', () => {
    const standIn = 'no endpoint of this name has a secret';
    const signature = `v1,${base64(BODY, { secret: standIn })}`;
    const headers = { id: ID, timestamp: TIMESTAMP, signature };
    expect(verifyWebhook(undefined, headers, BODY, NOW)).toEqual({ kind: 'invalid', reason: 'signature' });
  });
});
