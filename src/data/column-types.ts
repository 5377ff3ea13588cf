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
  if (type.startsWith('DECIMAL') || type === 'HUGEINT' || type === 'UBIGINT' || type === 'UHUGEINT') {
    return 'DOUBLE';
  }
  return type.endsWith('[]') ? 'VARCHAR[]' : 'VARCHAR';
}

export function isInteger(type: string): boolean {
  return INTEGERS.has(type);
}

export function isNumeric(type: string): boolean {
  return isInteger(type) || type === 'DOUBLE' || type === 'FLOAT' || type.startsWith('DECIMAL');
}

export function isTimestamp(type: string): boolean {
  return type.startsWith('TIMESTAMP');
}

/**
 * SQL that converts a column read as `from` to the type of the dataset, NULL where it does not fit. A time with an
 * offset becomes UTC, one without is taken as UTC; 1.5 is not an integer; 1 and "yes" are not booleans.
 */
export function conversionSql(column: DatasetColumn, from: string): string {
  const name = quoteName(column.name);
  if (from === column.type) return name;
  if (column.type === 'TIMESTAMP') return `(TRY_CAST(${name} AS TIMESTAMPTZ) AT TIME ZONE 'UTC')`;
  if (from === 'VARCHAR' && isInteger(column.type)) {
    return `CASE WHEN regexp_full_match(${name}, '[-+]?[0-9]+') THEN TRY_CAST(${name} AS ${column.type}) END`;
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
