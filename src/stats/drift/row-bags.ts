/** Whom a row is of, such as a user: rows of one key are alike. */
export type RowKey = string | number;

/** The keys of both samples, row by row; null where each row is a key of its own. */
interface RowKeys {
  readonly reference: ArrayLike<RowKey> | null;
  readonly current: ArrayLike<RowKey> | null;
}

/**
 * The rows of one key on one side make a bag: they get their label together. A key that both sides have makes two. The
 * rows of bag i lie in the cells `cells[starts[i]]` to `cells[starts[i + 1] - 1]`; the reference's bags come first.
 */
export interface RowBags {
  readonly starts: Uint32Array;
  readonly cells: Uint32Array;
  readonly referenceBags: number;
  readonly currentBags: number;
}

/** A row that is set aside has no cell. */
export const NO_CELL = -1;

/** Rows that are alike, in bags, and how many independent ones they amount to on each side. */
export interface BaggedRows {
  readonly rows: RowBags;
  readonly effective: { readonly reference: number; readonly current: number };
}

/** @param cells for each row of a side its cell, or NO_CELL; null when no key has two rows, so that rows are bags */
export function bagRows(
  keys: RowKeys,
  cells: { readonly reference: Int32Array; readonly current: Int32Array },
): RowBags | null {
  const left = bagsOf(keys.reference, cells.reference);
  const right = bagsOf(keys.current, cells.current);
  const bags = [...left, ...right];
  if (bags.every((bag) => bag.length === 1)) return null;
  const starts = new Uint32Array(bags.length + 1);
  bags.forEach((bag, i) => (starts[i + 1] = starts[i]! + bag.length));
  const flat = new Uint32Array(starts[bags.length]!);
  bags.forEach((bag, i) => {
    flat.set(bag, starts[i]);
  });
  return { starts, cells: flat, referenceBags: left.length, currentBags: right.length };
}

function bagsOf(keys: ArrayLike<RowKey> | null, cells: Int32Array): number[][] {
  const bags = new Map<RowKey, number[]>();
  for (let row = 0; row < cells.length; row++) {
    const cell = cells[row]!;
    if (cell === NO_CELL) continue;
    const key = keys?.[row] ?? row;
    const bag = bags.get(key);
    if (bag === undefined) bags.set(key, [cell]);
    else bag.push(cell);
  }
  return [...bags.values()];
}
