import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * Work that waits until the answers are out: one job at a time, each in a turn of the event loop of its own. Beyond
 * its bound new jobs are dropped and counted, so that shadows never hold up live requests.
 */
export class ShadowQueue {
  readonly #jobs: (() => Promise<void>)[] = [];
  readonly #bound: number;
  readonly #onError: (error: unknown) => void;
  #draining: Promise<void> | null = null;
  dropped = 0;

  constructor(bound: number, onError: (error: unknown) => void) {
    this.#bound = bound;
    this.#onError = onError;
  }

  get length(): number {
    return this.#jobs.length;
  }

  add(job: () => Promise<void>): void {
    if (this.#jobs.length >= this.#bound) {
      this.dropped += 1;
      return;
    }
    this.#jobs.push(job);
    this.#draining ??= this.#drain().finally(() => (this.#draining = null));
  }

  /** Resolves when nothing is left to do. */
  async idle(): Promise<void> {
    while (this.#draining !== null) await this.#draining;
  }

  async #drain(): Promise<void> {
    for (;;) {
      await nextTurn();
      const job = this.#jobs.shift();
      if (job === undefined) return;
      try {
        await job();
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}
