/**
 * Works on the newest item of each key: one of a key at a time, several keys at once, so that a slow one holds up no
 * other. Of what is added while its key is worked on, the newest follows.
 */
export class NewestLanes<T> {
  readonly #work: (item: T) => Promise<void>;
  readonly #atOnce: number;
  readonly #onIdle: () => void;
  readonly #waiting = new Map<string, T>();
  readonly #busy = new Map<string, Promise<void>>();

  /** @param work must not reject */
  constructor(work: (item: T) => Promise<void>, atOnce: number, onIdle: () => void) {
    this.#work = work;
    this.#atOnce = atOnce;
    this.#onIdle = onIdle;
  }

  add(key: string, item: T): void {
    this.#waiting.set(key, item);
    this.#start();
  }

  /** Resolves when nothing is left to do. */
  async idle(): Promise<void> {
    while (this.#busy.size > 0) await Promise.all(this.#busy.values());
  }

  /** Gives up what has not begun. */
  clear(): void {
    this.#waiting.clear();
  }

  #start(): void {
    for (const [key, item] of this.#waiting) {
      if (this.#busy.size >= this.#atOnce) return;
      if (this.#busy.has(key)) continue;
      this.#waiting.delete(key);
      this.#busy.set(key, this.#lane(key, item));
    }
  }

  async #lane(key: string, item: T): Promise<void> {
    await this.#work(item);
    this.#busy.delete(key);
    this.#start();
    if (this.#busy.size === 0) this.#onIdle();
  }
}
