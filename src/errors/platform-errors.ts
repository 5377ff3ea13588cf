import { defineError } from './define-error.ts';

export const CONFIG_INVALID = defineError('CONFIG_INVALID', {
  status: 500,
  retry: 'never',
  summary:
    'Environment variables are missing or malformed; every one of them is listed with what is allowed.',
});
export const STACK_BINARY_MISSING = defineError('STACK_BINARY_MISSING', {
  status: 500,
  retry: 'never',
  summary:
    'A server that the embedded stack needs is not installed here. Run `node scripts/setup.mjs`, or name an outside one.',
});
export const STACK_START_FAILED = defineError('STACK_START_FAILED', {
  status: 500,
  retry: 'later',
  summary: 'A process of the embedded stack ended or stayed silent at its start. Its log says why.',
});
export const STACK_STATE_INVALID = defineError('STACK_STATE_INVALID', {
  status: 500,
  retry: 'never',
  summary:
    'stack.json in the data directory cannot be read. Mend it, or remove the data directory to start clean.',
});
export const STACK_ALREADY_RUNNING = defineError('STACK_ALREADY_RUNNING', {
  status: 409,
  retry: 'never',
  summary:
    'Another process runs a stack in this data directory. Stop it, or choose another PERENNIAL_DATA_DIR.',
});
export const PORT_TAKEN = defineError('PORT_TAKEN', {
  status: 409,
  retry: 'never',
  summary:
    'A port that was asked for by name is in use. Free it, or leave the variable out to have one chosen.',
});
