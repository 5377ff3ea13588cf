import { describe, expect, it } from 'vitest';
import { addressBlock } from '../../../src/api/address-block.ts';
import { FailureLimiter } from '../../../src/api/failure-limiter.ts';
import type { Attempt } from '../../../src/api/failure-limiter.ts';

const HOME = '192.0.2.1';
const AWAY = '198.51.100.7';
/** A guess at the secret of a token. */
const guess = (address: string, claim: string | null, proof = 'wrong'): Attempt => ({
  address,
  claim,
  proof,
});
const failTimes = (limiter: FailureLimiter, attempt: Attempt, times: number): void => {
  for (let n = 0; n < times; n += 1) limiter.recordFailure(attempt);
};
/** Guesses at ids that are new each time, as long as it is let. @returns how many were looked at */
function guessAtNewIds(limiter: FailureLimiter, address: string, tries: number): number {
  let looked = 0;
  for (let n = 0; n < tries; n += 1) {
    const attempt = guess(address, `id${String(n)}`);
    if (limiter.retryAfterSeconds(attempt) > 0) continue;
    looked += 1;
    limiter.recordFailure(attempt);
  }
  return looked;
}

it('holds a claim back from its 20th failure until the minute is over', () => {
  let now = 0;
  const limiter = new FailureLimiter(() => now);
  failTimes(limiter, guess(HOME, 'a'), 19);
  expect(limiter.retryAfterSeconds(guess(HOME, 'a'))).toBe(0);
  failTimes(limiter, guess(HOME, 'a'), 1);
  expect(limiter.retryAfterSeconds(guess(HOME, 'a'))).toBe(60);
  now = 59_999;
  expect(limiter.retryAfterSeconds(guess(HOME, 'a'))).toBe(1);
  now = 60_000;
  expect(limiter.retryAfterSeconds(guess(HOME, 'a'))).toBe(0);
});

describe('who changes the token id at each guess', () => {
  it('gets 200 guesses a minute, not one more', () => {
    let now = 0;
    const limiter = new FailureLimiter(() => now);
    expect(guessAtNewIds(limiter, HOME, 5000)).toBe(200);
    now = 60_000;
    expect(guessAtNewIds(limiter, HOME, 5000)).toBe(200);
  });

  it('gets no more by the addresses of its own network', () => {
    const limiter = new FailureLimiter(() => 0);
    let looked = 0;
    for (let n = 1; n <= 500; n += 1) looked += guessAtNewIds(limiter, `2001:db8:1:2::${n.toString(16)}`, 10);
    expect(looked).toBe(200);
  });

  it('makes nobody forget its failures at one id', () => {
    const limiter = new FailureLimiter(() => 0);
    failTimes(limiter, guess(HOME, 'victim'), 20);
    guessAtNewIds(limiter, HOME, 12_000);
    expect(limiter.retryAfterSeconds(guess(HOME, 'victim'))).toBe(60);
  });
});

describe('an attacker locks out nobody', () => {
  it('at another address, of the very token id', () => {
    const limiter = new FailureLimiter(() => 0);
    failTimes(limiter, guess(HOME, 'a'), 20);
    guessAtNewIds(limiter, HOME, 1000);
    expect(limiter.retryAfterSeconds(guess(AWAY, 'a', 'right'))).toBe(0);
  });

  it('who shares its address, as behind one proxy, and has signed in', () => {
    const limiter = new FailureLimiter(() => 0);
    limiter.recordSuccess('right');
    failTimes(limiter, guess(HOME, 'a'), 20);
    guessAtNewIds(limiter, HOME, 1000);
    expect(limiter.retryAfterSeconds(guess(HOME, 'a', 'right'))).toBe(0);
    expect(limiter.retryAfterSeconds(guess(HOME, 'a', 'wrong'))).toBe(60);
  });

  it('by requests without a token: they guess nothing', () => {
    const limiter = new FailureLimiter(() => 0);
    failTimes(limiter, { address: HOME, claim: null, proof: null }, 1000);
    expect(limiter.retryAfterSeconds(guess(HOME, 'a'))).toBe(0);
    expect(limiter.retryAfterSeconds(guess(HOME, null))).toBe(60);
  });
});

it('holds a token back like any other once it was revoked', () => {
  const limiter = new FailureLimiter(() => 0);
  limiter.recordSuccess('revoked');
  failTimes(limiter, guess(HOME, 'a', 'revoked'), 20);
  expect(limiter.retryAfterSeconds(guess(HOME, 'a', 'revoked'))).toBe(60);
});

it('keeps working within bounded memory when ten thousand networks fail at once', () => {
  const limiter = new FailureLimiter(() => 0);
  failTimes(limiter, guess(HOME, 'first'), 20);
  for (let n = 0; n < 10_000; n += 1)
    limiter.recordFailure(guess(`10.${String(n >> 16)}.${String((n >> 8) & 255)}.${String(n & 255)}`, 'x'));
  expect(limiter.retryAfterSeconds(guess(HOME, 'first'))).toBe(0);
  failTimes(limiter, guess(AWAY, 'last'), 20);
  expect(limiter.retryAfterSeconds(guess(AWAY, 'last'))).toBe(60);
});

it('remembers the latest ten thousand who signed in', () => {
  const limiter = new FailureLimiter(() => 0);
  failTimes(limiter, guess(HOME, 'a'), 20);
  for (let n = 0; n <= 10_000; n += 1) limiter.recordSuccess(`proof${String(n)}`);
  expect(limiter.retryAfterSeconds(guess(HOME, 'a', 'proof0'))).toBe(60);
  expect(limiter.retryAfterSeconds(guess(HOME, 'a', 'proof1'))).toBe(0);
});

it.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8::6', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
])('counts %s as %s', (address, block) => {
  expect(addressBlock(address)).toBe(block);
});
