import { quoteName } from './sql-text.ts';

export interface PostgresColumn {
  readonly name: string;
  readonly postgresType: string;
  /** In the dataset. */
  readonly type: string;
  /** SQL in PostgreSQL whose JSON form DuckDB reads as `type`. */
  readonly expression: string;
  /** How the column serves as a watermark: null where its values have no order that both sides agree on. */
  readonly watermark: { readonly expression: string; readonly type: string; readonly collate: string } | null;
}

const SCALARS: Readonly<Record<string, string>> = {
  bool: 'BOOLEAN',
  int2: 'SMALLINT',
  int4: 'INTEGER',
  int8: 'BIGINT',
  float4: 'FLOAT',
  float8: 'DOUBLE',
  numeric: 'DOUBLE',
  date: 'DATE',
  timestamp: 'TIMESTAMP',
  timestamptz: 'TIMESTAMP',
};
const LISTS: Readonly<Record<string, string>> = {
  bool: 'BOOLEAN[]',
  int2: 'INTEGER[]',
  int4: 'INTEGER[]',
  int8: 'BIGINT[]',
  float4: 'DOUBLE[]',
  float8: 'DOUBLE[]',
};
const TEXTS = new Set(['text', 'varchar', 'bpchar']);
const WATERMARKS = new Set([
  ...['int2', 'int4', 'int8', 'float4', 'float8', 'numeric', 'date', 'timestamp', 'timestamptz'],
  ...TEXTS,
]);

/** How a column of PostgreSQL becomes one of a dataset. Types that datasets don't have become their text. */
export function postgresColumn(row: {
  readonly name: string;
  readonly type: string;
  readonly element: string | null;
}): PostgresColumn {
  const name = quoteName(row.name);
  const base = { name: row.name, postgresType: row.type };
  if (row.element !== null) {
    const type = row.element === 'numeric' ? 'DOUBLE[]' : (LISTS[row.element] ?? 'VARCHAR[]');
    const cast = type === 'VARCHAR[]' ? '::text[]' : row.element === 'numeric' ? '::float8[]' : '';
    return { ...base, type, expression: `${name}${cast}`, watermark: null };
  }
  const collate = TEXTS.has(row.type) ? ' COLLATE "C"' : '';
  const watermark = WATERMARKS.has(row.type)
    ? { expression: `${name}${collate}`, type: row.type, collate }
    : null;
  const type = SCALARS[row.type];
  if (row.type === 'timestamptz') {
    return { ...base, type: 'TIMESTAMP', expression: timeText(`(${name} AT TIME ZONE 'UTC')`), watermark };
  }
  if (type === 'TIMESTAMP' || type === 'DATE')
    return { ...base, type, expression: timeText(name), watermark };
  if (type === undefined) return { ...base, type: 'VARCHAR', expression: `${name}::text`, watermark };
  return { ...base, type, expression: row.type === 'numeric' ? `${name}::float8` : name, watermark };
}

// PostgreSQL writes "0044-03-15 BC", DuckDB "0044-03-15 (BC)"; without the brackets it would take the year for AD.
const [BC, BRACKETED] = [String.raw`^(\S+)(.*) BC$`, '(BC)'];

/** SQL for the text of a date or time as DuckDB reads it. */
function timeText(sql: string): string {
  return `CASE WHEN ${sql} < '0001-01-01' THEN regexp_replace(${sql}::text, '${BC}', '\\1 ${BRACKETED}\\2') ELSE ${sql}::text END`;
}

/** A watermark's text in PostgreSQL as DuckDB reads it as `type`. */
export function duckDbTime(text: string, type: string): string {
  return type === 'DATE' || type === 'TIMESTAMP' ? text.replace(new RegExp(BC), `$1 ${BRACKETED}$2`) : text;
}
