/** Fewer values are sorted faster by comparing them. */
const MIN_VALUES = 2_048;
const DIGIT_BITS = 11;
const DIGITS = 2 ** DIGIT_BITS;
const MASK = DIGITS - 1;
/** Of the 32 bits by which the values are distributed. */
const PASSES = 3;
const SIGN = 0x80000000;
/** So many steps a value, on average, may be left to mend what lies below the 32 bits. */
const STEPS_PER_VALUE = 8;

/**
 * Sorts numbers in place, ascending, none of them NaN; 0 and −0 count as equal. A radix sort by those 32 bits of the doubles
 * that tell most between the smallest and the largest value, and an insertion sort for what they leave: a fifth of the
 * time of comparing them.
 * @param scratch of at least as many values, to be overwritten
 */
export function sortNumbers(values: Float64Array, scratch?: Float64Array): void {
  const n = values.length;
  if (n < MIN_VALUES) {
    values.sort();
    return;
  }
  const bits = tellingBits(values);
  let from = wordsOf(values, n);
  let to = wordsOf(scratch ?? new Float64Array(n), n);
  const starts = startsOfDigits(from, bits);
  for (let pass = 0; pass < PASSES; pass++) {
    const start = starts.subarray(pass * DIGITS, (pass + 1) * DIGITS);
    if (isOneDigit(start, n)) continue;
    distribute(from, to, start, pass * DIGIT_BITS, bits);
    [from, to] = [to, from];
  }
  restore(from, wordsOf(values, n), bits);
  if (!insertionSort(values, STEPS_PER_VALUE * n)) values.sort();
}

/** Low and high word of each double. */
function wordsOf(values: Float64Array, n: number): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, 2 * n);
}

/** Which 32 bits of (order − smallest order): those of the high word moved up, and of the low word moved down. */
interface TellingBits {
  readonly smallestHigh: number;
  readonly smallestLow: number;
  readonly up: number;
  readonly down: number;
  readonly keep: number;
}

function tellingBits(values: Float64Array): TellingBits {
  let [min, max] = [values[0]!, values[0]!];
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  // No comparison decides between 0 and −0, but the order of their bits does.
  const smallest = orderOf(min === 0 ? -0 : min);
  const span = (orderOf(max === 0 ? 0 : max) - smallest).toString(2).length;
  const down = Math.max(0, span - 32);
  return {
    smallestHigh: Number(smallest >> 32n) | 0,
    smallestLow: Number(smallest & 0xffffffffn) | 0,
    // Shifts are modulo 32; with 32 to go the high word is taken as it is, with none it is 0.
    up: (32 - down) % 32,
    down: down % 32,
    keep: down === 32 ? 0 : -1,
  };
}

/** Doubles as whole numbers of the same order: all bits of a negative one are flipped, the sign of the others. */
function orderOf(value: number): bigint {
  const bits = new BigInt64Array(Float64Array.of(value).buffer)[0]!;
  return BigInt.asUintN(64, bits < 0n ? ~bits : bits ^ (1n << 63n));
}

/**
 * Turns the bits of doubles into their order above the smallest, and says where the values with each digit begin in
 * each pass.
 */
function startsOfDigits(words: Int32Array, bits: TellingBits): Uint32Array {
  const { smallestHigh, smallestLow, up, down, keep } = bits;
  const starts = new Uint32Array(PASSES * DIGITS);
  for (let i = 0; i < words.length; i += 2) {
    const flip = words[i + 1]! >> 31;
    const orderLow = words[i]! ^ flip;
    const borrow = orderLow >>> 0 < smallestLow >>> 0 ? 1 : 0;
    const low = (orderLow - smallestLow) | 0;
    const high = ((words[i + 1]! ^ (flip | SIGN)) - smallestHigh - borrow) | 0;
    words[i] = low;
    words[i + 1] = high;
    const telling = (high << up) | ((low & keep) >>> down);
    starts[telling & MASK]! += 1;
    starts[DIGITS + ((telling >>> DIGIT_BITS) & MASK)]! += 1;
    starts[2 * DIGITS + (telling >>> (2 * DIGIT_BITS))]! += 1;
  }
  for (let first = 0; first < starts.length; first += DIGITS) {
    let before = 0;
    for (let digit = first; digit < first + DIGITS; digit++) {
      const count = starts[digit]!;
      starts[digit] = before;
      before += count;
    }
  }
  return starts;
}

/** Whether all n values have the same digit: the digits up to it begin at 0, those after it at n. */
function isOneDigit(start: Uint32Array, n: number): boolean {
  for (const before of start) if (before !== 0) return before === n;
  return true;
}

function distribute(
  from: Int32Array,
  to: Int32Array,
  next: Uint32Array,
  shift: number,
  { up, down, keep }: TellingBits,
): void {
  for (let i = 0; i < from.length; i += 2) {
    const low = from[i]!;
    const high = from[i + 1]!;
    const digit = (((high << up) | ((low & keep) >>> down)) >>> shift) & MASK;
    const at = 2 * next[digit]!;
    next[digit]! += 1;
    to[at] = low;
    to[at + 1] = high;
  }
}

/** Turns orders above the smallest into the bits of doubles again. */
function restore(from: Int32Array, to: Int32Array, { smallestHigh, smallestLow }: TellingBits): void {
  for (let i = 0; i < to.length; i += 2) {
    const orderLow = (from[i]! + smallestLow) | 0;
    const carry = orderLow >>> 0 < smallestLow >>> 0 ? 1 : 0;
    const orderHigh = (from[i + 1]! + smallestHigh + carry) | 0;
    const flip = ~(orderHigh >> 31);
    to[i] = orderLow ^ flip;
    to[i + 1] = orderHigh ^ (flip | SIGN);
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
