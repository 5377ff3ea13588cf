import { toShares } from './shares.ts';
import { sortNumbers } from './sort-numbers.ts';

/** Type-7 (linear interpolation) quantile of ascending values, NumPy's and R's default; needs at least one value. */
export function quantileOfSorted(sorted: ArrayLike<number>, q: number): number {
  const position = q * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return interpolate(low, high, position - below);
}

/** low + (high − low) t by NumPy's branches, which keep both ends exact; finite even where high − low overflows. */
export function interpolate(low: number, high: number, t: number): number {
  const gap = high - low;
  if (gap === Number.POSITIVE_INFINITY) return low * (1 - t) + high * t;
  return t >= 0.5 ? high - gap * (1 - t) : low + gap * t;
}

/**
 * Inner edges of `bins` bins at the reference's quantiles 1/bins … (bins−1)/bins, duplicates merged, ascending:
 * at most bins − 1 of them. Bin j is [e_j, e_(j+1)), the first and last bin are open-ended ("left-closed").
 * Values that are not finite are ignored; an empty reference has no edges (one bin).
 */
export function quantileBins(reference: ArrayLike<number | null | undefined>, bins = 10): number[] {
  return quantileBinsOfSorted(finiteSorted(reference), bins);
}

/** `quantileBins` of values that are finite and ascending already. */
export function quantileBinsOfSorted(sorted: ArrayLike<number>, bins = 10): number[] {
  const edges: number[] = [];
  if (sorted.length === 0) return edges;
  for (let i = 1; i < bins; i++) {
    const edge = quantileOfSorted(sorted, i / bins);
    if (edges.length === 0 || edge > edges[edges.length - 1]!) edges.push(edge);
  }
  return edges;
}

/** How many values fall into each of edges.length + 1 left-closed bins. Values that are not finite are ignored. */
export function binCounts(
  values: ArrayLike<number | null | undefined>,
  edges: readonly number[],
): Float64Array {
  const counts = new Float64Array(edges.length + 1);
  for (let i = 0; i < values.length; i++) {
    const v = values[i];
    if (typeof v === 'number' && Number.isFinite(v)) {
      const bin = binOf(v, edges);
      counts[bin] = counts[bin]! + 1;
    }
  }
  return counts;
}

/** Shares of the values in each of edges.length + 1 left-closed bins; all zeros when no value is finite. */
export function binShares(
  values: ArrayLike<number | null | undefined>,
  edges: readonly number[],
): Float64Array {
  return toShares(binCounts(values, edges));
}

/** Index of the left-closed bin of `value`: the number of edges ≤ value. */
export function binOf(value: number, edges: readonly number[]): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const mid = (low + high) >>> 1;
    if (edges[mid]! <= value) low = mid + 1;
    else high = mid;
  }
  return low;
}

/** The finite numbers of a column, ascending; null, undefined, NaN, ±∞ and what is not a number are dropped. */
export function finiteSorted(values: ArrayLike<number | null | undefined>): Float64Array {
  let count = 0;
  const kept = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const v = values[i];
    if (typeof v === 'number' && Number.isFinite(v)) kept[count++] = v;
  }
  const finite = kept.subarray(0, count);
  sortNumbers(finite);
  return finite;
}

/** How many of ascending values are below a bound. */
export function countBelow(sorted: ArrayLike<number>, bound: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const mid = (low + high) >>> 1;
    if (sorted[mid]! < bound) low = mid + 1;
    else high = mid;
  }
  return low;
}
