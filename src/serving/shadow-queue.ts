import { setImmediate as nextTurn } from 'node:timers/promises';

/** What a job costs is rested this many times over: shadows take a fifth of the thread. */
const REST_PER_WORK = 4;

export interface ShadowBounds {
  readonly jobs: number;
  /** Of all jobs that wait; one that is larger waits alone. */
  readonly size: number;
}

interface Job {
  /** How many candidates or values it holds in memory. */
  readonly size: number;
  readonly run: () => Promise<void>;
}

/**
 * Work that waits until the answers are out: one job at a time, each in a turn of the event loop of its own, and then
 * the thread is left to live requests for four times as long as it was kept from them. Beyond its bounds new jobs are
 * dropped and counted.
 */
export class ShadowQueue {
  readonly #jobs: Job[] = [];
  readonly #bounds: ShadowBounds;
  readonly #onError: (error: unknown) => void;
  #size = 0;
  #draining: Promise<void> | null = null;
  #hurried = false;
  #endRest: () => void = () => undefined;
  dropped = 0;

  constructor(bounds: ShadowBounds, onError: (error: unknown) => void) {
    this.#bounds = bounds;
    this.#onError = onError;
  }

  get length(): number {
    return this.#jobs.length;
  }

  add(job: Job): void {
    const { length } = this.#jobs;
    if (length >= this.#bounds.jobs || (length > 0 && this.#size + job.size > this.#bounds.size)) {
      this.dropped += 1;
      return;
    }
    this.#jobs.push(job);
    this.#size += job.size;
    this.#draining ??= this.#drain().finally(() => (this.#draining = null));
  }

  /** Does what is left without a rest, as nobody else needs the thread any more; resolves when nothing is left. */
  async finish(): Promise<void> {
    this.#hurried = true;
    this.#endRest();
    while (this.#draining !== null) await this.#draining;
  }

  async #drain(): Promise<void> {
    for (;;) {
      await nextTurn();
      const job = this.#jobs.shift();
      if (job === undefined) return;
      this.#size -= job.size;
      const before = performance.eventLoopUtilization();
      try {
        await job.run();
      } catch (error) {
        this.#onError(error);
      }
      await this.#rest(REST_PER_WORK * performance.eventLoopUtilization(before).active);
    }
  }

  async #rest(ms: number): Promise<void> {
    if (this.#hurried) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#endRest = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
