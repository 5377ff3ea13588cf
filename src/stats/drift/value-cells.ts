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

/**
 * At most `limit` cells of nearly equal pooled count; a cell's value is the mean of what it holds. Depends on the
 * pooled sample only, never on which side a value came from, so that permutation tests on the cells stay exact.
 */
export function coarsenCells(cells: PooledCells, limit: number): PooledCells {
  if (cells.values.length <= limit) return cells;
  const total = cells.referenceCount + cells.currentCount;
  const values = new Float64Array(limit);
  const reference = new Float64Array(limit);
  const current = new Float64Array(limit);
  let cumulative = 0;
  let last = -1;
  let size = 0;
  let weight = 0;
  for (let i = 0; i < cells.values.length; i++) {
    const count = cells.reference[i]! + cells.current[i]!;
    if (count === 0) continue;
    const slot = Math.min(limit - 1, Math.floor(((cumulative + count / 2) / total) * limit));
    if (slot !== last) {
      last = slot;
      weight = 0;
      size++;
    }
    weight += count;
    const at = size - 1;
    values[at] = values[at]! + ((cells.values[i]! - values[at]!) * count) / weight;
    reference[at] = reference[at]! + cells.reference[i]!;
    current[at] = current[at]! + cells.current[i]!;
    cumulative += count;
  }
  return {
    values: values.subarray(0, size),
    reference: reference.subarray(0, size),
    current: current.subarray(0, size),
    referenceCount: cells.referenceCount,
    currentCount: cells.currentCount,
  };
}

function ones(like: ArrayLike<number>): Uint8Array {
  return new Uint8Array(like.length).fill(1);
}
