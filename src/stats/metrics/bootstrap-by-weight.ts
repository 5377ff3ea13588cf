import { seededRandom } from '../distributions/seeded-random.ts';
import { quantileOfSorted } from '../drift/quantile-bins.ts';
import type { BootstrapInterval, BootstrapOptions } from './bootstrap-interval.ts';
import { MIN_DEFINED_RESAMPLES } from './bootstrap-interval.ts';
import { bootstrapPlan } from './bootstrap-plan.ts';
import { requireSameRows } from './usable-rows.ts';

/**
 * Percentile bootstrap of many metrics at once, without moving a row: a resample is how often each row was drawn, given
 * to `metrics` as weights (times the row's own weight). The same distribution as `bootstrapInterval`, but rows that
 * are sorted stay sorted, which is what ranking a million of them costs most. The same seed gives the same intervals.
 * Metrics are those that `metrics` returns for all rows.
 * @throws RangeError as `bootstrapInterval` does.
 */
export function bootstrapByWeight(
  rows: number,
  metrics: (weights: Float64Array) => Readonly<Record<string, number | null>>,
  options: BootstrapOptions & { readonly weights?: ArrayLike<number> } = {},
): Record<string, BootstrapInterval> {
  requireSameRows({ rows: { length: rows }, weights: options.weights });
  const { resamples, tail } = bootstrapPlan(options);
  const own = options.weights;
  const estimates = metrics(Float64Array.from({ length: rows }, (_, i) => own?.[i] ?? 1));
  const values = new Map(Object.keys(estimates).map((name) => [name, [] as number[]]));
  const random = seededRandom(options.seed ?? 1);
  const drawn = new Float64Array(rows);
  for (let b = 0; rows > 0 && b < resamples; b++) {
    drawn.fill(0);
    for (let i = 0; i < rows; i++) {
      const row = random.below(rows);
      drawn[row] = drawn[row]! + (own === undefined ? 1 : own[row]!);
    }
    for (const [name, value] of Object.entries(metrics(drawn))) {
      if (value !== null && Number.isFinite(value)) values.get(name)?.push(value);
    }
  }
  return Object.fromEntries(
    Object.entries(estimates).map(([name, estimate]) => {
      const sorted = Float64Array.from(values.get(name) ?? []).sort();
      const undefinedResamples = resamples - sorted.length;
      const enough = sorted.length >= MIN_DEFINED_RESAMPLES;
      const low = enough ? quantileOfSorted(sorted, tail) : null;
      const high = enough ? quantileOfSorted(sorted, 1 - tail) : null;
      return [name, { estimate, low, high, resamples, undefinedResamples }];
    }),
  );
}
