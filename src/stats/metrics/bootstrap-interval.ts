import { quantileOfSorted } from '../drift/quantile-bins.ts';
import { seededRandom } from '../distributions/seeded-random.ts';
import { bootstrapPlan } from './bootstrap-plan.ts';

export interface BootstrapInterval {
  /** On the rows as they are; null when the statistic is not defined there. */
  readonly estimate: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly resamples: number;
  /** Resamples on which the statistic was not defined (one class only, …); they are left out. */
  readonly undefinedResamples: number;
}

export interface BootstrapOptions {
  /** Between 0 and 1, such as 0.95. */
  readonly confidence?: number;
  readonly resamples?: number;
  readonly seed?: number;
}

/** With fewer defined resamples an interval would be noise. */
export const MIN_DEFINED_RESAMPLES = 20;

/**
 * Percentile bootstrap (Efron 1979): the statistic on `resamples` (1,000) draws of `rows` rows with replacement; the
 * interval is the middle `confidence` (0.95) of the values. The statistic gets row indices, so that it can read
 * columns without copying rows. The same seed gives the same interval.
 * @throws RangeError for a confidence outside (0, 1) or resamples that are no whole number.
 */
export function bootstrapInterval(
  rows: number,
  statistic: (indices: Uint32Array) => number | null,
  options: BootstrapOptions = {},
): BootstrapInterval {
  const { resamples, tail } = bootstrapPlan(options);
  const all = Uint32Array.from({ length: rows }, (_, i) => i);
  const nothing = { low: null, high: null, resamples, undefinedResamples: resamples };
  if (rows === 0) return { estimate: null, ...nothing };
  const estimate = statistic(all);
  const random = seededRandom(options.seed ?? 1);
  const drawn = new Uint32Array(rows);
  const values: number[] = [];
  for (let b = 0; b < resamples; b++) {
    for (let i = 0; i < rows; i++) drawn[i] = random.below(rows);
    const value = statistic(drawn);
    if (value !== null && Number.isFinite(value)) values.push(value);
  }
  if (values.length < MIN_DEFINED_RESAMPLES)
    return { estimate, ...nothing, undefinedResamples: resamples - values.length };
  const sorted = Float64Array.from(values).sort();
  return {
    estimate,
    low: quantileOfSorted(sorted, tail),
    high: quantileOfSorted(sorted, 1 - tail),
    resamples,
    undefinedResamples: resamples - values.length,
  };
}

/** The values at the given rows. */
export function takeRows<T>(values: ArrayLike<T>, indices: Uint32Array): T[] {
  const taken = new Array<T>(indices.length);
  for (let i = 0; i < indices.length; i++) taken[i] = values[indices[i]!]!;
  return taken;
}
