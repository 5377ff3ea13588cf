import type { TrainerProgress } from '../contracts/trainer.ts';

/** A program to run, with everything resolved: nothing is looked up in the worker's own environment any more. */
export interface TrainerCommand {
  /** Unique per attempt. Starting the same id twice attaches to what is running. */
  readonly id: string;
  readonly command: readonly string[];
  readonly workingDirectory: string;
  /** The whole environment of the program. */
  readonly environment: Readonly<Record<string, string>>;
  /** Appended to; bounded per attempt. */
  readonly logPath: string;
  /** Texts that must not reach the log or a message. */
  readonly secrets: readonly string[];
  /** From SIGTERM to SIGKILL. */
  readonly graceTimeMs: number;
}

export type TrainerStatus =
  | { readonly kind: 'running'; readonly progress: TrainerProgress['progress'] | null }
  | {
      readonly kind: 'ended';
      readonly progress: TrainerProgress['progress'] | null;
      /** null when a signal ended it. */
      readonly exitCode: number | null;
      readonly signal: string | null;
      /** Whether `cancel` had been asked for before it ended. */
      readonly cancelled: boolean;
      /** The last lines of stderr, or of stdout when stderr is empty, with secrets masked. */
      readonly lastLines: readonly string[];
    };

/** Where trainers run: as a process of the worker, or elsewhere. Every call may be repeated. */
export interface TrainingExecutor {
  /** @throws PerennialError TRAINER_COMMAND_INVALID when the program cannot be started. */
  start(command: TrainerCommand): Promise<void>;
  /** Answers at once, or when the trainer ends or progresses, at the latest after `waitMs`. */
  poll(id: string, waitMs: number): Promise<TrainerStatus>;
  /** Asks it to checkpoint and go, and kills it after the grace time. Resolves when it has ended. */
  cancel(id: string): Promise<TrainerStatus>;
}
