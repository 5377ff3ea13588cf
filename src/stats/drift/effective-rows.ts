import { designEffect } from '../canary/design-effect.ts';
import type { BaggedRows, RowBags } from './row-bags.ts';
import type { PooledCells } from './value-cells.ts';

/**
 * As many independent rows as each side's rows tell as much, at most as many as there are. How alike the rows of one bag are is told from their middle ranks in the pooled sample, which outliers don't sway, by
 * the design effect of a mean. Where all values of a side are equal nothing tells it, and each bag is taken to say one
 * thing: Kish's effective size, (Σ n)² / Σ n².
 */
export function effectiveRows(cells: PooledCells, bags: RowBags): BaggedRows['effective'] {
  const ranks = middleRanks(cells);
  return {
    reference: effective(bags, 0, bags.referenceBags, ranks),
    current: effective(bags, bags.referenceBags, bags.referenceBags + bags.currentBags, ranks),
  };
}

/** Where each cell lies among all pooled rows, from 0 to 1. */
function middleRanks({ reference, current, referenceCount, currentCount }: PooledCells): Float64Array {
  const total = referenceCount + currentCount;
  let below = 0;
  return reference.map((count, i) => {
    const rows = count + current[i]!;
    const middle = (below + rows / 2) / total;
    below += rows;
    return middle;
  });
}

function effective(bags: RowBags, from: number, to: number, ranks: Float64Array): number {
  const { starts, cells } = bags;
  const count = starts[to]! - starts[from]!;
  if (count === 0) return 0;
  let sum = 0;
  for (let row = starts[from]!; row < starts[to]!; row++) sum += ranks[cells[row]!]!;
  const mean = sum / count;
  let spread = 0;
  let squares = 0;
  let sizes = 0;
  for (let bag = from; bag < to; bag++) {
    let above = 0;
    for (let row = starts[bag]!; row < starts[bag + 1]!; row++) {
      const rank = ranks[cells[row]!]! - mean;
      above += rank;
      spread += rank * rank;
    }
    squares += above * above;
    sizes += (starts[bag + 1]! - starts[bag]!) ** 2;
  }
  if (spread === 0) return (count * count) / sizes;
  return count / designEffect({ count, sum: 0, sumSquares: spread, keys: to - from, squares });
}
