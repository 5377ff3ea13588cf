import { CoarseCells } from './coarse-cells.ts';

/** How often each distinct finite value occurs, ascending; what a GROUP BY delivers. */
export interface ValueCounts {
  readonly values: ArrayLike<number>;
  readonly counts: ArrayLike<number>;
}

/** Two samples laid over the distinct values of both, ascending. */
export interface PooledCells {
  readonly values: Float64Array;
  readonly reference: Float64Array;
  readonly current: Float64Array;
  readonly referenceCount: number;
  readonly currentCount: number;
}

/** Merges two ascending samples; O(n + m). */
export function poolSorted(reference: ArrayLike<number>, current: ArrayLike<number>): PooledCells {
  return poolValueCounts(
    { values: reference, counts: ones(reference) },
    { values: current, counts: ones(current) },
  );
}

/** Merges two tables of ascending (possibly repeated) values and counts. */
export function poolValueCounts(reference: ValueCounts, current: ValueCounts): PooledCells {
  const most = reference.values.length + current.values.length;
  const values = new Float64Array(most);
  const left = new Float64Array(most);
  const right = new Float64Array(most);
  let i = 0;
  let j = 0;
  let size = 0;
  let referenceCount = 0;
  let currentCount = 0;
  while (i < reference.values.length || j < current.values.length) {
    const a = i < reference.values.length ? reference.values[i]! : Number.POSITIVE_INFINITY;
    const b = j < current.values.length ? current.values[j]! : Number.POSITIVE_INFINITY;
    const value = Math.min(a, b);
    values[size] = value;
    while (i < reference.values.length && reference.values[i] === value) {
      left[size] = left[size]! + reference.counts[i]!;
      i++;
    }
    while (j < current.values.length && current.values[j] === value) {
      right[size] = right[size]! + current.counts[j]!;
      j++;
    }
    referenceCount += left[size]!;
    currentCount += right[size]!;
    size++;
  }
  return {
    values: values.subarray(0, size),
    reference: left.subarray(0, size),
    current: right.subarray(0, size),
    referenceCount,
    currentCount,
  };
}

/** At most `limit` cells, made of more by `CoarseCells`. */
export function coarsenCells(cells: PooledCells, limit: number): PooledCells {
  if (cells.values.length <= limit) return cells;
  const { values, reference, current, referenceCount, currentCount } = cells;
  const coarse = new CoarseCells(referenceCount, currentCount, limit);
  for (let i = 0; i < values.length; i++) coarse.add(values[i]!, reference[i]!, current[i]!);
  return coarse.cells();
}

function ones(like: ArrayLike<number>): Uint8Array {
  return new Uint8Array(like.length).fill(1);
}
