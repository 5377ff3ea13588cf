import type { DataFile } from '../data-file/open-data-file.ts';
import type { DuckDbSession } from '../duckdb.ts';
import { quoteName } from '../sql-text.ts';
import type { NumberSource } from './number-intervals.ts';

/** A side of a column of numbers, with what is set aside before it is compared. */
export interface NumberSide extends NumberSource {
  readonly rows: number;
  /** NULL and NaN. */
  readonly missing: number;
  readonly infinite: number;
}

const COLUMNS_PER_QUERY = 100;
const SAMPLE_ROWS = 4_096;

/** Counts, ends and a sample of columns of numbers, in one pass over the file for each. */
export async function describeNumbers(
  session: DuckDbSession,
  file: DataFile,
  columns: readonly string[],
): Promise<NumberSide[]> {
  const sides: NumberSide[] = [];
  const table = quoteName(file.table);
  for (let at = 0; at < columns.length; at += COLUMNS_PER_QUERY) {
    const part = columns.slice(at, at + COLUMNS_PER_QUERY);
    const read = `SELECT ${part.map((sql, i) => `${sql} AS v${String(i)}`).join(', ')} FROM ${table}`;
    // Aggregates with a FILTER each take twice as long as those of a column that is NULL where it doesn't count.
    const finite = part.map(
      (_, i) => `CASE WHEN isfinite(v${String(i)}) THEN v${String(i)} END AS f${String(i)}`,
    );
    const infinite = part.map((_, i) => `coalesce(isinf(v${String(i)}), false) AS i${String(i)}`);
    const counts = part.map((_, i) => {
      const f = `f${String(i)}`;
      return `count(${f})::DOUBLE, count_if(i${String(i)})::DOUBLE, coalesce(min(${f}), 0), coalesce(max(${f}), 0)`;
    });
    const facts = await session.numbers(
      `SELECT ${counts.join(', ')} FROM (SELECT ${[...finite, ...infinite].join(', ')} FROM (${read}))`,
    );
    const values = part.map((_, i) => `coalesce(v${String(i)}, 'nan'::DOUBLE)`);
    const samples = await session.numbers(
      `SELECT ${values.join(', ')} FROM (${read}) USING SAMPLE reservoir(${String(SAMPLE_ROWS)} ROWS) REPEATABLE (1)`,
    );
    part.forEach((sql, i) => {
      const [count, infinities, min, max] = [0, 1, 2, 3].map((k) => facts[4 * i + k]?.[0] ?? 0);
      sides.push({
        table,
        sql,
        rows: file.rows,
        count: count!,
        infinite: infinities!,
        missing: file.rows - count! - infinities!,
        min: min!,
        max: max!,
        sample: samples[i]!.filter(Number.isFinite),
      });
    });
  }
  return sides;
}

/** All values of columns of numbers, NaN where there is none: for tables with few rows. */
export async function readNumbers(
  session: DuckDbSession,
  file: DataFile,
  columns: readonly string[],
): Promise<Float64Array[]> {
  const all: Float64Array[] = [];
  for (let at = 0; at < columns.length; at += COLUMNS_PER_QUERY) {
    const part = columns.slice(at, at + COLUMNS_PER_QUERY);
    const list = part.map((sql) => `coalesce(${sql}, 'nan'::DOUBLE)`).join(', ');
    all.push(...(await session.numbers(`SELECT ${list} FROM ${quoteName(file.table)}`)));
  }
  return all;
}

/** How often each finite value of a column occurs, ascending. */
export async function countNumbers(
  session: DuckDbSession,
  source: NumberSource,
): Promise<{ readonly values: Float64Array; readonly counts: Float64Array }> {
  const [values, counts] = await session.numbers(
    `SELECT v, count(*)::DOUBLE FROM (SELECT ${source.sql} AS v FROM ${source.table}) WHERE isfinite(v) GROUP BY v ORDER BY v`,
  );
  return { values: values!, counts: counts! };
}
