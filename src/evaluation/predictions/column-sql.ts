import type { Column, DuckDbSession } from '../../data/duckdb.ts';
import { valueTextSql } from '../../data/number-text.ts';
import { quoteName, quoteValue } from '../../data/sql-text.ts';
import { MISSING_SLICE } from '../../stats/index.ts';
import type { SliceCodes } from '../../stats/index.ts';

const FLOATS = /^(FLOAT|DOUBLE|REAL)/;
const NUMBERS = /^(FLOAT|DOUBLE|REAL|DECIMAL|U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER)/;

/** Slices of one key; the largest are kept, as in the evaluations of versions. */
const MAX_SLICES = 1_000;

export function isNumeric(column: Column): boolean {
  return NUMBERS.test(column.type) || column.type === 'BOOLEAN';
}

/** Whether a column can stand for numbers: by its type, or because it has no value at all that would tell. */
export async function holdsNumbers(session: DuckDbSession, table: string, column: Column): Promise<boolean> {
  if (isNumeric(column)) return true;
  const [row] = await session.rows<{ n: number }>(
    `SELECT count(${quoteName(column.name)}) AS n FROM ${quoteName(table)}`,
  );
  return row?.n === 0;
}

/** A column that holds numbers as such; NULL stays NULL. */
export function numberSql(column: Column): string {
  return `TRY_CAST(${quoteName(column.name)} AS DOUBLE)`;
}

/** A column as text that names a class: 1, 1.0 and true are the same, NaN is NULL. */
export function classSql(column: Column): string {
  return column.type === 'BOOLEAN'
    ? `${quoteName(column.name)}::INTEGER::VARCHAR`
    : valueTextSql(column.name, column.type);
}

/** Text of a slice or a group: a missing value is one of its own. */
function sliceSql(column: Column): string {
  const name = quoteName(column.name);
  const known = FLOATS.test(column.type)
    ? `${name} IS NOT NULL AND NOT isnan(${name})`
    : `${name} IS NOT NULL`;
  return `CASE WHEN ${known} THEN ${name}::VARCHAR ELSE ${quoteValue(MISSING_SLICE)} END`;
}

/** A column's values as whole numbers: SQL for the number, and the texts that they stand for. */
export interface Coded {
  readonly sql: string;
  readonly values: readonly string[];
}

/** Codes of the texts that `sql` yields, in their order; NULL for NULL, and for texts that are not among `most` common ones. */
export async function codeTexts(
  session: DuckDbSession,
  table: string,
  sql: string,
  type: string,
  most?: number,
): Promise<Coded> {
  const common = most === undefined ? '' : `ORDER BY count(*) DESC, v LIMIT ${String(most)}`;
  const rows = await session.rows<{ v: string }>(
    `SELECT v FROM (SELECT ${sql} AS v FROM ${quoteName(table)}) WHERE v IS NOT NULL GROUP BY v ${common}`,
  );
  const values = rows.map(({ v }) => v).sort();
  if (values.length === 0) return { sql: 'NULL::DOUBLE', values };
  await session.run(`CREATE TYPE ${quoteName(type)} AS ENUM (${values.map(quoteValue).join(', ')})`);
  return { sql: `enum_code(TRY_CAST(${sql} AS ${quoteName(type)}))`, values };
}

/** Slice codes of one column; `read` turns the SQL into one number per row. */
export async function codeSlices(
  session: DuckDbSession,
  table: string,
  column: Column,
): Promise<Coded & { readonly names: readonly string[] }> {
  const coded = await codeTexts(session, table, sliceSql(column), `slice ${column.name}`, MAX_SLICES);
  return { ...coded, names: coded.values.map((value) => `${column.name}=${value}`) };
}

export function toSliceCodes(key: string, names: readonly string[], codes: Float64Array): SliceCodes {
  const whole = new Int32Array(codes.length);
  for (let row = 0; row < codes.length; row++) {
    const code = codes[row]!;
    whole[row] = Number.isNaN(code) ? -1 : code;
  }
  return { key, names, codes: whole };
}
