import { sampleHypergeometric } from '../distributions/hypergeometric.ts';
import type { SeededRandom } from '../distributions/seeded-random.ts';

/** Up to this many rows a permutation shuffles rows; above, it draws each cell's count. Both are exact. */
export const MAX_SHUFFLED_ROWS = 10_000;

/** Refills both sides with a random relabelling of the pooled rows. @returns how many rows are the reference's */
export type Relabel = (reference: Float64Array, current: Float64Array) => number;

/** `pooled[i]` rows lie in cell i; `referenceCount` of all of them get the label "reference", each time. */
export function createRelabelling(
  pooled: Float64Array,
  referenceCount: number,
  random: SeededRandom,
): Relabel {
  let total = 0;
  for (const count of pooled) total += count;
  return total <= MAX_SHUFFLED_ROWS
    ? shuffleRows(pooled, total, referenceCount, random)
    : drawCells(pooled, total, referenceCount, random);
}

function shuffleRows(
  pooled: Float64Array,
  total: number,
  referenceCount: number,
  random: SeededRandom,
): Relabel {
  const rows = new Uint32Array(total);
  for (let cell = 0, at = 0; cell < pooled.length; cell++) {
    const end = at + pooled[cell]!;
    rows.fill(cell, at, end);
    at = end;
  }
  const drawReference = referenceCount * 2 <= total;
  const draws = drawReference ? referenceCount : total - referenceCount;
  return (reference, current) => {
    const drawn = drawReference ? reference : current;
    const other = drawReference ? current : reference;
    drawn.fill(0);
    for (let i = 0; i < draws; i++) {
      const pick = i + random.below(total - i);
      const cell = rows[pick]!;
      rows[pick] = rows[i]!;
      rows[i] = cell;
      drawn[cell] = drawn[cell]! + 1;
    }
    for (let cell = 0; cell < pooled.length; cell++) other[cell] = pooled[cell]! - drawn[cell]!;
    return referenceCount;
  };
}

function drawCells(
  pooled: Float64Array,
  total: number,
  referenceCount: number,
  random: SeededRandom,
): Relabel {
  return (reference, current) => {
    let rowsLeft = total;
    let drawsLeft = referenceCount;
    for (let cell = 0; cell < pooled.length; cell++) {
      const count = pooled[cell]!;
      const drawn = sampleHypergeometric(rowsLeft, count, drawsLeft, random);
      reference[cell] = drawn;
      current[cell] = count - drawn;
      rowsLeft -= count;
      drawsLeft -= drawn;
    }
    return referenceCount;
  };
}
