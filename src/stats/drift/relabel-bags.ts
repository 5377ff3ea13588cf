import type { SeededRandom } from '../distributions/seeded-random.ts';
import type { Relabel } from './permute-cells.ts';
import type { RowBags } from './row-bags.ts';

/** Relabels whole bags, as many to each side as it has; how many rows that is varies with the bags. */
export function createBagRelabelling(
  bags: RowBags,
  pooled: ArrayLike<number>,
  random: SeededRandom,
): Relabel {
  const { starts, cells, referenceBags, currentBags } = bags;
  const order = Uint32Array.from({ length: referenceBags + currentBags }, (_, i) => i);
  const drawReference = referenceBags <= currentBags;
  const draws = Math.min(referenceBags, currentBags);
  return (reference, current) => {
    const drawn = drawReference ? reference : current;
    const other = drawReference ? current : reference;
    drawn.fill(0);
    let rows = 0;
    for (let i = 0; i < draws; i++) {
      const pick = i + random.below(order.length - i);
      const bag = order[pick]!;
      order[pick] = order[i]!;
      order[i] = bag;
      const end = starts[bag + 1]!;
      for (let row = starts[bag]!; row < end; row++) {
        const cell = cells[row]!;
        drawn[cell] = drawn[cell]! + 1;
      }
      rows += end - starts[bag]!;
    }
    for (let cell = 0; cell < pooled.length; cell++) other[cell] = pooled[cell]! - drawn[cell]!;
    return drawReference ? rows : cells.length - rows;
  };
}
