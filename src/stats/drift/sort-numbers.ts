/** Fewer values are sorted faster by comparing them. */
const MIN_VALUES = 2_048;
const BUCKETS = 1_024;
/** The weight of a bucket's number in a position from −1 to 1, its end still in the last bucket. */
const BUCKETS_A_SIDE = (BUCKETS / 2) * (1 - 2 ** -40);
/** A bucket has a slot for each of its values, but no more of them than stay in a cache. */
const MAX_SLOTS = 2 ** 18;
/** Smaller buckets are left to the insertion sort. */
const MIN_BUCKET = 16;
const SAMPLE = 1_001;
/** So many steps a value, on average, may be left to the insertion sort. */
const STEPS_PER_VALUE = 8;

/**
 * Sorts numbers in place, ascending, none of them NaN; 0 and −0 count as equal. Distributes them over buckets, those of
 * each bucket over slots, and lets an insertion sort mend what is left: a quarter of the time of comparing them.
 * @param scratch of at least as many values, to be overwritten
 */
export function sortNumbers(
  values: Float64Array,
  scratch: Float64Array = new Float64Array(values.length),
): void {
  const n = values.length;
  if (n < MIN_VALUES) {
    values.sort();
    return;
  }
  const ends = distributeOverBuckets(values, scratch);
  const largest = ends.reduce((most, end, i) => Math.max(most, end - (ends[i - 1] ?? 0)), 0);
  const slots = new Int32Array(Math.min(largest, MAX_SLOTS));
  let start = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const end = ends[bucket]!;
    if (end > start) distributeOverSlots(scratch, values, start, end, slots);
    start = end;
  }
  if (!insertionSort(values, STEPS_PER_VALUE * n)) values.sort();
}

/** @returns where each bucket ends in `to` */
function distributeOverBuckets(from: Float64Array, to: Float64Array): Int32Array {
  const n = from.length;
  const { centre, spread } = middleHalf(from);
  const ends = new Int32Array(BUCKETS);
  for (let i = 0; i < n; i++) ends[bucketOf(from[i]!, centre, spread)]! += 1;
  toStarts(ends, BUCKETS, 0);
  for (let i = 0; i < n; i++) {
    const value = from[i]!;
    const bucket = bucketOf(value, centre, spread);
    const at = ends[bucket]!;
    to[at] = value;
    ends[bucket] = at + 1;
  }
  return ends;
}

/**
 * Half of the buckets for the half of the values that lie around the centre, and the rest ever wider, so that a few
 * outliers do not leave all others in one bucket. Ascends with the value but for a rounding error.
 */
function bucketOf(value: number, centre: number, spread: number): number {
  const deviation = value - centre;
  // What is NaN, of infinite values, becomes 0.
  return ((deviation / (Math.abs(deviation) + spread) + 1) * BUCKETS_A_SIDE) & (BUCKETS - 1);
}

/** The median of a sample, and the median distance from it of those that differ from it. */
function middleHalf(values: Float64Array): { readonly centre: number; readonly spread: number } {
  const size = Math.min(values.length, SAMPLE);
  const step = values.length / size;
  const sample = Float64Array.from({ length: size }, (_, i) => values[Math.floor(i * step)]!).sort();
  const centre = sample[size >> 1]!;
  const distances = sample.map((value) => Math.abs(value - centre)).filter((distance) => distance > 0);
  return { centre, spread: distances.sort()[distances.length >> 1] ?? 1 };
}

/** Distributes the values from `start` to `end` over slots of equal width. */
function distributeOverSlots(
  from: Float64Array,
  to: Float64Array,
  start: number,
  end: number,
  slots: Int32Array,
): void {
  let min = from[start]!;
  let max = min;
  for (let i = start + 1; i < end; i++) {
    const value = from[i]!;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const count = Math.min(end - start, slots.length);
  if (min === max || count < MIN_BUCKET) {
    for (let i = start; i < end; i++) to[i] = from[i]!;
    return;
  }
  const perUnit = (count - 1) / (max - min);
  slots.fill(0, 0, count);
  for (let i = start; i < end; i++) slots[((from[i]! - min) * perUnit) | 0]! += 1;
  toStarts(slots, count, start);
  for (let i = start; i < end; i++) {
    const value = from[i]!;
    const slot = ((value - min) * perUnit) | 0;
    const at = slots[slot]!;
    to[at] = value;
    slots[slot] = at + 1;
  }
}

/** Turns the first counts into where each begins, the first at `start`. */
function toStarts(counts: Int32Array, length: number, start: number): void {
  let before = start;
  for (let i = 0; i < length; i++) {
    const count = counts[i]!;
    counts[i] = before;
    before += count;
  }
}

/** @returns false where it would take more steps, with the same values in some order */
function insertionSort(values: Float64Array, steps: number): boolean {
  let left = steps;
  for (let i = 1; i < values.length; i++) {
    const value = values[i]!;
    let at = i;
    while (at > 0 && values[at - 1]! > value) {
      values[at] = values[at - 1]!;
      at--;
    }
    values[at] = value;
    left -= i - at;
    if (left < 0) return false;
  }
  return true;
}
