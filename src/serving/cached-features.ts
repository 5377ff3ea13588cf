import { PerennialError } from '../errors/define-error.ts';
import { FEATURES_UNAVAILABLE } from '../errors/serving-errors.ts';
import { withTimeout } from '../platform/with-timeout.ts';
import { onlineRowId } from '../registry/online-features.ts';
import type { OnlineLookup, OnlineRow } from '../registry/online-features.ts';

export interface CachedFeaturesOptions {
  /** Answers the rows that exist, by `onlineRowId`. */
  readonly read: (model: string, lookups: readonly OnlineLookup[]) => Promise<Map<string, OnlineRow>>;
  /** How long a row is taken from memory; refreshed features act after at most this long. */
  readonly ttlMs: number;
  readonly maxRows: number;
  readonly timeoutMs: number;
  /** After a failed read, how long memory alone answers before PostgreSQL is asked again. */
  readonly restMs: number;
  readonly onError?: (error: unknown) => void;
  /** Whether what is read after its request gave up is kept for the next; unless told otherwise, it is. */
  readonly keepsLate?: (model: string) => boolean;
}

interface Entry {
  /** null: there is no row of this key. */
  readonly row: OnlineRow | null;
  /** Of `performance.now()`: a wall clock that is set back would keep it for as long. */
  readonly at: number;
}

/** Where the rows of a request come from, by `onlineRowId`. */
export interface FeatureSource {
  get(
    model: string,
    lookups: ReadonlyMap<string, OnlineLookup>,
  ): Promise<ReadonlyMap<string, OnlineRow | null>>;
}

/** Online features with a short memory. While PostgreSQL is away it answers with the last known rows. */
export class CachedFeatures implements FeatureSource {
  readonly #options: CachedFeaturesOptions;
  /** Has the memory and the counts. */
  readonly #origin: CachedFeatures;
  readonly #entries = new Map<string, Entry>();
  #restUntil = -Infinity;
  hits = 0;
  misses = 0;
  stale = 0;

  constructor(options: CachedFeaturesOptions, origin?: CachedFeatures) {
    this.#options = options;
    this.#origin = origin ?? this;
  }

  /** The same memory, read otherwise: a read that fails there gives nobody here a rest, and the other way round. */
  readBy(
    read: CachedFeaturesOptions['read'],
    keepsLate: CachedFeaturesOptions['keepsLate'] = () => true,
  ): CachedFeatures {
    return new CachedFeatures({ ...this.#options, read, keepsLate }, this.#origin);
  }

  /** PostgreSQL alone, now: no memory, no rest. It fails where the answer takes too long. */
  get fresh(): FeatureSource {
    const { read, timeoutMs } = this.#options;
    return { get: (model, lookups) => withTimeout(read(model, [...lookups.values()]), timeoutMs) };
  }

  /**
   * The rows asked for, by `onlineRowId`; null where there is none.
   * @throws PerennialError FEATURES_UNAVAILABLE when PostgreSQL is away and a row has not been seen before
   */
  async get(
    model: string,
    lookups: ReadonlyMap<string, OnlineLookup>,
  ): Promise<Map<string, OnlineRow | null>> {
    const now = performance.now();
    const found = new Map<string, OnlineRow | null>();
    const wanted: OnlineLookup[] = [];
    for (const [id, lookup] of lookups) {
      const entry = this.#origin.#entries.get(`${model}\n${id}`);
      if (entry !== undefined && now - entry.at < this.#options.ttlMs) found.set(id, entry.row);
      else wanted.push(lookup);
    }
    this.#origin.hits += found.size;
    this.#origin.misses += wanted.length;
    if (wanted.length === 0) return found;
    let rows: Map<string, OnlineRow> | null = null;
    let cause: unknown = null;
    if (now >= this.#restUntil) {
      try {
        rows = await withTimeout(this.#read(model, wanted), this.#options.timeoutMs);
      } catch (error) {
        cause = error;
        this.#restUntil = performance.now() + this.#options.restMs;
        this.#options.onError?.(error);
      }
    }
    if (rows === null) return this.#fromMemory(model, wanted, found, cause);
    for (const lookup of wanted) {
      const id = onlineRowId(lookup);
      found.set(id, rows.get(id) ?? null);
    }
    return found;
  }

  /**
   * Remembers also what comes after its request has given up: else a gateway that starts cold under load would have
   * PostgreSQL read the same rows again and again, and never answer.
   */
  async #read(model: string, wanted: readonly OnlineLookup[]): Promise<Map<string, OnlineRow>> {
    const { read, keepsLate, timeoutMs } = this.#options;
    const at = performance.now();
    const rows = await read(model, wanted);
    if (performance.now() - at >= timeoutMs && keepsLate?.(model) === false) return rows;
    for (const lookup of wanted) {
      const id = onlineRowId(lookup);
      this.#remember(`${model}\n${id}`, { row: rows.get(id) ?? null, at });
    }
    return rows;
  }

  #fromMemory(
    model: string,
    wanted: readonly OnlineLookup[],
    found: Map<string, OnlineRow | null>,
    cause: unknown,
  ): Map<string, OnlineRow | null> {
    for (const lookup of wanted) {
      const id = onlineRowId(lookup);
      const entry = this.#origin.#entries.get(`${model}\n${id}`);
      if (entry === undefined) {
        const text = `The online features of view ${lookup.view} cannot be read now and were not asked for before.`;
        throw new PerennialError(FEATURES_UNAVAILABLE, text, cause === null ? {} : { cause });
      }
      found.set(id, entry.row);
    }
    this.#origin.stale += wanted.length;
    return found;
  }

  /** The newest entries stay: a map keeps the order of insertion, so the first is the oldest. */
  #remember(id: string, entry: Entry): void {
    const entries = this.#origin.#entries;
    if ((entries.get(id)?.at ?? -Infinity) > entry.at) return;
    entries.delete(id);
    entries.set(id, entry);
    if (entries.size <= this.#options.maxRows) return;
    const oldest = entries.keys().next();
    if (!oldest.done) entries.delete(oldest.value);
  }
}
