import { DATA_FILE_MIXED_TYPES } from '../../errors/data-errors.ts';
import { PerennialError } from '../../errors/define-error.ts';
import type { DuckDbSession } from '../duckdb.ts';
import { quoteName, quoteValue } from '../sql-text.ts';
import { zonedTimeSql } from './time-text.ts';

/** What pandas reads as missing. Text keeps them as text, all but the empty value: NA is also Namibia. */
const NULL_MARKERS = [
  ...[
    'NA',
    'N/A',
    'n/a',
    '#N/A',
    '#NA',
    '<NA>',
    '#N/A N/A',
    'NaN',
    'nan',
    '-NaN',
    '-nan',
    'NULL',
    'null',
    'None',
  ],
  ...['1.#IND', '-1.#IND', '1.#QNAN', '-1.#QNAN'],
];
const MARKERS = NULL_MARKERS.map(quoteValue).join(', ');
/** A column of text with at least this share of numbers is a column of numbers with something wrong in it. */
const MIXED_SHARE = 0.9;
const COLUMNS_PER_QUERY = 100;

export interface Place {
  readonly file: string;
  readonly line: number;
}

/** A type that all values of a column of text have. */
export type SettledType = 'DOUBLE' | 'TIMESTAMP';

interface Counted {
  readonly name: string;
  /** Values that are no marker of a missing one. */
  readonly values: number;
  readonly markers: number;
  readonly numbers: number;
  readonly times: number;
}

/**
 * Looks at all values of columns that were read as text, markers of missing values set aside: nothing but numbers or
 * times settles the type. Most of them with other text among them is an error, whose place `locate` finds.
 * @throws PerennialError DATA_FILE_MIXED_TYPES
 */
export async function settleText(
  session: DuckDbSession,
  table: string,
  names: readonly string[],
  locate: (name: string, type: SettledType) => Promise<Place | null>,
): Promise<Map<string, SettledType>> {
  const settled = new Map<string, SettledType>();
  for (let at = 0; at < names.length; at += COLUMNS_PER_QUERY) {
    for (const counted of await count(session, table, names.slice(at, at + COLUMNS_PER_QUERY))) {
      const { name, values, markers, numbers, times } = counted;
      if (values + markers === 0) continue;
      if (numbers === values) settled.set(name, 'DOUBLE');
      else if (times === values) settled.set(name, 'TIMESTAMP');
      else if (Math.max(numbers, times) >= MIXED_SHARE * values)
        throw await mixed(session, table, counted, numbers >= times ? 'DOUBLE' : 'TIMESTAMP', locate);
    }
  }
  return settled;
}

/** A settled column's text as its type, or as it is written; NULL for markers. */
export function settledSql(name: string, type: SettledType | 'VARCHAR'): string {
  const column = quoteName(name);
  const value = type === 'VARCHAR' ? column : castSql(column, type);
  return `CASE WHEN ${column} NOT IN (${MARKERS}) THEN ${value} END`;
}

function castSql(column: string, type: SettledType): string {
  return type === 'DOUBLE' ? `TRY_CAST(${column} AS DOUBLE)` : zonedTimeSql(column);
}

async function count(session: DuckDbSession, table: string, names: readonly string[]): Promise<Counted[]> {
  const parts = names.flatMap((name, i) => {
    const column = quoteName(name);
    const isValue = `${column} NOT IN (${MARKERS})`;
    return [
      `count(*) FILTER (${isValue}) AS values${String(i)}`,
      `count(*) FILTER (${column} IN (${MARKERS})) AS markers${String(i)}`,
      `count(${castSql(column, 'DOUBLE')}) FILTER (${isValue}) AS numbers${String(i)}`,
      `count(${castSql(column, 'TIMESTAMP')}) FILTER (${isValue}) AS times${String(i)}`,
    ];
  });
  const [row] = await session.rows<Record<string, number>>(
    `SELECT ${parts.join(', ')} FROM ${quoteName(table)}`,
  );
  return names.map((name, i) => ({
    name,
    values: row?.[`values${String(i)}`] ?? 0,
    markers: row?.[`markers${String(i)}`] ?? 0,
    numbers: row?.[`numbers${String(i)}`] ?? 0,
    times: row?.[`times${String(i)}`] ?? 0,
  }));
}

async function mixed(
  session: DuckDbSession,
  table: string,
  counted: Counted,
  type: SettledType,
  locate: (name: string, type: SettledType) => Promise<Place | null>,
): Promise<PerennialError> {
  const { name, values } = counted;
  const column = quoteName(name);
  const [found] = await session.rows<{ value: string }>(
    `SELECT ${column}[:80] AS value FROM ${quoteName(table)}
       WHERE ${column} NOT IN (${MARKERS}) AND ${castSql(column, type)} IS NULL LIMIT 1`,
  );
  const place = await locate(name, type);
  const [kind, fitting] = type === 'DOUBLE' ? ['numbers', counted.numbers] : ['times', counted.times];
  const message = `holds "${found?.value ?? ''}", but ${String(fitting)} of its ${String(values)} values are ${kind}`;
  return new PerennialError(
    DATA_FILE_MIXED_TYPES,
    `${place ? `${place.file}:${String(place.line)}` : table}, column "${name}": ${message}. Mend it, or declare the column as text with --type ${name}=categorical`,
    { problems: [{ path: name, message, ...place }] },
  );
}
