import type { PooledCells } from './value-cells.ts';
import { coarsenCells } from './value-cells.ts';

/**
 * Two samples summed up over ascending, disjoint intervals, as a grouping query delivers them; an interval whose ends are
 * equal is one value. Sums and ends are counted from `origin`, so that a large offset costs no digits.
 */
export interface IntervalCells {
  readonly origin: number;
  /** What the maker calls each interval; NaN for one that has been opened. */
  readonly key: Float64Array;
  /** Smallest and largest value of either side in the interval. */
  readonly low: Float64Array;
  readonly high: Float64Array;
  readonly reference: Float64Array;
  readonly current: Float64Array;
  /** Σ (value − origin) of each side. */
  readonly referenceSum: Float64Array;
  readonly currentSum: Float64Array;
  readonly referenceCount: number;
  readonly currentCount: number;
  /** Population σ of the reference. */
  readonly referenceSpread: number;
  /** 1 where both sides hold the very same values in the interval; null when nobody has looked. */
  readonly same: Uint8Array | null;
}

/**
 * The intervals whose inside must be known for exact measures: where the distribution functions may cross
 * (Wasserstein) or be farthest apart (Kolmogorov-Smirnov), where one of `bins` reference quantiles lies, and where one
 * of `limit` pooled cells ends. None are left once the opened ones are replaced by their values, after a round or two.
 */
export function intervalsToOpen(cells: IntervalCells, bins: number, limit: number): number[] {
  const closed = Array.from(cells.low.keys()).filter((i) => cells.low[i]! < cells.high[i]!);
  if (closed.length === 0) return [];
  // So few intervals may hold fewer values than `limit`, which are then judged one by one.
  if (cells.low.length <= limit) return closed;
  const must = new Set([...quantileRanks(cells, bins), ...cellEnds(cells, limit), ...crossings(cells)]);
  return closed.filter((i) => must.has(i));
}

/** Where D = F_reference − F_current may change its sign or be farthest from zero inside an interval. */
function crossings(cells: IntervalCells): number[] {
  const { reference, current, referenceCount: n, currentCount: m } = cells;
  let left = 0;
  let right = 0;
  let largest = 0;
  for (let i = 0; i < reference.length; i++) {
    left += reference[i]!;
    right += current[i]!;
    largest = Math.max(largest, Math.abs(left / n - right / m));
  }
  left = 0;
  right = 0;
  const found: number[] = [];
  for (let i = 0; i < reference.length; i++) {
    // All of one side first, then all of the other: the bounds of D inside.
    const most = (left + reference[i]!) / n - right / m;
    const least = left / n - (right + current[i]!) / m;
    left += reference[i]!;
    right += current[i]!;
    if (n === m && cells.same?.[i] === 1) continue;
    if ((most > 0 && least < 0) || Math.max(most, -least) >= largest) found.push(i);
  }
  return found;
}

/** The intervals with the order statistics around the reference's inner quantiles, and those between the two. */
function quantileRanks(cells: IntervalCells, bins: number): number[] {
  const { reference, referenceCount: n } = cells;
  const found: number[] = [];
  let i = 0;
  let upTo = reference[0]!;
  for (let b = 1; b < bins; b++) {
    const below = Math.floor((b / bins) * (n - 1));
    while (upTo <= below) upTo += reference[++i]!;
    let next = i;
    if (upTo <= below + 1 && below + 1 < n) {
      next = i + 1;
      while (reference[next] === 0) next++;
    }
    for (let k = i; k <= next; k++) found.push(k);
  }
  return found;
}

/** Intervals in which one of `limit` cells of nearly equal pooled count ends and another begins. */
function cellEnds(cells: IntervalCells, limit: number): number[] {
  const total = cells.referenceCount + cells.currentCount;
  const slot = (rank: number): number => Math.min(limit - 1, Math.floor((rank / total) * limit));
  const ends: number[] = [];
  let before = 0;
  for (let i = 0; i < cells.low.length; i++) {
    const count = cells.reference[i]! + cells.current[i]!;
    if (slot(before + 0.5) !== slot(before + count - 0.5)) ends.push(i);
    before += count;
  }
  return ends;
}

/** Puts the values of opened intervals, ascending over all of them, in place of the intervals. */
export function openIntervals(
  cells: IntervalCells,
  opened: readonly number[],
  values: Pick<PooledCells, 'values' | 'reference' | 'current'>,
): IntervalCells {
  const size = cells.low.length - opened.length + values.values.length;
  const key = new Float64Array(size).fill(Number.NaN);
  const low = new Float64Array(size);
  const high = new Float64Array(size);
  const reference = new Float64Array(size);
  const current = new Float64Array(size);
  const referenceSum = new Float64Array(size);
  const currentSum = new Float64Array(size);
  const same = cells.same === null ? null : new Uint8Array(size);
  const isOpened = new Set(opened);
  let to = 0;
  let v = 0;
  for (let i = 0; i < cells.low.length; i++) {
    if (!isOpened.has(i)) {
      key[to] = cells.key[i]!;
      low[to] = cells.low[i]!;
      high[to] = cells.high[i]!;
      reference[to] = cells.reference[i]!;
      current[to] = cells.current[i]!;
      referenceSum[to] = cells.referenceSum[i]!;
      currentSum[to] = cells.currentSum[i]!;
      if (same !== null) same[to] = cells.same![i]!;
      to++;
      continue;
    }
    while (v < values.values.length && values.values[v]! <= cells.high[i]!) {
      const value = values.values[v]!;
      low[to] = value;
      high[to] = value;
      reference[to] = values.reference[v]!;
      current[to] = values.current[v]!;
      referenceSum[to] = values.reference[v]! * (value - cells.origin);
      currentSum[to] = values.current[v]! * (value - cells.origin);
      to++;
      v++;
    }
  }
  return { ...cells, key, low, high, reference, current, referenceSum, currentSum, same };
}

/** First Wasserstein distance; within an interval |∫ D| = ∫ |D|, because intervals with a crossing have been opened. */
export function wassersteinOfIntervals(cells: IntervalCells): number {
  const { origin, low, high, reference, current, referenceCount: n, currentCount: m } = cells;
  let left = 0;
  let right = 0;
  let sum = 0;
  for (let i = 0; i < low.length; i++) {
    const top = high[i]!;
    if (low[i]! < top) {
      const inside = reference[i]! * (top - origin) - cells.referenceSum[i]!;
      const outside = current[i]! * (top - origin) - cells.currentSum[i]!;
      sum += Math.abs((left / n - right / m) * (top - low[i]!) + inside / n - outside / m);
    }
    left += reference[i]!;
    right += current[i]!;
    if (i + 1 < low.length) sum += Math.abs(left / n - right / m) * (low[i + 1]! - top);
  }
  return sum;
}

/** As cells of one value each: right for everything that asks only how many values lie below a bound between them. */
export function cellsAtLow(cells: IntervalCells): PooledCells {
  const { low, reference, current, referenceCount, currentCount } = cells;
  return { values: low, reference, current, referenceCount, currentCount };
}

/** At most `limit` cells with the mean of their values: equal to `coarsenCells` of the values themselves. */
export function coarsenIntervals(cells: IntervalCells, limit: number): PooledCells {
  const values = cells.low.map((low, i) => {
    if (low === cells.high[i]) return low;
    const count = cells.reference[i]! + cells.current[i]!;
    return cells.origin + (cells.referenceSum[i]! + cells.currentSum[i]!) / count;
  });
  return coarsenCells({ ...cellsAtLow(cells), values }, limit);
}
