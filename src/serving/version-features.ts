import type { Database } from '../registry/database.ts';
import { readOnlineFeatures } from '../registry/online-features.ts';
import type { CachedFeatures } from './cached-features.ts';
import type { LoadedVersion } from './loaded-version.ts';

/** What a process reads for a version for the first time takes longest, and all its callers ask for that at once. */
const WARM_UP_MS = 60_000;

export interface VersionFeaturesOptions {
  /** The memory that all versions share. */
  readonly features: CachedFeatures;
  readonly environment: string;
  readonly db: Database;
  /** Connections of their own for versions that are on trial: what those ask for must not take the champion's. */
  readonly trialDb: Database;
  /** null: the model has no champion. */
  readonly championOf: (model: string) => number | null;
}

/** Reads the features of each version by itself: one that asks for too much has nobody else wait. */
export class VersionFeatures {
  readonly #options: VersionFeaturesOptions;
  readonly #sources = new WeakMap<LoadedVersion, CachedFeatures>();

  constructor(options: VersionFeaturesOptions) {
    this.#options = options;
  }

  of(loaded: LoadedVersion): CachedFeatures {
    const known = this.#sources.get(loaded);
    if (known !== undefined) return known;
    const { features, environment, db, trialDb, championOf } = this.#options;
    const { version } = loaded.servable;
    const warmUntil = performance.now() + WARM_UP_MS;
    const onTrial = (model: string): boolean => (championOf(model) ?? version) !== version;
    const source = features.readBy(
      (model, lookups) => readOnlineFeatures(onTrial(model) ? trialDb : db, model, environment, lookups),
      // A version on trial answers for what it asks for: it is not to look quicker than it is, once it is warm.
      (model) => !onTrial(model) || performance.now() < warmUntil,
    );
    this.#sources.set(loaded, source);
    return source;
  }
}
