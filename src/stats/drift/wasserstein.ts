import { finiteSorted } from './quantile-bins.ts';
import type { PooledCells } from './value-cells.ts';
import { poolSorted } from './value-cells.ts';

/** The reference's spread never counts as less than this, as in Evidently: a constant column stays finite. */
export const MIN_SPREAD = 0.001;
/** The normed distance ends here: beyond, every number means "nothing in common" and its square must stay finite. */
const MAX_NORMED = 1e50;
/** Squares of larger values overflow. */
export const SAFE_MAGNITUDE = 1e150;

/** First Wasserstein distance ∫ |F_reference − F_current| dv, in the column's unit; null when a side is empty. */
export function wasserstein(
  reference: ArrayLike<number | null | undefined>,
  current: ArrayLike<number | null | undefined>,
): number | null {
  return wassersteinOfCells(poolSorted(finiteSorted(reference), finiteSorted(current)));
}

/**
 * Wasserstein distance divided by max(population σ of the reference, 0.001), in reference standard deviations: a
 * pure shift of δσ gives δ. Evidently's "Wasserstein distance (normed)". Null when a side is empty.
 */
export function wassersteinNormed(
  reference: ArrayLike<number | null | undefined>,
  current: ArrayLike<number | null | undefined>,
): number | null {
  return wassersteinNormedOfCells(poolSorted(finiteSorted(reference), finiteSorted(current)));
}

export function wassersteinOfCells(cells: PooledCells): number | null {
  if (cells.referenceCount === 0 || cells.currentCount === 0) return null;
  // Locals, because permutation tests run this loop a thousand times per column.
  const { values, reference, current } = cells;
  const perReference = 1 / cells.referenceCount;
  const perCurrent = 1 / cells.currentCount;
  let left = 0;
  let right = 0;
  let sum = 0;
  for (let i = 0; i + 1 < values.length; i++) {
    left += reference[i]!;
    right += current[i]!;
    const gap = values[i + 1]! - values[i]!;
    sum +=
      Math.abs(left * perReference - right * perCurrent) * (gap < Number.MAX_VALUE ? gap : Number.MAX_VALUE);
  }
  return Math.min(sum, Number.MAX_VALUE);
}

export function wassersteinNormedOfCells(cells: PooledCells): number | null {
  const largest = largestMagnitude(cells.values);
  // Both distance and spread shrink by the same factor.
  if (largest > SAFE_MAGNITUDE) {
    const scaled = { ...cells, values: cells.values.map((v) => v / largest) };
    const distance = wassersteinOfCells(scaled);
    return distance === null
      ? null
      : Math.min(MAX_NORMED, distance / Math.max(referenceSpread(scaled), Number.MIN_VALUE));
  }
  const distance = wassersteinOfCells(cells);
  return distance === null
    ? null
    : Math.min(MAX_NORMED, distance / Math.max(referenceSpread(cells), MIN_SPREAD));
}

function largestMagnitude(ascending: Float64Array): number {
  return Math.max(Math.abs(ascending[0] ?? 0), Math.abs(ascending[ascending.length - 1] ?? 0));
}

/** Population σ of the reference; two passes around the first value, so that a large offset costs no digits. */
export function referenceSpread(cells: PooledCells): number {
  const { values, reference, referenceCount: n } = cells;
  const origin = values[0] ?? 0;
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += reference[i]! * (values[i]! - origin);
  const mean = origin + sum / n;
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    const deviation = values[i]! - mean;
    squares += reference[i]! * deviation * deviation;
  }
  return Math.sqrt(squares / n);
}
