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
export const SPEC_NOT_CARRIED_OUT = defineError('SPEC_NOT_CARRIED_OUT', {
  status: 400,
  retry: 'never',
  summary:
    'The spec asks for something that this release does not carry out yet. Leave the section out, and apply it again.',
});
