import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { FRAME_TOO_SMALL } from '../../../src/errors/data-errors.ts';
import { PerennialError } from '../../../src/errors/define-error.ts';
import { DEPENDENCY_UNAVAILABLE } from '../../../src/errors/lifecycle-errors.ts';
import { toApplicationFailure, wrapActivities } from '../../../src/platform/activity-errors.ts';

describe('coded errors on their way into Temporal', () => {
  it('carry their code, and are retried only when that can help', () => {
    const never = toApplicationFailure(new PerennialError(FRAME_TOO_SMALL, 'two rows')) as ApplicationFailure;
    expect([never.type, never.nonRetryable, never.message]).toEqual(['FRAME_TOO_SMALL', true, 'two rows']);
    const later = toApplicationFailure(
      new PerennialError(DEPENDENCY_UNAVAILABLE, 'S3'),
    ) as ApplicationFailure;
    expect([later.type, later.nonRetryable]).toEqual(['DEPENDENCY_UNAVAILABLE', false]);
  });

  it('carry problems and details, but no cause, which may hold what is not for a history', () => {
    const cause = new Error('postgres://user:secret@host');
    const error = new PerennialError(FRAME_TOO_SMALL, 'x', {
      problems: [{ message: 'p' }],
      details: { n: 1 },
      cause,
    });
    const failure = toApplicationFailure(error) as ApplicationFailure;
    expect(failure.details).toEqual([{ status: 409, problems: [{ message: 'p' }], details: { n: 1 } }]);
    expect(JSON.stringify(failure)).not.toContain('secret');
    expect(failure.cause).toBeUndefined();
  });

  it('leave unknown errors and results as they are', async () => {
    const broken = new Error('broken');
    const activities = wrapActivities({
      fine: async (x: number) => x + 1,
      fails: async () => Promise.reject(broken),
      coded: async () => Promise.reject(new PerennialError(FRAME_TOO_SMALL, 'x')),
    });
    expect(await activities.fine(1)).toBe(2);
    await expect(activities.fails()).rejects.toBe(broken);
    await expect(activities.coded()).rejects.toBeInstanceOf(ApplicationFailure);
  });
});
