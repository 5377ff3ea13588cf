import type { IntervalCells, PooledCells } from '../../stats/index.ts';
import { intervalsToOpenForDrift, openIntervals } from '../../stats/index.ts';
import type { DuckDbSession } from '../duckdb.ts';
import { numberGrid } from './number-grid.ts';
import type { NumberGrid } from './number-grid.ts';

/** A column of numbers on one side: a table and the SQL of a value in it. */
export interface NumberSource {
  readonly table: string;
  readonly sql: string;
  /** Finite values, and the ends of them. */
  readonly count: number;
  readonly min: number;
  readonly max: number;
  /** Some of the finite values. */
  readonly sample: Float64Array;
}

/** Intervals for so many rows that about one value in twenty has to be looked at by itself. */
const INTERVALS_PER_ROOT = 24;
const MIN_INTERVALS = 4_096;

/**
 * Sums up both sides of a column in one grouping query each, and fetches only the values in intervals whose inside
 * matters. Both sides hold finite values.
 */
export async function summariseNumbers(
  session: DuckDbSession,
  reference: NumberSource,
  current: NumberSource,
): Promise<IntervalCells> {
  const sample = new Float64Array(reference.sample.length + current.sample.length);
  sample.set(reference.sample);
  sample.set(current.sample, reference.sample.length);
  const min = Math.min(reference.min, current.min);
  const max = Math.max(reference.max, current.max);
  // Null rows may have used up the sample.
  const sorted = sample.length > 0 ? sample.sort() : Float64Array.of(min, max);
  const wanted = Math.max(MIN_INTERVALS, INTERVALS_PER_ROOT * Math.sqrt(reference.count + current.count));
  const grid = numberGrid(sorted, min, max, 2 ** Math.round(Math.log2(wanted)));
  let cells = merge(grid.origin, await group(session, reference, grid), await group(session, current, grid));
  for (;;) {
    const open = intervalsToOpenForDrift(cells);
    if (open.length === 0) return cells;
    const keys = open.map((i) => cells.key[i]!);
    cells = openIntervals(cells, open, await valuesIn(session, reference, current, grid, keys));
  }
}

interface Grouped {
  readonly key: Float64Array;
  readonly low: Float64Array;
  readonly high: Float64Array;
  readonly count: Float64Array;
  readonly sum: Float64Array;
  readonly squares: Float64Array;
  /** Sum of hashes: equal when the values are. */
  readonly print: Float64Array;
}

async function group(session: DuckDbSession, source: NumberSource, grid: NumberGrid): Promise<Grouped> {
  const shift = `(v - '${String(grid.origin)}'::DOUBLE)`;
  const [key, low, high, count, sum, squares, print] = await session.numbers(
    `SELECT k::DOUBLE, min(v), max(v), count(*)::DOUBLE, sum(${shift}), sum(${shift} * ${shift}),
       sum((hash(v) >> 32)::UINTEGER)::DOUBLE
     FROM (SELECT v, ${grid.sql('v')} AS k FROM (SELECT ${source.sql} AS v FROM ${source.table}) WHERE isfinite(v))
     GROUP BY k ORDER BY k`,
  );
  return { key: key!, low: low!, high: high!, count: count!, sum: sum!, squares: squares!, print: print! };
}

function merge(origin: number, left: Grouped, right: Grouped): IntervalCells {
  const most = left.key.length + right.key.length;
  const arrays = {
    key: new Float64Array(most),
    low: new Float64Array(most),
    high: new Float64Array(most),
    reference: new Float64Array(most),
    current: new Float64Array(most),
    referenceSum: new Float64Array(most),
    currentSum: new Float64Array(most),
  };
  const same = new Uint8Array(most);
  let [i, j, size] = [0, 0, 0];
  while (i < left.key.length || j < right.key.length) {
    const key = Math.min(left.key[i] ?? Infinity, right.key[j] ?? Infinity);
    const [a, b] = [left.key[i] === key ? i++ : -1, right.key[j] === key ? j++ : -1];
    arrays.key[size] = key;
    arrays.low[size] = Math.min(left.low[a] ?? Infinity, right.low[b] ?? Infinity);
    arrays.high[size] = Math.max(left.high[a] ?? -Infinity, right.high[b] ?? -Infinity);
    arrays.reference[size] = left.count[a] ?? 0;
    arrays.current[size] = right.count[b] ?? 0;
    arrays.referenceSum[size] = left.sum[a] ?? 0;
    arrays.currentSum[size] = right.sum[b] ?? 0;
    same[size] = Number(left.count[a] === right.count[b] && left.print[a] === right.print[b]);
    size++;
  }
  const cut = (array: Float64Array): Float64Array => array.subarray(0, size);
  const n = total(left.count);
  const mean = total(left.sum) / n;
  return {
    origin,
    key: cut(arrays.key),
    low: cut(arrays.low),
    high: cut(arrays.high),
    reference: cut(arrays.reference),
    current: cut(arrays.current),
    referenceSum: cut(arrays.referenceSum),
    currentSum: cut(arrays.currentSum),
    referenceCount: n,
    currentCount: total(right.count),
    // The origin is near the median, which lies within one σ of the mean: no digits are lost.
    referenceSpread: Math.sqrt(Math.max(0, total(left.squares) / n - mean * mean)),
    same: same.subarray(0, size),
  };
}

async function valuesIn(
  session: DuckDbSession,
  reference: NumberSource,
  current: NumberSource,
  grid: NumberGrid,
  keys: readonly number[],
): Promise<Pick<PooledCells, 'values' | 'reference' | 'current'>> {
  await session.run(
    `CREATE OR REPLACE TEMP TABLE opened_intervals AS SELECT unnest([${keys.join(', ')}])::INTEGER AS k`,
  );
  const side = (source: NumberSource, counts: string): string =>
    `SELECT v, ${counts} FROM (SELECT ${source.sql} AS v FROM ${source.table})
       SEMI JOIN opened_intervals ON k = ${grid.sql('v')} WHERE isfinite(v) GROUP BY v`;
  const [values, left, right] = await session.numbers(
    `SELECT v, sum(r)::DOUBLE, sum(c)::DOUBLE FROM (${side(reference, 'count(*) AS r, 0 AS c')} UNION ALL ${side(current, '0 AS r, count(*) AS c')})
     GROUP BY v ORDER BY v`,
  );
  return { values: values!, reference: left!, current: right! };
}

function total(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}
