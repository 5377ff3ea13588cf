import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import type { TrainerProgress } from '../contracts/trainer.ts';
import { PerennialError } from '../errors/define-error.ts';
import { TRAINER_HUNG, TRAINER_TIMEOUT } from '../errors/training-errors.ts';
import type { Logger } from '../platform/logger.ts';
import { assessTrainerEnd } from './assess-trainer-end.ts';
import { newestCheckpoint, storeCheckpoint } from './checkpoints.ts';
import type { StoredCheckpoint } from './checkpoints.ts';
import type { TrainingExecutor } from './training-executor.ts';

const POLL_MS = 500;
const CHECKPOINT_SCAN_MS = 5_000;
const HEARTBEAT_EVERY_MS = 5_000;
const MAX_METRICS = 20;

/** What a heartbeat carries: shown to people, and what the next attempt resumes from. */
export interface TrainingHeartbeat {
  readonly step: number | null;
  readonly totalSteps: number | null;
  readonly etaSeconds: number | null;
  readonly metrics: Readonly<Record<string, number>>;
  readonly checkpoint: StoredCheckpoint | null;
}

/** One attempt of a run, as Temporal's activity context gives it. */
export interface AttemptHost {
  /** Counts from 1. */
  readonly attempt: number;
  /** Details of the last heartbeat of the attempt before. */
  readonly lastHeartbeat: TrainingHeartbeat | null;
  heartbeat(details: TrainingHeartbeat): void;
  /** Aborted when the activity is cancelled or the worker shuts down; its reason is what to throw. */
  readonly signal: AbortSignal;
}

const EMPTY_HEARTBEAT: TrainingHeartbeat = {
  step: null,
  totalSteps: null,
  etaSeconds: null,
  metrics: {},
  checkpoint: null,
};

/** Beats also while nothing is new: during downloads, uploads and the grace time. */
export async function withHeartbeats<T>(
  host: AttemptHost,
  work: (host: AttemptHost) => Promise<T>,
): Promise<T> {
  let last: TrainingHeartbeat | null = host.lastHeartbeat;
  const beat = () => host.heartbeat(last ?? EMPTY_HEARTBEAT);
  const timer = setInterval(beat, HEARTBEAT_EVERY_MS);
  try {
    return await work({
      ...host,
      heartbeat: (details) => {
        last = details;
        beat();
      },
    });
  } finally {
    clearInterval(timer);
  }
}

export interface SupervisionLimits {
  /** Of `performance.now()`, as all times here: a wall clock that is set must not end a training. */
  readonly stopAt: number;
  readonly progressTimeoutMs: number;
}

/**
 * Watches one trainer to its end: progress and whole checkpoints become heartbeats, checkpoints go to the store.
 * Returns when it ended well.
 * @throws PerennialError TRAINER_* by the way it ended, TRAINER_HUNG, TRAINER_TIMEOUT; the signal's reason when cancelled.
 */
export async function superviseTrainer(
  parts: { readonly executor: TrainingExecutor; readonly store: ArtifactStore; readonly log: Logger },
  trainer: { readonly id: string; readonly checkpointDir: string },
  limits: SupervisionLimits,
  host: AttemptHost,
): Promise<void> {
  const { executor, store, log } = parts;
  const state = new SupervisionState(host);
  const keeper = new CheckpointKeeper(store, trainer.checkpointDir, log, (stored) =>
    state.checkpointed(stored),
  );
  for (;;) {
    const status = await executor.poll(trainer.id, POLL_MS);
    state.progressed(status.progress);
    if (status.kind === 'ended') {
      const failure = assessTrainerEnd(status);
      // A checkpoint that the next attempt needs must be in the store before this one reports its failure.
      if (failure !== null) await keeper.keepNewest();
      else await keeper.settle();
      if (failure !== null) throw failure;
      return;
    }
    keeper.look();
    const stop = reasonToStop(state, limits, host.signal);
    if (stop === null) continue;
    // Exit code 0 of a trainer that was told to go means "checkpointed", not "done".
    await executor.cancel(trainer.id);
    await keeper.keepNewest();
    throw stop === 'cancelled' ? host.signal.reason : stop;
  }
}

