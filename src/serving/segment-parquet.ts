import { stat } from 'node:fs/promises';
import { duckdb } from '../platform/duckdb-driver.ts';
import type { SegmentParts } from '../registry/prediction-segments.ts';

/** What is built in is enough; DuckDB must not fetch more from the network on its own. */
export const NO_EXTENSIONS = { autoinstall_known_extensions: 'false', autoload_known_extensions: 'false' };

export type SegmentKind = keyof SegmentParts;

interface ConvertedPart {
  readonly kind: SegmentKind;
  readonly path: string;
  readonly rows: number;
}

export interface ConvertedSegment {
  readonly parts: readonly ConvertedPart[];
  readonly firstAt: number;
  readonly lastAt: number;
}

const REQUEST = `STRUCT(request_id VARCHAR, "at" BIGINT, model VARCHAR, version INTEGER, arm VARCHAR,
  generation INTEGER, "call" VARCHAR, latency_ms DOUBLE, error VARCHAR, split_key VARCHAR, entity JSON)`;
const ITEM = `STRUCT(rank INTEGER, candidate JSON, score DOUBLE, features DOUBLE[])`;
const OUTCOME = `STRUCT(event_id VARCHAR, request_id VARCHAR, name VARCHAR, value DOUBLE, "at" BIGINT, received_at BIGINT)`;

/** The columns of each kind; entity and candidate are JSON text. The log's reader makes empty tables of them too. */
export const SEGMENT_SELECTS: Readonly<Record<SegmentKind, string>> = {
  requests: `SELECT r.request_id, r."at", r.model, r.version, r.arm, r.generation, r."call", r.latency_ms, r.error,
    r.split_key, CAST(r.entity AS VARCHAR) AS entity FROM (SELECT request AS r FROM lines WHERE request IS NOT NULL)`,
  items: `SELECT r.request_id, r."at", r.model, r.version, r.arm, r.generation, i.rank,
    CAST(i.candidate AS VARCHAR) AS candidate, i.score, i.features
    FROM (SELECT request AS r, unnest(items) AS i FROM lines WHERE request IS NOT NULL)`,
  outcomes: `SELECT o.event_id, o.request_id, o.name, o.value, o."at", o.received_at
    FROM (SELECT unnest(outcomes) AS o FROM lines WHERE outcomes IS NOT NULL)`,
};

/** Table `lines` of a segment's NDJSON, or an empty one of the same columns. */
export function linesTable(path: string | null): string {
  const columns = { request: REQUEST, items: `${ITEM}[]`, outcomes: `${OUTCOME}[]` };
  if (path === null) {
    const empty = Object.entries(columns).map(([name, type]) => `CAST(NULL AS ${type}) AS ${name}`);
    return `CREATE TEMP VIEW lines AS SELECT ${empty.join(', ')} WHERE false`;
  }
  const types = Object.entries(columns).map(([name, type]) => `${name}: ${quote(type)}`);
  // A line longer than the default of 16 MiB is possible with the largest requests.
  return `CREATE TEMP TABLE lines AS SELECT * FROM read_json(${quote(path)}, format = 'newline_delimited',
    columns = {${types.join(', ')}}, maximum_object_size = 134217728)`;
}

export function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/**
 * Writes the Parquet files of a sealed segment beside it, one for each kind that it has rows of.
 * @returns null for a segment without rows.
 */
export async function convertSegment(path: string, basePath: string): Promise<ConvertedSegment | null> {
  if ((await stat(path)).size === 0) return null;
  const instance = await duckdb.DuckDBInstance.create(':memory:', { threads: '1', ...NO_EXTENSIONS });
  const connection = await instance.connect();
  try {
    await connection.run(linesTable(path));
    const parts: ConvertedPart[] = [];
    let firstAt = Number.POSITIVE_INFINITY;
    let lastAt = Number.NEGATIVE_INFINITY;
    for (const kind of ['requests', 'items', 'outcomes'] as const) {
      const time = kind === 'outcomes' ? 'received_at' : '"at"';
      const select = SEGMENT_SELECTS[kind];
      const reader = await connection.runAndReadAll(
        `SELECT count(*)::DOUBLE, min(${time})::DOUBLE, max(${time})::DOUBLE FROM (${select})`,
      );
      const [rows, first, last] = (reader.getRows()[0] ?? []) as number[];
      if (!rows) continue;
      const target = `${basePath}.${kind}.parquet`;
      await connection.run(`COPY (${select}) TO ${quote(target)} (FORMAT parquet, COMPRESSION zstd)`);
      parts.push({ kind, path: target, rows });
      firstAt = Math.min(firstAt, first ?? firstAt);
      lastAt = Math.max(lastAt, last ?? lastAt);
    }
    return parts.length === 0 ? null : { parts, firstAt, lastAt };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
