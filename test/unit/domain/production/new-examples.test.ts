import { describe, expect, it } from 'vitest';
import {
  beginWait,
  describeWait,
  looked,
  untilNextLook,
} from '../../../../src/domain/production/new-examples.ts';
import { ADA, trigger } from '../../../workflows/builders.ts';

const NOON = Date.UTC(2026, 4, 1, 12);
const MINUTE = 60_000;
const DAY = 86_400_000;
const wait = beginWait({ min: 3_000, maxWait: 60 * MINUTE }, NOON - MINUTE, NOON);
const ada = trigger('t', { requestedBy: ADA, reason: 'the fair opens' });

describe('a wait for new examples', () => {
  it('goes on until there are enough to train on, whatever is held out', () => {
    expect(looked(wait, { training: 2_999, heldOut: 9_000 }, null, NOON).end).toBeNull();
    expect(looked(wait, { training: 3_000, heldOut: 0 }, null, NOON).end).toEqual({ kind: 'enough' });
  });

  it('ends with what there is for somebody who wants a version now', () => {
    const ended = looked(wait, { training: 5, heldOut: 0 }, ada, NOON);
    expect(ended.end).toEqual({ kind: 'asked', by: 'ada', reason: 'the fair opens' });
  });

  it('ends by time only with a look that began when the time was over', () => {
    const count = { training: 5, heldOut: 0 };
    expect(looked(wait, count, null, wait.until - 1).end).toBeNull();
    expect(looked(wait, count, null, wait.until).end).toEqual({ kind: 'max_wait' });
  });

  it.each([
    ['a second at the least', 10_000, null, NOON, 1_000],
    ['a hundredth of the whole wait', 14 * DAY, null, NOON, 14 * DAY * 0.01],
    ['as often as the sources are read anyway', 60 * MINUTE, 5 * MINUTE, NOON, 5 * MINUTE],
    ['when the time is over, whatever the rest', 60 * MINUTE, DAY, NOON, 60 * MINUTE],
    ['at once when the time ran out during a look', 60 * MINUTE, null, NOON + 61 * MINUTE, 1],
  ])('looks again after %s', (_what, maxWait, refreshEveryMs, now, expected) => {
    const begun = beginWait({ min: 1, maxWait }, NOON, NOON);
    expect(untilNextLook(begun, { maxWait, refreshEveryMs }, now)).toBe(expected);
  });

  it.each([
    [
      null,
      NOON,
      1_200,
      'waits for 1,200 of 3,000 new examples to train on since 2026-05-01 11:59:00 UTC (40 are held out), at most until 2026-05-01 13:00:00 UTC',
    ],
    [
      null,
      NOON,
      3_400,
      '3,400 new examples to train on since 2026-05-01 11:59:00 UTC (40 are held out), at least 3,000 were wanted',
    ],
    [
      null,
      NOON + DAY,
      1_200,
      '1,200 of 3,000 new examples to train on since 2026-05-01 11:59:00 UTC (40 are held out): no more came within maxWait',
    ],
    [
      ada,
      NOON,
      1_200,
      '1,200 of 3,000 new examples to train on since 2026-05-01 11:59:00 UTC (40 are held out): ada wanted a version now (the fair opens)',
    ],
  ])('is told in plain words', (wanted, now, training, expected) => {
    expect(describeWait(looked(wait, { training, heldOut: 40 }, wanted, now))).toBe(expected);
  });
});
