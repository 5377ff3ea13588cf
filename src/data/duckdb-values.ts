import type { DuckDBResult, DuckDBValueConverter, DuckDBVector, JS } from '@duckdb/node-api';
import { duckdb } from '../platform/duckdb-driver.ts';

export type SqlValue = string | number | boolean | null | Date | SqlValue[] | { [key: string]: SqlValue };

const { DuckDBTypeId, JSDuckDBValueConverter } = duckdb;
const TIMES: ReadonlySet<number> = new Set([
  DuckDBTypeId.DATE,
  DuckDBTypeId.TIMESTAMP,
  DuckDBTypeId.TIMESTAMP_S,
  DuckDBTypeId.TIMESTAMP_MS,
  DuckDBTypeId.TIMESTAMP_NS,
  DuckDBTypeId.TIMESTAMP_TZ,
]);

/** The driver's own conversion, which gives up on a time that no Date can hold: infinity, or the year 300000. It is its text. */
export const javaScriptValue: DuckDBValueConverter<JS> = (value, type, converter) => {
  try {
    return JSDuckDBValueConverter(value, type, converter);
  } catch (error) {
    if (!TIMES.has(type.typeId)) throw error;
    return String(value);
  }
};

/**
 * What the driver gives for a value, as plain JavaScript: integers as numbers, bytes as base64. PostgreSQL keeps no text
 * with a NUL in it, and one such value must not hold up a finding or a whole feature view: it becomes U+FFFD.
 */
export function plain(value: unknown): SqlValue {
  if (typeof value === 'bigint') return Number(value);
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value.replaceAll('\0', '\uFFFD');
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (value instanceof Date) return value;
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]));
}

/** Hands over the columns of one chunk after the other, NULL as NaN, in arrays that are filled again. */
export async function eachChunk(
  result: DuckDBResult,
  visit: (columns: readonly Float64Array[]) => void,
): Promise<void> {
  const most = duckdb.DuckDBVector.standardSize();
  const columns = Array.from({ length: result.columnCount }, () => new Float64Array(most));
  let next = result.fetchChunk();
  try {
    for (;;) {
      const chunk = await next;
      if (chunk === null || chunk.rowCount === 0) return;
      // The database goes on while this chunk is looked at.
      next = result.fetchChunk();
      const rows = chunk.rowCount;
      columns.forEach((values, i) => fill(values, chunk.getColumnVector(i), rows));
      visit(rows === most ? columns : columns.map((values) => values.subarray(0, rows)));
    }
  } finally {
    // Of a visitor that gave up: nobody else waits for what is still fetched, and the connection is about to be closed.
    await next.catch(() => undefined);
  }
}

function fill(values: Float64Array, vector: DuckDBVector, rows: number): void {
  for (let row = 0; row < rows; row++) {
    const value = vector.getItem(row);
    values[row] = value === null ? Number.NaN : Number(value);
  }
}

/** Chunks of one column as a whole. */
export function joined(parts: readonly Float64Array[]): Float64Array {
  const whole = new Float64Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
