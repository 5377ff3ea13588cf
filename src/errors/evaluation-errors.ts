import { defineError } from './define-error.ts';

export const EVALUATION_INPUT_INVALID = defineError('EVALUATION_INPUT_INVALID', {
  status: 422,
  retry: 'never',
  summary:
    'The model, the holdout and the spec do not fit together: an output, a column or a feature is missing, or a score is not a finite number.',
});
export const EVALUATION_NOT_FOUND = defineError('EVALUATION_NOT_FOUND', {
  status: 404,
  retry: 'never',
  summary: 'The version has not been evaluated yet, so that no gate can judge it.',
});
export const RECOMMENDATIONS_TOO_LARGE = defineError('RECOMMENDATIONS_TOO_LARGE', {
  status: 422,
  retry: 'never',
  summary:
    'Entities times candidates is more than an evaluation scores. Let the `entities` query draw a sample.',
});
