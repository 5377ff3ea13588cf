import type { SetAside } from '../../stats/index.ts';
import { sortNumbers } from '../../stats/index.ts';
import type { DataFile } from '../data-file/open-data-file.ts';
import type { DuckDbSession } from '../duckdb.ts';
import { quoteName } from '../sql-text.ts';
import type { PairedColumn } from './pair-columns.ts';

/** One side of a column of numbers. */
export interface SortedSide {
  /** The finite ones, ascending; they stay until the next pair is asked for. */
  readonly values: Float64Array;
  readonly aside: SetAside;
}

export type SortedPair = readonly [reference: SortedSide, current: SortedSide];

/** Columns are read together until so many values are held, because each reading of a file has its price. */
const VALUES_AT_ONCE = 2 ** 23;
const MAX_COLUMNS_AT_ONCE = 100;

/**
 * Both sides of columns of numbers, one column after the other. A value takes 8 bytes of memory, and as many again
 * while its side is sorted.
 */
export async function* sortedPairs(
  session: DuckDbSession,
  [reference, current]: readonly [DataFile, DataFile],
  columns: readonly PairedColumn[],
): AsyncGenerator<SortedPair> {
  const rows = reference.rows + current.rows;
  const fitting = Math.max(1, Math.floor(VALUES_AT_ONCE / Math.max(1, rows)));
  const together = Math.min(columns.length, MAX_COLUMNS_AT_ONCE, fitting);
  const left = Array.from({ length: together }, () => new NumberBuffer(reference.rows));
  const right = Array.from({ length: together }, () => new NumberBuffer(current.rows));
  const scratch = new Float64Array(Math.max(reference.rows, current.rows));
  for (let at = 0; at < columns.length; at += together) {
    const part = columns.slice(at, at + together);
    await read(
      session,
      reference,
      part.map(({ sql }) => sql[0]),
      left,
    );
    await read(
      session,
      current,
      part.map(({ sql }) => sql[1]),
      right,
    );
    for (let i = 0; i < part.length; i++) yield [left[i]!.sorted(scratch), right[i]!.sorted(scratch)];
  }
}

async function read(
  session: DuckDbSession,
  file: DataFile,
  columns: readonly string[],
  buffers: readonly NumberBuffer[],
): Promise<void> {
  for (const buffer of buffers) buffer.clear();
  // A double that is NULL costs far more than one that is NaN.
  const list = columns.map((sql) => `coalesce(${sql}, 'nan'::DOUBLE)`).join(', ');
  await session.scan(`SELECT ${list} FROM ${quoteName(file.table)}`, (chunk) => {
    for (let i = 0; i < chunk.length; i++) buffers[i]!.add(chunk[i]!);
  });
}

/** Room for the values of one side of a column. */
class NumberBuffer {
  readonly #rows: number;
  readonly #finite: Float64Array;
  #count = 0;
  #infinite = 0;

  constructor(rows: number) {
    this.#rows = rows;
    this.#finite = new Float64Array(rows);
  }

  clear(): void {
    this.#count = 0;
    this.#infinite = 0;
  }

  add(values: Float64Array): void {
    const finite = this.#finite;
    let count = this.#count;
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      // What is infinite or NaN is NaN when it is subtracted from itself.
      if (value - value === 0) finite[count++] = value;
      else if (!Number.isNaN(value)) this.#infinite++;
    }
    this.#count = count;
  }

  sorted(scratch: Float64Array): SortedSide {
    const values = this.#finite.subarray(0, this.#count);
    sortNumbers(values, scratch);
    const missing = this.#rows - this.#count - this.#infinite;
    return { values, aside: { rows: this.#rows, missing, infinite: this.#infinite } };
  }
}
