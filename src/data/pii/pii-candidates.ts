import { isInteger, isTimestamp, isWideInteger } from '../column-types.ts';
import type { Column } from '../duckdb.ts';
import { quoteName, quoteValue } from '../sql-text.ts';

/**
 * What a value must hold for any recogniser to find something in it, in RE2: DuckDB passes over everything else. Each
 * class is sampled by itself, so that a few addresses do not drown in a million serial numbers.
 */
const CLASSES: readonly (readonly [name: string, pattern: string])[] = [
  ['mail', '@'],
  [
    'net',
    '[0-9A-Fa-f]*:[0-9A-Fa-f]*:|[0-9A-Fa-f]{2}-[0-9A-Fa-f]{2}-[0-9A-Fa-f]{2}-|\\d\\.\\d{1,3}\\.\\d{1,3}\\.\\d',
  ],
  [
    'letters',
    '[13b0][0-9A-Za-z]{25}|[A-Za-z]{2} ?\\d{2} ?\\d{2} ?\\d{2}|[A-Za-z]{2}\\d{2}[ -]?[A-Za-z0-9]{4}|[A-Z]{5}\\d{4}[A-Z]|[A-Za-z]{6}[\\dL-Vl-v]{2}[A-Za-z]|\\d[A-Z][A-Z\\d]\\d-?[A-Z][A-Z\\d]\\d',
  ],
  ['digits', '(?:\\d[^\\d\\n]{0,2}){7}'],
];

/** Distinct values of a class that are read; the counts of a class with more are estimated from these. */
const MAX_PER_CLASS = 10_000;
/** … and their characters: of long texts fewer are read. */
const MAX_CHARS_PER_CLASS = 16_000_000;
/** Integers this wide can be a number that somebody was given. */
const LEAST_NUMBER = '1e7';

export interface PiiCandidate {
  readonly value: string;
  /** Rows with this value. */
  readonly n: number;
  readonly class: string;
  /** Rows, and distinct values, of the whole class. */
  readonly class_rows: number;
  readonly class_values: number;
}

/** SQL of a column's value as text to be looked into; null for a column that can't hold what is looked for. */
export function searchedText({ name, type }: Column): string | null {
  const sql = quoteName(name);
  if (type === 'BOOLEAN' || type === 'DATE' || type.startsWith('TIME') || isTimestamp(type)) return null;
  if (isInteger(type) || isWideInteger(type))
    return `CASE WHEN ${sql} >= ${LEAST_NUMBER} THEN ${sql}::VARCHAR END`;
  if (type === 'DOUBLE' || type === 'FLOAT' || type.startsWith('DECIMAL'))
    return `CASE WHEN ${sql} BETWEEN ${LEAST_NUMBER} AND 1e19 AND ${sql} = floor(${sql}) THEN ${sql}::HUGEINT::VARCHAR END`;
  return `${sql}::VARCHAR`;
}

/**
 * The same of a column of text that holds nothing but numbers: its integers, with the zeros that they begin with. Blanks
 * around them and `_` between digits, which a cast to a number passes over, are none of them.
 */
export function searchedNumbers(name: string): string {
  const digits = `regexp_replace(${quoteName(name)}, '[\\s\\v_]', '', 'g')`;
  return `CASE WHEN regexp_full_match(${digits}, '\\+?\\d{8,}(\\.0*)?') THEN regexp_replace(${digits}, '\\.0*$', '') END`;
}

/** SQL of the rows of `PiiCandidate` for one column. The sample is by hash: the same data give the same. */
export function candidatesSql(text: string, table: string, maxText: number): string {
  const found = CLASSES.map(
    ([name, pattern]) => `WHEN regexp_matches(value, ${quoteValue(pattern)}) THEN ${quoteValue(name)}`,
  );
  return `SELECT *, sum(n) OVER (PARTITION BY class)::BIGINT AS class_rows, count(*) OVER (PARTITION BY class) AS class_values
    FROM (
      SELECT value, count(*) AS n, CASE ${found.join(' ')} END AS class
      FROM (SELECT left(${text}, ${String(maxText)}) AS value FROM ${table}) WHERE value IS NOT NULL GROUP BY value
    ) WHERE class IS NOT NULL
    WINDOW sample AS (PARTITION BY class ORDER BY hash(value), value)
    QUALIFY row_number() OVER sample <= ${String(MAX_PER_CLASS)}
      AND sum(length(value)) OVER (sample ROWS UNBOUNDED PRECEDING) <= ${String(MAX_CHARS_PER_CLASS)}`;
}