function reasonToStop(
  state: SupervisionState,
  limits: SupervisionLimits,
  signal: AbortSignal,
): PerennialError | 'cancelled' | null {
  if (signal.aborted) return 'cancelled';
  const now = performance.now();
  if (now >= limits.stopAt)
    return new PerennialError(
      TRAINER_TIMEOUT,
      `the trainer was stopped when its time was over, at ${state.where()}`,
    );
  if (now - state.lastProgressAt >= limits.progressTimeoutMs)
    return new PerennialError(
      TRAINER_HUNG,
      `the trainer reported no progress for ${limits.progressTimeoutMs} ms, at ${state.where()}, and was stopped`,
    );
  return null;
}

/** What is known of a trainer under way. A repeated step is no progress. */
class SupervisionState {
  readonly #host: AttemptHost;
  lastProgressAt = performance.now();
  #progress: TrainerProgress['progress'] | null = null;
  #checkpoint: StoredCheckpoint | null;

  constructor(host: AttemptHost) {
    this.#host = host;
    this.#checkpoint = host.lastHeartbeat?.checkpoint ?? null;
    this.beat();
  }

  progressed(progress: TrainerProgress['progress'] | null): void {
    if (progress !== null && progress.step !== this.#progress?.step) this.lastProgressAt = performance.now();
    this.#progress = progress ?? this.#progress;
    this.beat();
  }

  checkpointed(stored: StoredCheckpoint): void {
    this.#checkpoint = stored;
    this.lastProgressAt = performance.now();
    this.beat();
  }

  beat(): void {
    const progress = this.#progress;
    this.#host.heartbeat({
      step: progress?.step ?? null,
      totalSteps: progress?.totalSteps ?? null,
      etaSeconds: progress?.etaSeconds ?? null,
      metrics: Object.fromEntries(Object.entries(progress?.metrics ?? {}).slice(0, MAX_METRICS)),
      checkpoint: this.#checkpoint,
    });
  }

  where(): string {
    const progress = this.#progress;
    if (progress === null) return 'its start';
    return `step ${progress.step}${typeof progress.totalSteps === 'number' ? ` of ${progress.totalSteps}` : ''}`;
  }
}

/** Sends whole checkpoints to the store, one at a time, beside the supervision. */
class CheckpointKeeper {
  readonly #store: ArtifactStore;
  readonly #folder: string;
  readonly #log: Logger;
  readonly #onStored: (stored: StoredCheckpoint) => void;
  #newestStored = 0;
  #lookedAt = performance.now();
  #underWay: Promise<void> | null = null;

  constructor(
    store: ArtifactStore,
    folder: string,
    log: Logger,
    onStored: (stored: StoredCheckpoint) => void,
  ) {
    this.#store = store;
    this.#folder = folder;
    this.#log = log;
    this.#onStored = onStored;
  }

  look(): void {
    if (this.#underWay !== null || performance.now() - this.#lookedAt < CHECKPOINT_SCAN_MS) return;
    this.#lookedAt = performance.now();
    this.#underWay = this.#keep().finally(() => (this.#underWay = null));
  }

  async settle(): Promise<void> {
    await this.#underWay;
  }

  async keepNewest(): Promise<void> {
    await this.settle();
    await this.#keep();
  }

  /** A checkpoint that could not be stored costs a later resume, never the training. */
  async #keep(): Promise<void> {
    try {
      const newest = await newestCheckpoint(this.#folder);
      if (newest === null || newest.completedAt <= this.#newestStored) return;
      const stored = await storeCheckpoint(this.#store, newest);
      this.#newestStored = stored.completedAt;
      this.#onStored(stored);
    } catch (error) {
      this.#log.warn({ err: error, folder: this.#folder }, 'a checkpoint could not be stored');
    }
  }
}
