const WINDOW_MS = 60_000;
const MAX_FAILURES = 20;
/** Memory is bounded: beyond this many the oldest are forgotten. */
const MAX_KEYS = 10_000;

interface Failures {
  count: number;
  readonly since: number;
}

/**
 * Counts failed attempts by key (an address and what it claims to be). A key that failed too often is refused
 * unread until its window ends; others, and those who succeed, are not held up.
 */
export class FailureLimiter {
  readonly #failures = new Map<string, Failures>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Seconds until the key may try again; 0 when it may now. */
  retryAfterSeconds(key: string): number {
    const failures = this.#current(key);
    if (!failures || failures.count < MAX_FAILURES) return 0;
    return Math.max(1, Math.ceil((failures.since + WINDOW_MS - this.#now()) / 1000));
  }

  recordFailure(key: string): void {
    const failures = this.#current(key);
    if (failures) failures.count += 1;
    else this.#failures.set(key, { count: 1, since: this.#now() });
    const oldest = this.#failures.size > MAX_KEYS ? this.#failures.keys().next().value : undefined;
    if (oldest !== undefined) this.#failures.delete(oldest);
  }

  #current(key: string): Failures | undefined {
    const failures = this.#failures.get(key);
    if (failures && this.#now() - failures.since >= WINDOW_MS) {
      this.#failures.delete(key);
      return undefined;
    }
    return failures;
  }
}
