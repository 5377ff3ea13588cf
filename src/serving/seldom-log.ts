import type { Logger } from '../platform/logger.ts';

const EVERY_MS = 10_000;

/**
 * For what may happen to every request: of one kind the first is written at once, and then one in ten seconds with how
 * many were left out since.
 */
export class SeldomLog {
  readonly #logger: Pick<Logger, 'warn'>;
  readonly #kinds = new Map<string, { at: number; left: number }>();

  constructor(logger: Pick<Logger, 'warn'>) {
    this.#logger = logger;
  }

  /** @param kind one of few, such as the code of an error */
  warn(kind: string, err: unknown, text: string, now = performance.now()): void {
    const last = this.#kinds.get(kind);
    if (last !== undefined && now - last.at < EVERY_MS) {
      last.left += 1;
      return;
    }
    this.#kinds.set(kind, { at: now, left: 0 });
    this.#logger.warn({ err, leftOut: last?.left ?? 0 }, text);
  }
}
