import { describe, expect, it } from 'vitest';
import { assessTrainerEnd } from '../../../src/training/assess-trainer-end.ts';

const end = { kind: 'ended', progress: null, signal: null, cancelled: false, lastLines: ['why'] } as const;

describe('the end of a trainer', () => {
  it('is success for exit code 0 only', () => {
    expect(assessTrainerEnd({ ...end, exitCode: 0 })).toBeNull();
  });

  it.each([
    [2, null, 'TRAINER_REFUSED_INPUT', 'never'],
    [75, null, 'TRAINER_ASKED_RETRY', 'later'],
    [137, null, 'TRAINER_OUT_OF_MEMORY', 'later'],
    [null, 'SIGKILL', 'TRAINER_OUT_OF_MEMORY', 'later'],
    [null, 'SIGSEGV', 'TRAINER_FAILED', 'later'],
    [139, null, 'TRAINER_FAILED', 'later'],
    [1, null, 'TRAINER_FAILED', 'later'],
    [127, null, 'TRAINER_FAILED', 'later'],
  ] as const)('is told for exit code %s and signal %s as %s, retried %s', (exitCode, signal, code, retry) => {
    const error = assessTrainerEnd({ ...end, exitCode, signal });
    expect(error).toMatchObject({ code, retry });
    expect(error?.message).toContain('why');
  });
});
