import { defineError } from './define-error.ts';

export const SPEC_INVALID = defineError('SPEC_INVALID', {
  status: 400,
  retry: 'never',
  summary: 'The lifecycle spec does not fit its schema. Each problem names file, line and path.',
});
export const SPEC_UNREADABLE = defineError('SPEC_UNREADABLE', {
  status: 400,
  retry: 'never',
  summary: 'The spec, or a file that it names, cannot be read or parsed.',
});
