import type { PooledCells } from './value-cells.ts';

/**
 * Makes at most `limit` cells of nearly equal pooled count, of distinct values that come in ascending order; a cell's
 * value is the mean of what it holds. Depends on the pooled sample only, never on which side a value came from, so that
 * permutation tests on the cells stay exact.
 */
export class CoarseCells {
  readonly #referenceCount: number;
  readonly #currentCount: number;
  readonly #limit: number;
  readonly #perRow: number;
  readonly #coarse: Cells;
  /** The first values, each in a cell of its own: all of them, when they are no more than the limit. */
  readonly #single: Cells;
  #distinct = 0;
  #before = 0;
  #slot = -1;
  /** A middle rank below this surely lies in the same slot. */
  #sure = 0;
  #size = 0;
  /** Of the open cell: its first value, how many there are on both sides, and … */
  #first = 0;
  #inReference = 0;
  #inCurrent = 0;
  /** … by how much they are above the first in all, each times its share of all rows, so that no sum overflows. */
  #above = 0;

  constructor(referenceCount: number, currentCount: number, limit: number) {
    this.#referenceCount = referenceCount;
    this.#currentCount = currentCount;
    this.#limit = limit;
    this.#perRow = 1 / (referenceCount + currentCount);
    this.#coarse = emptyCells(limit);
    this.#single = emptyCells(limit);
  }

  /** Takes the next value and how often it occurs on both sides. */
  add(value: number, inReference: number, inCurrent: number): void {
    const count = inReference + inCurrent;
    if (count === 0) return;
    if (this.#distinct < this.#limit) put(this.#single, this.#distinct, value, inReference, inCurrent);
    this.#distinct++;
    const middle = this.#before + count / 2;
    this.#before += count;
    if (middle >= this.#sure) this.#moveTo(middle, value);
    this.#above += (value - this.#first) * (count * this.#perRow);
    this.#inReference += inReference;
    this.#inCurrent += inCurrent;
  }

  #moveTo(middle: number, value: number): void {
    const total = this.#referenceCount + this.#currentCount;
    const slot = Math.min(this.#limit - 1, Math.floor((middle / total) * this.#limit));
    this.#sure = ((slot + 1) / this.#limit) * total - 1;
    if (slot === this.#slot) return;
    this.#close();
    this.#slot = slot;
    this.#first = value;
  }

  /** Puts the open cell to those that are done. */
  #close(): void {
    const count = this.#inReference + this.#inCurrent;
    if (count === 0) return;
    const mean = this.#first + this.#above / (count * this.#perRow);
    put(this.#coarse, this.#size, mean, this.#inReference, this.#inCurrent);
    this.#size++;
    this.#above = this.#inReference = this.#inCurrent = 0;
  }

  cells(): PooledCells {
    this.#close();
    const [made, size] =
      this.#distinct <= this.#limit ? [this.#single, this.#distinct] : [this.#coarse, this.#size];
    return {
      values: made.values.subarray(0, size),
      reference: made.reference.subarray(0, size),
      current: made.current.subarray(0, size),
      referenceCount: this.#referenceCount,
      currentCount: this.#currentCount,
    };
  }
}

type Cells = Pick<PooledCells, 'values' | 'reference' | 'current'>;

function emptyCells(size: number): Cells {
  return {
    values: new Float64Array(size),
    reference: new Float64Array(size),
    current: new Float64Array(size),
  };
}

function put(cells: Cells, at: number, value: number, inReference: number, inCurrent: number): void {
  cells.values[at] = value;
  cells.reference[at] = inReference;
  cells.current[at] = inCurrent;
}
