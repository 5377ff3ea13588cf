const FIRST_RETRY_MS = 100;
const SLOWEST_RETRY_MS = 2000;

/** Resolves after the time, or at once when the signal is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const wake = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    signal.addEventListener('abort', wake, { once: true });
  });
}

/**
 * Calls `attempt` until it succeeds, with growing pauses. Rejects with the last error once the signal is
 * aborted, or at once with an error that `isFinal` names.
 */
export async function retryUntil<T>(
  attempt: () => Promise<T>,
  signal: AbortSignal,
  onRetry: () => void,
  isFinal: (error: unknown) => boolean = () => false,
): Promise<T> {
  for (let waitMs = FIRST_RETRY_MS; ; waitMs = Math.min(2 * waitMs, SLOWEST_RETRY_MS)) {
    try {
      return await attempt();
    } catch (error) {
      if (isFinal(error)) throw error;
      await pause(waitMs, signal);
      if (signal.aborted) throw error;
      onRetry();
    }
  }
}

interface Waiting<T> {
  item: T;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * Gathers items and sends them in batches, one batch at a time and in the order of arrival, each repeated
 * until it is accepted. `send` must be harmless to repeat; a
 * repetition has the same number. A failed batch holds up the later ones, so the
 * receiver sees a growing sequence.
 */
export class BatchSender<T> {
  readonly #send: (batch: readonly T[], number: number) => Promise<void>;
  readonly #everyMs: number;
  readonly #largest: number;
  readonly #signal: AbortSignal;
  readonly #waiting: Waiting<T>[] = [];
  #sending = false;
  #batches = 0;
  retries = 0;

  constructor(
    send: (batch: readonly T[], number: number) => Promise<void>,
    options: { everyMs: number; largest: number; signal: AbortSignal },
  ) {
    this.#send = send;
    this.#everyMs = options.everyMs;
    this.#largest = options.largest;
    this.#signal = options.signal;
  }

  /** Resolves when the batch with the item was accepted; rejects when the signal ended the attempts. */
  add(item: T): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (!this.#sending) {
        this.#sending = true;
        void this.#drain();
      }
    });
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      await pause(this.#everyMs, this.#signal);
      const batch = this.#waiting.splice(0, this.#largest);
      const items = batch.map(({ item }) => item);
      const number = ++this.#batches;
      try {
        await retryUntil(
          () => this.#send(items, number),
          this.#signal,
          () => this.retries++,
        );
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#sending = false;
  }
}
