import { isServiceVariable } from '../contracts/spec/names.ts';
import { PerennialError } from '../errors/define-error.ts';
import { TRAINER_COMMAND_INVALID } from '../errors/training-errors.ts';

export interface TrainerEnvironmentInput {
  /** The worker's environment; only what is named below is taken from it. */
  readonly worker: Readonly<Record<string, string | undefined>>;
  /** Names that the spec lets through. */
  readonly allowed: readonly string[];
  readonly home: string;
  readonly temporaryDirectory: string;
  readonly inputFile: string;
  readonly cpus: number;
  readonly gpus: readonly string[];
  readonly seed: number;
}

const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin';

/**
 * The whole environment of a trainer. Nothing of the worker's leaks in but PATH, LANG and the names that the spec allows.
 * Python is told not to buffer, as progress must arrive when it is made, and to hash alike under one seed.
 * @throws PerennialError TRAINER_COMMAND_INVALID when an allowed variable is not set on this worker, or the service's own.
 */
export function trainerEnvironment(input: TrainerEnvironmentInput): Record<string, string> {
  const own = input.allowed.filter(isServiceVariable);
  if (own.length > 0)
    throw new PerennialError(
      TRAINER_COMMAND_INVALID,
      `the spec lets the trainer see ${own.join(', ')}, which the service itself runs on; take it out of training.trainer.environment, and give the trainer a variable of its own`,
    );
  const missing = input.allowed.filter((name) => input.worker[name] === undefined);
  if (missing.length > 0)
    throw new PerennialError(
      TRAINER_COMMAND_INVALID,
      `the spec lets the trainer see ${missing.join(', ')}, which this training worker does not have; set it there or take it out of training.trainer.environment`,
    );
  const allowed = Object.fromEntries(input.allowed.map((name) => [name, input.worker[name] ?? '']));
  return {
    ...allowed,
    PATH: input.worker['PATH'] ?? DEFAULT_PATH,
    LANG: input.worker['LANG'] ?? 'C.UTF-8',
    HOME: input.home,
    TMPDIR: input.temporaryDirectory,
    PERENNIAL_INPUT: input.inputFile,
    OMP_NUM_THREADS: String(Math.max(1, Math.ceil(input.cpus))),
    // Idle OpenMP threads sleep instead of spinning on cores that other work needs.
    OMP_WAIT_POLICY: 'passive',
    CUDA_VISIBLE_DEVICES: input.gpus.join(','),
    PYTHONUNBUFFERED: '1',
    PYTHONHASHSEED: String(input.seed % 2 ** 32),
  };
}
