import { isPerennialError, PerennialError } from '../errors/define-error.ts';
import { FEATURES_OVERDUE, FEATURES_UNAVAILABLE } from '../errors/serving-errors.ts';
import type { LoadedVersion } from './loaded-version.ts';

/** How long a verdict holds, and how seldom the champion's features are read for one. */
const VERDICT_MS = 1000;

interface Verdict {
  /** Of `performance.now()`. */
  readonly at: number;
  readonly overdue: Promise<boolean>;
}

/** Tells a version that asks for too many features from an absence of all features, by what the champion gets then. */
export class OverdueFeatures {
  readonly #verdicts = new WeakMap<LoadedVersion, Verdict>();

  /**
   * @param error why the version did not answer
   * @param readChampions reads what the champion needs for the same request, from PostgreSQL alone
   * @returns FEATURES_OVERDUE in place of FEATURES_UNAVAILABLE where the champion gets its own; any other error as it is
   */
  async judge(
    error: unknown,
    loaded: LoadedVersion,
    readChampions: () => Promise<unknown>,
  ): Promise<unknown> {
    if (!isPerennialError(error) || error.code !== FEATURES_UNAVAILABLE.code) return error;
    let verdict = this.#verdicts.get(loaded);
    if (verdict === undefined || performance.now() - verdict.at >= VERDICT_MS) {
      // Without a cause nothing was read for this request, and it is not known whether it could have been.
      if (error.cause === undefined) return error;
      const overdue = readChampions().then(
        () => true,
        () => false,
      );
      verdict = { at: performance.now(), overdue };
      this.#verdicts.set(loaded, verdict);
    }
    if (!(await verdict.overdue)) return error;
    const { model, version } = loaded.servable;
    const text = `Version ${version} of ${model} did not get its features in time, and the champion did: ${error.message}`;
    return new PerennialError(FEATURES_OVERDUE, text, { cause: error });
  }
}
