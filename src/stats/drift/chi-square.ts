import { chiSquaredSurvival } from '../distributions/chi-squared.ts';
import { requireSameLength } from './shares.ts';

export interface ChiSquare {
  readonly statistic: number;
  readonly degreesOfFreedom: number;
  readonly pValue: number;
  /** The approximation is rough where this is below about 5. */
  readonly minExpected: number;
  /** √(χ²/N) for two rows: an effect size in [0, 1]. */
  readonly cramersV: number;
}

/**
 * Pearson's χ² test of homogeneity of two rows of counts, without continuity correction (SciPy's
 * `chi2_contingency(correction=False)`). Cells empty on both sides do not count. Null when a side is empty or
 * fewer than two cells are used: then there is nothing to test. `repeats` says how many cells there are like the i-th.
 */
export function chiSquareTest(
  referenceCounts: ArrayLike<number>,
  currentCounts: ArrayLike<number>,
  repeats?: ArrayLike<number>,
): ChiSquare | null {
  requireSameLength(referenceCounts, currentCounts);
  let n = 0;
  let m = 0;
  let cells = 0;
  for (let i = 0; i < referenceCounts.length; i++) {
    const times = repeats?.[i] ?? 1;
    n += times * referenceCounts[i]!;
    m += times * currentCounts[i]!;
    if (referenceCounts[i]! + currentCounts[i]! > 0) cells += times;
  }
  if (n === 0 || m === 0 || cells < 2) return null;
  const total = n + m;
  let statistic = 0;
  let minExpected = Number.POSITIVE_INFINITY;
  for (let i = 0; i < referenceCounts.length; i++) {
    const pooled = referenceCounts[i]! + currentCounts[i]!;
    if (pooled === 0) continue;
    const left = (pooled * n) / total;
    const right = (pooled * m) / total;
    minExpected = Math.min(minExpected, left, right);
    statistic +=
      (repeats?.[i] ?? 1) *
      ((referenceCounts[i]! - left) ** 2 / left + (currentCounts[i]! - right) ** 2 / right);
  }
  return {
    statistic,
    degreesOfFreedom: cells - 1,
    pValue: chiSquaredSurvival(statistic, cells - 1),
    minExpected,
    cramersV: Math.sqrt(statistic / total),
  };
}
