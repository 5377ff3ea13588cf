import type { Proportion } from './proportion.ts';

/** Requests that have an outcome, by the key (a user, say) that makes those of one key alike. */
export interface ClusteredMean {
  /** Requests, the sum of their outcomes, and that of the squares of these. A true outcome is 1. */
  readonly count: number;
  readonly sum: number;
  readonly sumSquares: number;
  readonly keys: number;
  /** Over keys: the sum of the squares of what a key's sum is above its expectation, its count times the mean. */
  readonly squares: number;
}

/**
 * Kish's design effect, at least 1: the linearised variance of a ratio of sums over keys (Cochran 1977, 6.3) over that
 * of a mean of as many independent requests. One key alone is one observation; where all requests say the same,
 * nothing tells how alike they are, and it is 1.
 */
export function designEffect({ count, sum, sumSquares, keys, squares }: ClusteredMean): number {
  if (keys === count) return 1;
  if (keys === 1) return count;
  const independent = sumSquares - (sum / count) * sum;
  // What rounding alone may leave of it is no spread.
  return independent > 1e-13 * sumSquares ? Math.max(1, ((keys / (keys - 1)) * squares) / independent) : 1;
}

/** As many independent trials as tell as much about the rate, in whole trials. */
export function effectiveProportion(
  p: Pick<ClusteredMean, 'count' | 'sum'> & { readonly designEffect?: number },
): Proportion {
  const by = p.designEffect ?? 1;
  return { successes: Math.round(p.sum / by), trials: Math.round(p.count / by) };
}
