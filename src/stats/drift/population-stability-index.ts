import { DEFAULT_EPSILON, requireSameLength } from './shares.ts';

/**
 * Population stability index Σ (a_i − e_i) ln(a_i / e_i), in nats, ≥ 0, 0 when equal.
 * Shares below `epsilon` count as `epsilon` (not renormalised): an empty cell is finite, and a cell of one in a
 * million does not outweigh an empty one. Source: Lewis (1994), An Introduction to Credit Scoring; Yurdakul (2018).
 */
export function populationStabilityIndex(
  expectedShares: ArrayLike<number>,
  actualShares: ArrayLike<number>,
  epsilon: number = DEFAULT_EPSILON,
  repeats?: ArrayLike<number>,
): number {
  requireSameLength(expectedShares, actualShares);
  let sum = 0;
  for (let i = 0; i < expectedShares.length; i++) {
    const e = Math.max(expectedShares[i]!, epsilon);
    const a = Math.max(actualShares[i]!, epsilon);
    sum += (repeats?.[i] ?? 1) * (a - e) * Math.log(a / e);
  }
  return sum;
}
