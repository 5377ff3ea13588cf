import type { DuckDBConnection } from '@duckdb/node-api';
import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import type { ModelRef } from '../contracts/workflows/ids.ts';
import { duckdb } from '../platform/duckdb-driver.ts';
import type { Queryable } from '../registry/database.ts';
import { segmentsSince } from '../registry/prediction-segments.ts';
import type { PredictionSegment } from '../registry/prediction-segments.ts';
import { linesTable, NO_EXTENSIONS, quote, SEGMENT_SELECTS } from './segment-parquet.ts';
import type { SegmentKind } from './segment-parquet.ts';

/** A model's requests with `from <= at < to`, in milliseconds since the epoch of the gateways' clocks. */
interface PredictionWindow extends ModelRef {
  readonly from: number;
  readonly to: number;
}

/** SQL parameters `$name`. */
type LogParameters = Readonly<Record<string, string | number | boolean | null>>;

/** One window, attached. Queries see it as it was when it was opened. */
export interface PredictionLogView {
  /**
   * DuckDB SQL over
   * - `requests` (request_id, at, model, version, arm, generation, call, latency_ms, error, split_key, entity),
   * - `items` (request_id, at, model, version, arm, generation, rank, candidate, score, features),
   * - `outcomes` (event_id, request_id, name, value, at, received_at) of these requests, whenever they came.
   * `requests` is unique by (request_id, arm), `outcomes` by (request_id, name, event_id). `entity` and `candidate` are
   * JSON text, such as `candidate->>'plant_id'`; `features` is DOUBLE[] in the order of the version's features, NULL
   * where missing. Integers come back as numbers.
   */
  query<Row extends object>(sql: string, parameters?: LogParameters): Promise<Row[]>;
  close(): void;
}

export interface PredictionLog {
  /** Without `items`, that view is empty: nothing of it is fetched. */
  open(window: PredictionWindow, options?: { readonly items: boolean }): Promise<PredictionLogView>;
  /** Opens, asks once, closes. */
  query<Row extends object>(
    window: PredictionWindow,
    sql: string,
    parameters?: LogParameters,
  ): Promise<Row[]>;
}

const FETCHES_AT_ONCE = 16;

/** Reads what the gateways have shipped; rows of the last seconds may still be in their spools. */
export function openPredictionLog(deps: {
  readonly db: Queryable;
  readonly store: Pick<ArtifactStore, 'fetchFile'>;
}): PredictionLog {
  async function open(window: PredictionWindow, options = { items: true }): Promise<PredictionLogView> {
    const segments = await segmentsSince(deps.db, window.environment, window.from);
    const inWindow = segments.filter((segment) => segment.firstAt < window.to);
    const files = {
      requests: await fetchParts(deps.store, inWindow, 'requests'),
      items: options.items ? await fetchParts(deps.store, inWindow, 'items') : [],
      outcomes: await fetchParts(deps.store, segments, 'outcomes'),
    };
    const instance = await duckdb.DuckDBInstance.create(':memory:', { threads: '2', ...NO_EXTENSIONS });
    const connection = await instance.connect();
    const close = (): void => {
      connection.closeSync();
      instance.closeSync();
    };
    try {
      await connection.run(linesTable(null));
      for (const statement of attachStatements(window, files)) await connection.run(statement);
    } catch (error) {
      close();
      throw error;
    }
    return { query: (sql, parameters) => ask(connection, sql, parameters), close };
  }
  return {
    open,
    async query<Row extends object>(window: PredictionWindow, sql: string, parameters?: LogParameters) {
      const view = await open(window);
      try {
        return await view.query<Row>(sql, parameters);
      } finally {
        view.close();
      }
    },
  };
}

async function fetchParts(
  store: Pick<ArtifactStore, 'fetchFile'>,
  segments: readonly PredictionSegment[],
  kind: SegmentKind,
): Promise<string[]> {
  const blobs = segments.flatMap((segment) => segment.parts[kind]?.blob ?? []);
  const paths: string[] = [];
  for (let i = 0; i < blobs.length; i += FETCHES_AT_ONCE)
    paths.push(
      ...(await Promise.all(blobs.slice(i, i + FETCHES_AT_ONCE).map((blob) => store.fetchFile(blob)))),
    );
  return paths;
}

/**
 * A caller that asks again after a lost answer makes a second row; the newest is the one that it saw. Items belong
 * to the row of their own time.
 */
function attachStatements(
  window: PredictionWindow,
  files: Readonly<Record<SegmentKind, string[]>>,
): string[] {
  const from = (kind: SegmentKind): string => {
    const paths = files[kind];
    if (paths.length === 0) return `(${SEGMENT_SELECTS[kind]})`;
    return `read_parquet([${[...new Set(paths)].map(quote).join(', ')}], union_by_name = true)`;
  };
  const inWindow = (row: string): string =>
    `${row}.model = ${quote(window.model)} AND ${row}."at" >= ${Math.floor(window.from)} AND ${row}."at" < ${Math.ceil(window.to)}`;
  return [
    `CREATE TEMP TABLE requests AS SELECT r.* FROM ${from('requests')} r WHERE ${inWindow('r')}
     QUALIFY row_number() OVER (PARTITION BY request_id, arm ORDER BY "at" DESC, version DESC) = 1`,
    // A view: items are many and wide, and most questions need few of their columns.
    `CREATE TEMP VIEW items AS SELECT i.* FROM ${from('items')} i
     SEMI JOIN requests r ON i.request_id = r.request_id AND i.arm = r.arm AND i."at" = r."at" AND i.version = r.version
     WHERE ${inWindow('i')}`,
    `CREATE TEMP TABLE outcomes AS SELECT o.* FROM ${from('outcomes')} o
     SEMI JOIN requests r ON o.request_id = r.request_id
     QUALIFY row_number() OVER (PARTITION BY o.request_id, o.name, o.event_id ORDER BY o.received_at) = 1`,
  ];
}

async function ask<Row extends object>(
  connection: DuckDBConnection,
  sql: string,
  parameters: LogParameters | undefined,
): Promise<Row[]> {
  const reader = await connection.runAndReadAll(sql, parameters);
  return reader.getRowObjectsJS().map((row) => {
    const entries = Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'bigint' ? Number(value) : value,
    ]);
    return Object.fromEntries(entries) as Row;
  });
}
