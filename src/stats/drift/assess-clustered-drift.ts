import type { ColumnDriftVerdict } from './assess-column-drift.ts';
import { assessCells, limitCells } from './assess-column-drift.ts';
import { pairColumn } from './column-sample.ts';
import type { DriftPolicy } from './drift-policy.ts';
import { effectiveRows } from './effective-rows.ts';
import { bagRows, NO_CELL } from './row-bags.ts';
import type { RowKey } from './row-bags.ts';
import type { PooledCells } from './value-cells.ts';

/** A sample of numbers, and whom each is of; without keys each is of somebody else. */
export interface KeyedNumbers {
  readonly values: ArrayLike<number | null | undefined>;
  readonly keys: ArrayLike<RowKey> | null;
}

/**
 * `assessColumnDrift` of numbers of which those of one key are alike, such as the requests of one user: a thousand
 * requests of twenty users tell of an age as much as twenty. The rows are what is compared, as there; but what chance
 * does is told by relabelling whole keys (a cluster permutation test), and rows count towards `minSamples` as as many
 * independent ones would tell as much (`effectiveRows`).
 *
 * Keys must be exchangeable: those of either side come independently from one population. Keys whose rows are fewer
 * on one side, because its time was shorter, or that come on both sides, make it alarm hardly more or less often
 * (test/unit/stats/clustered-drift.test.ts). One row of each key would not do: the longer a time, the more of the keys
 * that come rarely it has.
 */
export function assessClusteredDrift(
  reference: KeyedNumbers,
  current: KeyedNumbers,
  policy: DriftPolicy = {},
): ColumnDriftVerdict {
  const pair = pairColumn({ kind: 'numeric', reference: reference.values, current: current.values });
  // Of numbers the cells have values.
  const cells = limitCells(pair.cells) as PooledCells;
  const keys = { reference: reference.keys, current: current.keys };
  const bags = bagRows(keys, {
    reference: cellsOfRows(reference.values, cells.reference),
    current: cellsOfRows(current.values, cells.current),
  });
  const presence = bagRows(keys, {
    reference: missingOfRows(reference.values),
    current: missingOfRows(current.values),
  });
  return assessCells({ ...pair, cells }, policy, {
    bags: bags && { rows: bags, effective: effectiveRows(cells, bags) },
    presence,
  });
}

/** The cell of each row, of ascending cells with so many rows of its side each; NO_CELL where there is no finite value. */
function cellsOfRows(values: KeyedNumbers['values'], counts: ArrayLike<number>): Int32Array {
  const finite = Array.from({ length: values.length }, (_, row) => row).filter((row) =>
    Number.isFinite(values[row]),
  );
  finite.sort((a, b) => Number(values[a]) - Number(values[b]));
  const cells = new Int32Array(values.length).fill(NO_CELL);
  let cell = 0;
  let upTo = counts[0] ?? 0;
  finite.forEach((row, rank) => {
    while (rank >= upTo) upTo += counts[++cell]!;
    cells[row] = cell;
  });
  return cells;
}

/** 1 for each row without a value, 0 for one with. */
function missingOfRows(values: KeyedNumbers['values']): Int32Array {
  return Int32Array.from({ length: values.length }, (_, row) =>
    Number(Number.isNaN(values[row] ?? Number.NaN)),
  );
}
