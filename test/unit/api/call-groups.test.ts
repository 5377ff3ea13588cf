import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CallGroups } from '../../../src/api/call-groups.ts';

const LIMITS = { maxUnderWay: 2, maxCalls: 3, paceMs: 50 } as const;

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'setImmediate', 'performance'] }));
afterEach(() => vi.useRealTimers());

/** Groups whose answers the test gives. */
function heldGroups() {
  const sent: { calls: readonly string[]; waitedMs: number; end: (error?: Error) => void }[] = [];
  const groups = new CallGroups<string, string>(
    (calls, waitedMs) =>
      new Promise((resolve, reject) => {
        const end = (error?: Error) =>
          error === undefined ? resolve(calls.map((call) => call.toUpperCase())) : reject(error);
        sent.push({ calls, waitedMs, end });
      }),
    LIMITS,
  );
  return { groups, sent, calls: () => sent.map((group) => group.calls.join('')) };
}

it('sends a call that follows a quiet while at once, together with those of the same moment', async () => {
  const { groups, sent, calls } = heldGroups();
  const answers = Promise.all([groups.ask('a'), groups.ask('b')]);
  expect(calls()).toEqual([]);
  await vi.advanceTimersByTimeAsync(0);
  expect(calls()).toEqual(['ab']);
  sent[0]?.end();
  expect(await answers).toEqual(['A', 'B']);
  expect(groups.idle).toBe(true);
});

it('keeps the pace: what comes meanwhile goes together, also when the group before it was answered', async () => {
  const { groups, sent, calls } = heldGroups();
  const first = groups.ask('a');
  await vi.advanceTimersByTimeAsync(0);
  sent[0]?.end();
  await first;
  const next = [groups.ask('b')];
  await vi.advanceTimersByTimeAsync(30);
  next.push(groups.ask('c'));
  await vi.advanceTimersByTimeAsync(19);
  expect(calls()).toEqual(['a']);
  await vi.advanceTimersByTimeAsync(1);
  expect(calls()).toEqual(['a', 'bc']);
  expect(sent[1]?.waitedMs).toBe(50);
  sent[1]?.end();
  expect(await Promise.all(next)).toEqual(['B', 'C']);
});

it('has no more groups under way, and no more calls in one, than its limits say, and forgets none', async () => {
  const { groups, sent, calls } = heldGroups();
  const answers = Promise.all([...'abcdefgh'].map((call) => groups.ask(call)));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(calls()).toEqual(['abc', 'def']);
  sent[1]?.end();
  await vi.advanceTimersByTimeAsync(0);
  expect(calls()).toEqual(['abc', 'def', 'gh']);
  sent[0]?.end();
  sent[2]?.end();
  expect((await answers).join('')).toBe('ABCDEFGH');
});

it('fails the calls of a group that failed, and no others', async () => {
  const { groups, sent } = heldGroups();
  const lost = [groups.ask('a'), groups.ask('b')];
  const failures = Promise.allSettled(lost);
  await vi.advanceTimersByTimeAsync(0);
  sent[0]?.end(new Error('no database'));
  expect(await failures).toMatchObject(lost.map(() => ({ reason: { message: 'no database' } })));
  const later = groups.ask('c');
  await vi.advanceTimersByTimeAsync(LIMITS.paceMs);
  sent[1]?.end();
  expect(await later).toBe('C');
});

it('fails a call that its group forgot to answer', async () => {
  const groups = new CallGroups<string, string>(async (calls) => calls.slice(1), LIMITS);
  const answers = Promise.allSettled([groups.ask('a'), groups.ask('b')]);
  await vi.advanceTimersByTimeAsync(0);
  expect((await answers).map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
});
