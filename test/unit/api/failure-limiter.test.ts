import { expect, it } from 'vitest';
import { FailureLimiter } from '../../../src/api/failure-limiter.ts';

const failTimes = (limiter: FailureLimiter, key: string, times: number): void => {
  for (let n = 0; n < times; n += 1) limiter.recordFailure(key);
};

it('holds a key back from its 20th failure until the minute is over', () => {
  let now = 0;
  const limiter = new FailureLimiter(() => now);
  failTimes(limiter, 'a', 19);
  expect(limiter.retryAfterSeconds('a')).toBe(0);
  failTimes(limiter, 'a', 1);
  expect(limiter.retryAfterSeconds('a')).toBe(60);
  now = 59_999;
  expect(limiter.retryAfterSeconds('a')).toBe(1);
  now = 60_000;
  expect(limiter.retryAfterSeconds('a')).toBe(0);
});

it('holds nobody else back', () => {
  const limiter = new FailureLimiter(() => 0);
  failTimes(limiter, 'a', 100);
  expect(limiter.retryAfterSeconds('b')).toBe(0);
});

it('keeps working, and forgets the oldest, when ten thousand keys fail', () => {
  const limiter = new FailureLimiter(() => 0);
  failTimes(limiter, 'first', 20);
  for (let n = 0; n < 10_000; n += 1) limiter.recordFailure(`k${String(n)}`);
  expect(limiter.retryAfterSeconds('first')).toBe(0);
  failTimes(limiter, 'k9999', 20);
  expect(limiter.retryAfterSeconds('k9999')).toBe(60);
});
