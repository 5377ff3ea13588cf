/** Stands in for an empty share so that logarithms stay finite; the value used by the field's PSI tools. */
export const DEFAULT_EPSILON = 1e-4;

/**
 * Counts divided by their total; all zeros when the total is zero. Length preserved. `repeats` says how many cells
 * there are like the i-th one.
 */
export function toShares(counts: ArrayLike<number>, repeats?: ArrayLike<number>): Float64Array {
  let total = 0;
  for (let i = 0; i < counts.length; i++) total += (repeats?.[i] ?? 1) * counts[i]!;
  const shares = new Float64Array(counts.length);
  if (total > 0) for (let i = 0; i < counts.length; i++) shares[i] = counts[i]! / total;
  return shares;
}

/** Throws when two distributions do not describe the same cells: that is a bug of the caller, not of the data. */
export function requireSameLength(p: ArrayLike<number>, q: ArrayLike<number>): void {
  if (p.length !== q.length) {
    throw new RangeError(
      `Two distributions over the same cells are needed; got ${p.length} and ${q.length} cells.`,
    );
  }
}
