import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Source } from '../contracts/spec/sources.ts';
import { nearestName } from '../domain/nearest-name.ts';
import { SOURCE_UNREADABLE } from '../errors/data-errors.ts';
import { PerennialError } from '../errors/define-error.ts';
import type { DatasetColumn } from '../domain/dataset.ts';
import { isAboutData } from './duckdb-errors.ts';
import type { DuckDbSession } from './duckdb.ts';
import {
  HELD_BACK_FOR_MS,
  lookAround,
  REREAD_FOR_MS,
  settledPosition,
  STAMPED_BEFORE,
} from './late-commits.ts';
import type { PostgresPosition } from './late-commits.ts';
import { sourceError } from './postgres-errors.ts';
import { postgresColumn } from './postgres-types.ts';
import type { PostgresColumn } from './postgres-types.ts';
import { withoutScratchPaths } from './scratch-directory.ts';
import { quoteName, quoteValue } from './sql-text.ts';

export type PostgresSource = Extract<Source, { type: 'postgres' }>;

export interface PostgresReading {
  readonly columns: readonly DatasetColumn[];
  readonly position: PostgresPosition;
}

/** Readers know each other by it, whatever name the URL gives: an application may share that. */
const APPLICATION = 'perennial-ingest';
const CONNECT_TIMEOUT_MS = 10_000;
/** A single FETCH may not take longer. */
const STATEMENT_TIMEOUT_MS = 10 * 60_000;
/** A FETCH brings rows for about so many characters of JSON: a table of documents must not fill the worker's memory. */
const FETCH_CHARS = 8 * 2 ** 20;
const FIRST_FETCH = 100;
const MOST_FETCHED = 5_000;
/** A silent connection is asked for a sign of life after this long. */
const KEEPALIVE_MS = 30_000;
const GOODBYE_MS = 2_000;

/**
 * Reads the rows from the last watermark on, that value and where it is a time a minute before it included, in one
 * REPEATABLE READ snapshot, into table `into`. Rows that are there already are the caller's to leave out. Timestamps become UTC, numeric becomes DOUBLE.
 * The watermark stays behind as long as rows below it may still be committed. With a primary key the rows beyond it are
 * read all the same, and again the next time; without one they are left for then: one that was read and then changed
 * would be another row.
 * @throws PerennialError SOURCE_UNREADABLE with the nearest name, or DEPENDENCY_UNAVAILABLE
 */
export async function readPostgres(
  session: DuckDbSession,
  options: {
    readonly name: string;
    readonly source: PostgresSource;
    readonly url: string;
    readonly after: PostgresPosition | null;
    readonly into: string;
    readonly nowMs: number;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<PostgresReading> {
  const client = clientOf(options);
  // A connection lost between two queries fails the next query; without a listener it would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(
      `SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET extra_float_digits = 1; SET application_name = '${APPLICATION}'`,
    );
    const { position, until } = await placeOf(client, options);
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const columns = await tableColumns(client, options.name, options.source);
    const file = join(session.directory, `${options.into}.ndjson`);
    await exportRows(client, { ...options, until }, columns, file);
    await client.query('COMMIT');
    await loadRows(session, options, columns, file);
    return { columns: columns.map(({ name, type }) => ({ name, type })), position };
  } catch (error) {
    options.signal?.throwIfAborted();
    throw sourceError(error, options.name, options.source);
  } finally {
    await leave(client);
  }
}

/** Up to where the table is read, and the largest watermark that is read now; null: every row. */
async function placeOf(
  client: pg.Client,
  options: {
    readonly name: string;
    readonly source: PostgresSource;
    readonly after: PostgresPosition | null;
    readonly nowMs: number;
  },
): Promise<{ readonly position: PostgresPosition; readonly until: string | null }> {
  const { source, after } = options;
  if (source.watermark === undefined) return { position: { kind: 'postgres', watermark: null }, until: null };
  const columns = await tableColumns(client, options.name, source);
  const isKeyed = source.primaryKey !== undefined;
  const isWhole = (after?.watermark ?? null) === null;
  const look = await lookAround(client, () => newestWatermark(client, source, columns), isWhole || !isKeyed);
  const position = settledPosition(after, look, options.nowMs, isKeyed ? REREAD_FOR_MS : HELD_BACK_FOR_MS);
  if (isKeyed) return { position, until: null };
  // A first reading waits no longer: a model without any data is worse off than one without the rows of one transaction.
  if (position.watermark === null)
    return { position: { kind: 'postgres', watermark: look.newest }, until: null };
  return { position, until: position.watermark };
}

/** @throws PerennialError SOURCE_UNREADABLE for a value that the type of its column does not hold in DuckDB */
async function loadRows(
  session: DuckDbSession,
  options: { readonly name: string; readonly into: string },
  columns: readonly PostgresColumn[],
  file: string,
): Promise<void> {
  const types = columns.map((c) => `${quoteValue(c.name)}: ${quoteValue(c.type)}`).join(', ');
  try {
    await session.run(
      `CREATE TABLE ${quoteName(options.into)} AS SELECT * FROM read_json(${quoteValue(file)},
         format = 'newline_delimited', columns = {${types}})`,
    );
  } catch (error) {
    if (!isAboutData(error)) throw error;
    const message = withoutScratchPaths(error.message).split('\n')[0] ?? '';
    throw new PerennialError(
      SOURCE_UNREADABLE,
      `source "${options.name}": what it holds can't be kept: ${message}. Leave the column out with the source's columns, or cast it in a view`,
      { details: { source: options.name } },
    );
  }
}

