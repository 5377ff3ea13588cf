import { withDuckDb } from '../../../../src/data/duckdb.ts';
import { quoteValue } from '../../../../src/data/sql-text.ts';
import { segmentsSince } from '../../../../src/registry/prediction-segments.ts';
import { SEGMENT_SELECTS, linesTable } from '../../../../src/serving/segment-parquet.ts';
import type { SegmentKind } from '../../../../src/serving/segment-parquet.ts';
import type { Aftermath } from './aftermath.ts';

/** What the prediction log's files hold beyond one row for each thing that happened, and what is missing beside it. */
export interface RawLog {
  readonly requests: number;
  readonly items: number;
  readonly outcomes: number;
  /** Rows beyond the first of one answer, which its gateway gave at one time; a repeated request has a time of its own. */
  readonly doubledRequests: number;
  readonly doubledItems: number;
  readonly doubledOutcomes: number;
  /** Answers without the items that they ranked. */
  readonly itemless: number;
}

const KINDS: readonly SegmentKind[] = ['requests', 'items', 'outcomes'];

/** The files of all segments as they were shipped: the log's own view of them shows a row that came twice only once. */
export async function readRawLog({
  db,
  store,
  environment,
  scratch,
}: Pick<Aftermath, 'db' | 'store' | 'environment' | 'scratch'>): Promise<RawLog> {
  const segments = await segmentsSince(db, environment, 0);
  const [row] = await withDuckDb({ directory: scratch }, async (session) => {
    await session.run(linesTable(null));
    for (const kind of KINDS) {
      const files: string[] = [];
      // One file that two segments name is read twice.
      for (const { parts } of segments)
        if (parts[kind]) files.push(await session.adopt(await store.fetchFile(parts[kind].blob)));
      const rows =
        files.length === 0
          ? SEGMENT_SELECTS[kind]
          : `SELECT * FROM read_parquet([${files.map(quoteValue).join(', ')}], union_by_name = true)`;
      await session.run(`CREATE TEMP VIEW ${kind} AS ${rows}`);
    }
    return session.rows<RawLog>(`
      WITH answers AS (SELECT DISTINCT request_id, arm, "at", version, error FROM requests),
           ranked AS (SELECT request_id, arm, "at", version, count(*) AS n, count(DISTINCT rank) AS ranks
                        FROM items GROUP BY ALL)
      SELECT (SELECT count(*) FROM requests) AS requests,
             (SELECT count(*) FROM items) AS items,
             (SELECT count(*) FROM outcomes) AS outcomes,
             (SELECT count(*) FROM requests) - (SELECT count(*) FROM answers) AS "doubledRequests",
             (SELECT coalesce(sum(n - ranks), 0)::BIGINT FROM ranked) AS "doubledItems",
             (SELECT count(*) - count(DISTINCT (event_id, received_at)) FROM outcomes) AS "doubledOutcomes",
             (SELECT count(*) FROM answers ANTI JOIN ranked USING (request_id, arm, "at", version)
               WHERE error IS NULL) AS itemless`);
  });
  if (!row) throw new Error('aggregates always give a row');
  return row;
}
