import type { DuckDbSession } from '../duckdb.ts';
import { quoteName } from '../sql-text.ts';

/** Stands for text that is no time. A file that holds this very time is looked at as text, and then keeps it. */
const UNREAD_TIME = "TIMESTAMP 'infinity'";
const COLUMNS_PER_QUERY = 500;

/** A time as it is written: with an offset or a zone it becomes UTC, without one it is UTC. NULL for what is none. */
export function zonedTimeSql(column: string): string {
  return `(TRY_CAST(${column} AS TIMESTAMPTZ) AT TIME ZONE 'UTC')`;
}

/** The same, faster for times without an offset, and UNREAD_TIME for text that is no time. */
export function timeSql(column: string): string {
  const hasOffset = `(contains(${column}, '+') OR ${column} LIKE '%:%-%')`;
  const time = `CASE WHEN ${hasOffset} THEN NULL ELSE TRY_CAST(${column} AS TIMESTAMP) END`;
  return `CASE WHEN ${column} IS NOT NULL THEN coalesce(${time}, ${zonedTimeSql(column)}, ${UNREAD_TIME}) END`;
}

/** Which columns hold text that `timeSql` could make no time of. */
export async function columnsWithUnreadTimes(
  session: DuckDbSession,
  table: string,
  names: readonly string[],
): Promise<string[]> {
  const found: string[] = [];
  for (let at = 0; at < names.length; at += COLUMNS_PER_QUERY) {
    const part = names.slice(at, at + COLUMNS_PER_QUERY);
    const list = part.map(
      (name, i) => `coalesce(bool_or(${quoteName(name)} = ${UNREAD_TIME}), false) AS unread${String(i)}`,
    );
    const [row] = await session.rows<Record<string, boolean>>(
      `SELECT ${list.join(', ')} FROM ${quoteName(table)}`,
    );
    found.push(...part.filter((_, i) => row?.[`unread${String(i)}`] === true));
  }
  return found;
}
