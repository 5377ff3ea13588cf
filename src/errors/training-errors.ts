import { defineError } from './define-error.ts';

export const BUNDLE_INVALID = defineError('BUNDLE_INVALID', {
  status: 400,
  retry: 'never',
  summary:
    'A bundle of code or of a checkpoint is damaged, holds a path outside its folder, or holds something that is neither a file nor a folder.',
});
export const RUN_CONFLICT = defineError('RUN_CONFLICT', {
  status: 409,
  retry: 'never',
  summary: 'A run of that id exists for another version or frame. Run ids are never used twice.',
});
export const RUN_NOT_FOUND = defineError('RUN_NOT_FOUND', {
  status: 404,
  retry: 'never',
  summary: 'There is no training run of that id.',
});
export const TRAINER_COMMAND_INVALID = defineError('TRAINER_COMMAND_INVALID', {
  status: 400,
  retry: 'never',
  summary:
    "The trainer's program cannot be started on this worker, or a variable that the spec allows is not set here.",
});
export const TRAINER_REFUSED_INPUT = defineError('TRAINER_REFUSED_INPUT', {
  status: 422,
  retry: 'never',
  summary: 'The trainer ended with exit code 2: this input cannot be trained on. Its last lines say why.',
});
export const TRAINER_ASKED_RETRY = defineError('TRAINER_ASKED_RETRY', {
  status: 503,
  retry: 'later',
  summary: 'The trainer ended with exit code 75: a passing trouble, it asks to be run again.',
});
export const TRAINER_FAILED = defineError('TRAINER_FAILED', {
  status: 500,
  retry: 'later',
  summary: 'The trainer crashed or ended with an exit code that has no meaning in the contract.',
});
export const TRAINER_OUT_OF_MEMORY = defineError('TRAINER_OUT_OF_MEMORY', {
  status: 500,
  retry: 'later',
  summary:
    'The trainer was killed from outside, as the kernel does when memory runs out. Ask for more memory or train on less data.',
});
export const TRAINER_HUNG = defineError('TRAINER_HUNG', {
  status: 500,
  retry: 'later',
  summary:
    'The trainer reported no progress for `progressTimeout` and was stopped. The next attempt resumes from its last checkpoint.',
});
export const TRAINER_TIMEOUT = defineError('TRAINER_TIMEOUT', {
  status: 500,
  retry: 'never',
  summary: 'The trainer ran longer than `timeout` and was stopped. Raise the limit, or train on less.',
});
export const TRAINER_RESULT_INVALID = defineError('TRAINER_RESULT_INVALID', {
  status: 422,
  retry: 'never',
  summary:
    'The trainer ended well, but result.json or the model file does not fit the contract; every problem is listed.',
});

export const TRAINER_ATTEMPTS_SPENT = defineError('TRAINER_ATTEMPTS_SPENT', {
  status: 422,
  retry: 'never',
  summary:
    'The trainer itself has failed as often as training.trainer.maxAttempts allows. Workers that died are not counted.',
});
