import { MAX_AHEAD_MS } from '../domain/dataset.ts';
import type { DatasetColumn } from '../domain/dataset.ts';
import { quoteName } from './sql-text.ts';

/** Types that are kept as they are; timestamps are UTC without a zone. */
export const DATASET_TYPES: ReadonlySet<string> = new Set([
  'BOOLEAN',
  'TINYINT',
  'SMALLINT',
  'INTEGER',
  'BIGINT',
  'UTINYINT',
  'USMALLINT',
  'UINTEGER',
  'FLOAT',
  'DOUBLE',
  'VARCHAR',
  'DATE',
  'TIMESTAMP',
  'VARCHAR[]',
  'INTEGER[]',
  'BIGINT[]',
  'DOUBLE[]',
  'BOOLEAN[]',
]);
const INTEGERS = new Set(['TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'UTINYINT', 'USMALLINT', 'UINTEGER']);

/** The type in which a dataset keeps a column that DuckDB read or inferred as `type`. */
export function datasetType(type: string): string {
  if (DATASET_TYPES.has(type)) return type;
  if (type.startsWith('TIMESTAMP')) return 'TIMESTAMP';
  if (type.startsWith('DECIMAL') || isWideInteger(type)) {
    return 'DOUBLE';
  }
  return type.endsWith('[]') ? 'VARCHAR[]' : 'VARCHAR';
}

export function isInteger(type: string): boolean {
  return INTEGERS.has(type);
}

/** Integers that a BIGINT does not hold; a dataset keeps them as DOUBLE. */
export function isWideInteger(type: string): boolean {
  return type === 'UBIGINT' || type === 'HUGEINT' || type === 'UHUGEINT';
}

export function isNumeric(type: string): boolean {
  return isInteger(type) || type === 'DOUBLE' || type === 'FLOAT' || type.startsWith('DECIMAL');
}

export function isTimestamp(type: string): boolean {
  return type.startsWith('TIMESTAMP');
}

/** SQL that holds for a time that tells of now or of the past: finite, and at most MAX_AHEAD_MS ahead. */
export function hasHappenedSql(column: DatasetColumn, nowMs: number): string {
  const name = quoteName(column.name);
  const latest = `make_timestamp(${String(Math.floor(nowMs + MAX_AHEAD_MS) * 1000)})::${column.type}`;
  return `(isfinite(${name}) AND ${name} <= ${latest})`;
}

/** Text that an integer may be written as; where nobody declared one, 01220 is a code and no number. */
const INTEGER_TEXT = { declared: '[-+]?[0-9]+', inferred: '[-+]?(0|[1-9][0-9]*)' };

export type TypeOrigin = keyof typeof INTEGER_TEXT;

/**
 * SQL that converts a column read as `from` to the type of the dataset, NULL where it does not fit. A time with an
 * offset becomes UTC, one without is taken as UTC; 1.5 is not an integer; 1 and "yes" are not booleans. A list fits where
 * each of its values does.
 */
export function conversionSql(column: DatasetColumn, from: string, origin: TypeOrigin): string {
  const name = quoteName(column.name);
  if (from === column.type) return name;
  const [value, fromValue] = [valueType(column.type), valueType(from)];
  if (value !== null && fromValue !== null) {
    const converted = conversionSql({ name: LIST_VALUE, type: value }, fromValue, origin);
    const each = `lambda ${quoteName(LIST_VALUE)}:`;
    const misfit = `${quoteName(LIST_VALUE)} IS NOT NULL AND (${converted}) IS NULL`;
    return `CASE WHEN len(list_filter(${name}, ${each} ${misfit})) = 0 THEN list_transform(${name}, ${each} ${converted}) END`;
  }
  if (column.type === 'TIMESTAMP') return `(TRY_CAST(${name} AS TIMESTAMPTZ) AT TIME ZONE 'UTC')`;
  if (from === 'VARCHAR' && isInteger(column.type)) {
    return `CASE WHEN regexp_full_match(${name}, '${INTEGER_TEXT[origin]}') THEN TRY_CAST(${name} AS ${column.type}) END`;
  }
  if (from === 'VARCHAR' && column.type === 'BOOLEAN') {
    return `CASE lower(${name}) WHEN 'true' THEN true WHEN 'false' THEN false END`;
  }
  if (column.type === 'BOOLEAN' && isNumeric(from)) return 'NULL::BOOLEAN';
  if (isNumeric(from) && !isInteger(from) && isInteger(column.type)) {
    return `CASE WHEN ${name} = floor(${name}) THEN TRY_CAST(${name} AS ${column.type}) END`;
  }
  return `TRY_CAST(${name} AS ${column.type})`;
}

// No column of anybody's data is likely to have this name.
const LIST_VALUE = 'perennial value';

/** The type of a list's values; null for what is no list. */
function valueType(type: string): string | null {
  return type.endsWith('[]') ? type.slice(0, -2) : null;
}
