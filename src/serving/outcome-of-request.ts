/**
 * SQL of what the events `o` of one request and outcome come to: their sum or, of a boolean, 1 if any was true, else 0.
 * Feedback takes any number, so above 0 is true.
 */
export const OUTCOME_OF_REQUEST = { boolean: 'max((o.value > 0)::INTEGER)', number: 'sum(o.value)' } as const;

/** A boolean outcome over requests, and how it varies between their split keys. */
export interface ByKey {
  /** Requests that have it, and how many of them are true. */
  readonly count: number;
  readonly sum: number;
  readonly keys: number;
  /** Over keys: the sum of the squares of what a key's sum is above its expectation. */
  readonly squares: number;
}

/**
 * Kish's design effect, at least 1: the linearised variance of a ratio of sums over keys (Cochran 1977, 6.3) over that
 * of a proportion of as many independent requests. One key alone is one observation.
 */
export function designEffectOf({ count, sum, keys, squares }: ByKey): number {
  if (keys === count) return 1;
  if (keys === 1) return count;
  const rate = sum / count;
  const independent = count * rate * (1 - rate);
  return independent > 0 ? Math.max(1, ((keys / (keys - 1)) * squares) / independent) : 1;
}
