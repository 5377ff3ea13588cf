import { valueTextSql } from '../number-text.ts';
import { quoteName } from '../sql-text.ts';

export const COLUMN_KINDS = ['numeric', 'categorical', 'boolean', 'timestamp'] as const;
export type ColumnKind = (typeof COLUMN_KINDS)[number];

const NUMBER = /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|DOUBLE|FLOAT|DECIMAL.*)$/;
const TIME = /^(DATE|TIME.*)$/;
const TEXT = /^(VARCHAR|ENUM.*|UUID|JSON)$/;

/** The kind that a DuckDB type stands for; null for lists, objects and bytes, which no measure compares. */
export function kindOfType(type: string): ColumnKind | null {
  if (type.endsWith(']')) return null;
  if (NUMBER.test(type)) return 'numeric';
  if (TIME.test(type)) return 'timestamp';
  if (type === 'BOOLEAN') return 'boolean';
  return TEXT.test(type) ? 'categorical' : null;
}

/**
 * SQL of a column's value as its kind: DOUBLE for numbers and times (milliseconds), VARCHAR for categories and booleans.
 * What does not fit the kind becomes NULL. Text that is compared with numbers names them as they are named there.
 */
export function valueSql(name: string, type: string, kind: ColumnKind, other: string): string {
  const column = quoteName(name);
  const own = kindOfType(type);
  switch (kind) {
    case 'numeric':
      return own === 'timestamp' ? millisecondsSql(column, type) : `TRY_CAST(${column} AS DOUBLE)`;
    case 'timestamp':
      return own === 'timestamp'
        ? millisecondsSql(column, type)
        : millisecondsSql(`TRY_CAST(${column} AS TIMESTAMP)`, 'TIMESTAMP');
    case 'boolean':
      return `CASE WHEN lower(${valueTextSql(name, type)}) IN ('true', '1', '1.0') THEN 'true'
        WHEN lower(${valueTextSql(name, type)}) IN ('false', '0', '0.0') THEN 'false' END`;
    case 'categorical':
      return type === 'VARCHAR' && kindOfType(other) === 'numeric'
        ? `regexp_replace(${column}, '^(-?[0-9]+)\\.0+$', '\\1')`
        : valueTextSql(name, type);
  }
}

/** Since 1970, or since midnight for times of day; infinite times are infinite. */
function millisecondsSql(column: string, type: string): string {
  if (type.startsWith('TIME') && !type.startsWith('TIMESTAMP')) return `epoch_us(${column}::TIME) / 1000.0`;
  const time = `${column}::TIMESTAMP`;
  return `CASE WHEN isfinite(${time}) THEN epoch_us(${time}) / 1000.0
    WHEN ${time} > TIMESTAMP 'epoch' THEN 'inf'::DOUBLE WHEN ${time} < TIMESTAMP 'epoch' THEN '-inf'::DOUBLE END`;
}
