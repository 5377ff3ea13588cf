import type { Proportion } from './proportion.ts';

/** Requests that have a yes-or-no outcome, by the key (a user, say) that makes those of one key alike. */
export interface ClusteredProportion {
  /** Requests, and how many of them are true. */
  readonly count: number;
  readonly sum: number;
  readonly keys: number;
  /** Over keys: the sum of the squares of what a key's sum is above its expectation, its count times the rate. */
  readonly squares: number;
}

/**
 * Kish's design effect, at least 1: the linearised variance of a ratio of sums over keys (Cochran 1977, 6.3) over that
 * of a proportion of as many independent requests. One key alone is one observation; where all requests say the same,
 * nothing tells how alike they are, and it is 1.
 */
export function designEffect({ count, sum, keys, squares }: ClusteredProportion): number {
  if (keys === count) return 1;
  if (keys === 1) return count;
  const rate = sum / count;
  const independent = count * rate * (1 - rate);
  return independent > 0 ? Math.max(1, ((keys / (keys - 1)) * squares) / independent) : 1;
}

/** As many independent trials as tell as much about the rate, in whole trials. */
export function effectiveProportion(
  p: Pick<ClusteredProportion, 'count' | 'sum'> & { readonly designEffect?: number },
): Proportion {
  const by = p.designEffect ?? 1;
  return { successes: Math.round(p.sum / by), trials: Math.round(p.count / by) };
}
