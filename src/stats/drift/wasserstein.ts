import { finiteSorted } from './quantile-bins.ts';
import type { PooledCells } from './value-cells.ts';
import { poolSorted } from './value-cells.ts';

/** The reference's spread never counts as less than this, as in Evidently: a constant column stays finite. */
export const MIN_SPREAD = 0.001;

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
  let left = 0;
  let right = 0;
  let sum = 0;
  for (let i = 0; i + 1 < cells.values.length; i++) {
    left += cells.reference[i]!;
    right += cells.current[i]!;
    const gap = cells.values[i + 1]! - cells.values[i]!;
    sum += Math.abs(left / cells.referenceCount - right / cells.currentCount) * gap;
  }
  return sum;
}

export function wassersteinNormedOfCells(cells: PooledCells): number | null {
  const distance = wassersteinOfCells(cells);
  return distance === null ? null : finite(distance / Math.max(referenceSpread(cells), MIN_SPREAD));
}

/** Population σ of the reference; two passes around the first value, so that a large offset costs no digits. */
export function referenceSpread(cells: PooledCells): number {
  const n = cells.referenceCount;
  const origin = cells.values[0] ?? 0;
  let sum = 0;
  for (let i = 0; i < cells.values.length; i++) sum += cells.reference[i]! * (cells.values[i]! - origin);
  const mean = sum / n;
  let squares = 0;
  for (let i = 0; i < cells.values.length; i++) {
    squares += cells.reference[i]! * (cells.values[i]! - origin - mean) ** 2;
  }
  return Math.sqrt(squares / n);
}

/** Values near the largest double overflow; the largest double still compares as drift. */
function finite(x: number): number {
  return Number.isFinite(x) ? x : Number.MAX_VALUE;
}