/** A server that doesn't answer is not waited for. */
async function leave(client: pg.Client): Promise<void> {
  const late = sleep(GOODBYE_MS, undefined, { ref: false });
  await Promise.race([client.end().catch(() => undefined), late]);
}

function clientOf(options: { name: string; source: PostgresSource; url: string }): pg.Client {
  try {
    return new pg.Client({
      connectionString: options.url,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEPALIVE_MS,
      statement_timeout: STATEMENT_TIMEOUT_MS,
    });
  } catch (error) {
    throw sourceError(error, options.name, options.source);
  }
}

async function tableColumns(
  client: pg.Client,
  name: string,
  source: PostgresSource,
): Promise<PostgresColumn[]> {
  const where = `source "${name}"`;
  const { rows } = await client.query<{
    name: string;
    type: string;
    typtype: string;
    element: string | null;
  }>(
    `SELECT a.attname AS name, t.typname AS type, t.typtype, e.typname AS element
       FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
      WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
    [tableName(source)],
  );
  if (rows.length === 0) throw await tableMissing(client, name, source);
  const known = rows.map((row) => row.name);
  const wanted = [
    ...(source.columns ?? known),
    ...(source.primaryKey ?? []),
    ...(source.watermark === undefined ? [] : [source.watermark]),
  ];
  for (const column of wanted) {
    if (known.includes(column)) continue;
    const near = nearestName(column, known);
    throw new PerennialError(
      SOURCE_UNREADABLE,
      `${where}: table ${source.table} has no column "${column}"${near === null ? '' : `; did you mean "${near}"?`} It has ${known.join(', ')}`,
      { details: { source: name, column } },
    );
  }
  return rows.filter((row) => wanted.includes(row.name)).map(postgresColumn);
}

async function tableMissing(
  client: pg.Client,
  name: string,
  source: PostgresSource,
): Promise<PerennialError> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT CASE WHEN pg_table_is_visible(c.oid) THEN relname ELSE nspname || '.' || relname END AS name
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
  );
  const near = nearestName(
    source.table,
    rows.map((row) => row.name),
  );
  return new PerennialError(
    SOURCE_UNREADABLE,
    `source "${name}": there is no table "${source.table}" behind ${source.connection}${near === null ? '' : `; did you mean "${near}"?`}`,
    { details: { source: name, table: source.table } },
  );
}

/** The names of the spec hold no quotes, so they can be quoted as they are: capitals are kept. */
function tableName(source: PostgresSource): string {
  return source.table.split('.').map(quoteName).join('.');
}

async function newestWatermark(
  client: pg.Client,
  source: PostgresSource,
  columns: readonly PostgresColumn[],
): Promise<string | null> {
  const column = columns.find((c) => c.name === source.watermark);
  if (!column) return null;
  if (column.watermark === null) {
    throw new PerennialError(
      SOURCE_UNREADABLE,
      `watermark "${column.name}" of table ${source.table} is of type ${column.postgresType}; allowed are integers, numbers, dates, timestamps and text`,
    );
  }
  const { rows } = await client.query<{ newest: string | null }>(
    `SELECT max(${column.watermark.expression})::text AS newest FROM ${tableName(source)}`,
  );
  return rows[0]?.newest ?? null;
}

async function exportRows(
  client: pg.Client,
  options: {
    readonly source: PostgresSource;
    readonly after: PostgresPosition | null;
    readonly until: string | null;
    readonly signal?: AbortSignal | undefined;
  },
  columns: readonly PostgresColumn[],
  file: string,
): Promise<void> {
  const { source, after, until } = options;
  const mark = columns.find((c) => c.name === source.watermark)?.watermark;
  const since = after?.watermark ?? null;
  const before = mark?.type.startsWith('timestamp') ? ` - ${STAMPED_BEFORE}` : '';
  const bounds = [
    { operator: '>=', value: since, before },
    { operator: '<=', value: until, before: '' },
  ].flatMap((bound) => (mark && bound.value !== null ? [{ ...bound, mark }] : []));
  // Rows without a watermark would never be read again, so they are always read, and refused by the caller.
  const conditions = bounds.map(
    ({ mark: { expression, type, collate }, operator, before }, i) =>
      `(${expression} ${operator} $${String(i + 1)}::text::${type}${collate}${before} OR ${expression} IS NULL)`,
  );
  const list = columns.map((c) => `${c.expression} AS ${quoteName(c.name)}`).join(', ');
  await client.query(
    `DECLARE rows NO SCROLL CURSOR FOR SELECT row_to_json(r)::text AS line FROM (SELECT ${list} FROM ${tableName(source)} WHERE ${conditions.join(' AND ') || 'true'}) r`,
    bounds.map((bound) => bound.value),
  );
  async function* lines(): AsyncGenerator<string> {
    for (let count = FIRST_FETCH; ;) {
      options.signal?.throwIfAborted();
      const { rows } = await client.query<{ line: string }>(`FETCH ${String(count)} FROM rows`);
      if (rows.length === 0) return;
      const chunk = `${rows.map((row) => row.line).join('\n')}\n`;
      yield chunk;
      count = rowsPerFetch(rows.length, chunk.length);
    }
  }
  await pipeline(Readable.from(lines()), createWriteStream(file));
}

/** How many rows to fetch next, after so many rows had so many characters. */
export function rowsPerFetch(rows: number, chars: number): number {
  return Math.max(1, Math.min(MOST_FETCHED, Math.floor((FETCH_CHARS * rows) / chars)));
}
