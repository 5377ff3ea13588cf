import { PerennialError } from '../errors/define-error.ts';
import type { ErrorDefinition } from '../errors/define-error.ts';
import {
  TRAINER_ASKED_RETRY,
  TRAINER_FAILED,
  TRAINER_OUT_OF_MEMORY,
  TRAINER_REFUSED_INPUT,
} from '../errors/training-errors.ts';
import type { TrainerStatus } from './training-executor.ts';

type Ended = Extract<TrainerStatus, { kind: 'ended' }>;

const EXIT_REFUSED_INPUT = 2;
/** EX_TEMPFAIL of sysexits.h. */
const EXIT_TRY_AGAIN = 75;
const EXIT_NOT_EXECUTABLE = 126;
const EXIT_NOT_FOUND = 127;
/** Shells report a signal as 128 + its number. */
const SIGNAL_EXITS: Readonly<Record<number, string>> = {
  132: 'SIGILL',
  134: 'SIGABRT',
  135: 'SIGBUS',
  136: 'SIGFPE',
  137: 'SIGKILL',
  139: 'SIGSEGV',
  143: 'SIGTERM',
};
const MAX_LINES = 8;
const MAX_CHARS = 2_000;

/** What the end of a trainer means: null for success, else the error to throw. Nobody has cancelled it. */
export function assessTrainerEnd(end: Ended): PerennialError | null {
  if (end.exitCode === 0) return null;
  const signal = end.signal ?? (end.exitCode === null ? null : (SIGNAL_EXITS[end.exitCode] ?? null));
  const [definition, what] = classify(end.exitCode, signal);
  const said = end.lastLines.slice(-MAX_LINES).join('\n').slice(-MAX_CHARS);
  const lines = said === '' ? 'it wrote nothing' : `its last lines:\n${said}`;
  return new PerennialError(definition, `${what}; ${lines}`, {
    details: { exitCode: end.exitCode, signal, progress: end.progress },
  });
}

function classify(exitCode: number | null, signal: string | null): [ErrorDefinition, string] {
  if (signal === 'SIGKILL')
    return [TRAINER_OUT_OF_MEMORY, 'the trainer was killed (SIGKILL), most likely for want of memory'];
  if (signal !== null) return [TRAINER_FAILED, `the trainer was ended by ${signal}`];
  switch (exitCode) {
    case EXIT_REFUSED_INPUT:
      return [TRAINER_REFUSED_INPUT, 'the trainer refused its input (exit code 2)'];
    case EXIT_TRY_AGAIN:
      return [TRAINER_ASKED_RETRY, 'the trainer asks to be run again (exit code 75)'];
    case EXIT_NOT_EXECUTABLE:
    case EXIT_NOT_FOUND:
      return [
        TRAINER_FAILED,
        `the trainer could not start a program of its own (exit code ${String(exitCode)})`,
      ];
    default:
      return [TRAINER_FAILED, `the trainer failed with exit code ${String(exitCode)}`];
  }
}
