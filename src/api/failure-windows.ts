const WINDOW_MS = 60_000;
/** Memory is bounded: beyond this many the oldest, which end first, are forgotten. */
const MAX_KEYS = 10_000;

interface Window {
  count: number;
  readonly since: number;
}

/** Counts failures by key, in windows of a minute that begin with the first failure. */
export class FailureWindows {
  readonly #windows = new Map<string, Window>();
  readonly #max: number;
  readonly #now: () => number;

  constructor(max: number, now: () => number) {
    this.#max = max;
    this.#now = now;
  }

  /** Seconds until the window of a key with too many failures ends; 0 for any other. */
  secondsLeft(key: string): number {
    const window = this.#current(key);
    if (!window || window.count < this.#max) return 0;
    return Math.max(1, Math.ceil((window.since + WINDOW_MS - this.#now()) / 1000));
  }

  count(key: string): void {
    const window = this.#current(key);
    if (window) window.count += 1;
    else this.#windows.set(key, { count: 1, since: this.#now() });
    const oldest = this.#windows.size > MAX_KEYS ? this.#windows.keys().next().value : undefined;
    if (oldest !== undefined) this.#windows.delete(oldest);
  }

  #current(key: string): Window | undefined {
    const window = this.#windows.get(key);
    if (window && this.#now() - window.since >= WINDOW_MS) {
      this.#windows.delete(key);
      return undefined;
    }
    return window;
  }
}
