import { defineError } from './define-error.ts';

export const SERVER_UNREACHABLE = defineError('SERVER_UNREACHABLE', {
  status: 503,
  retry: 'later',
  summary:
    'No Perennial server answers at the address. Start one with `perennial dev`, or set PERENNIAL_URL.',
});
export const NOT_LOGGED_IN = defineError('NOT_LOGGED_IN', {
  status: 401,
  retry: 'never',
  summary: 'The command needs a token: set PERENNIAL_TOKEN, or pass --token.',
});
export const CLI_FAULT = defineError('CLI_FAULT', {
  status: 500,
  retry: 'never',
  summary:
    "A fault of the command itself, or an answer that it does not know: its version and the server's differ.",
});
export const USAGE = defineError('USAGE', {
  status: 400,
  retry: 'never',
  summary: 'The command line is wrong; `--help` shows how it is meant.',
});
