import { describe, expect, it } from 'vitest';
import { cronProblem, timezoneProblem } from '../../../src/spec/check-schedule.ts';
import { CRONS, TIMEZONES } from './schedules-given.ts';

describe('a cron expression', () => {
  it.each(CRONS.taken)('%s is taken', (cron) => {
    expect(cronProblem(cron)).toBeNull();
  });

  it.each([...CRONS.refused, '', '0 3 * *', '0 0 3 * * *', '@daily', 'TZ=UTC 0 3 * * *'])(
    '%s is refused',
    (cron) => {
      expect(cronProblem(cron)).not.toBeNull();
    },
  );

  it('is told what is wrong with it', () => {
    expect(cronProblem('0 25 * * *')).toBe(
      '"25" is no hour: give 0 to 23, a range such as 0-23, a step such as */2, or *',
    );
    expect(cronProblem('0 3 * *')).toMatch(/has 4 fields.*five: minute, hour,/);
  });
});

describe('a time zone', () => {
  it.each(TIMEZONES.taken)('%s is taken', (timezone) => {
    expect(timezoneProblem(timezone)).toBeNull();
  });

  it.each([...TIMEZONES.refused, ''])('%s is refused', (timezone) => {
    expect(timezoneProblem(timezone)).not.toBeNull();
  });

  it('is told how it is spelt', () => {
    expect(timezoneProblem('europe/berlin')).toMatch(/did you mean "Europe\/Berlin"/);
  });
});
