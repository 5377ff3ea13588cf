import { storable } from '../contracts/storable-text.ts';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { DatasetColumn } from '../domain/dataset.ts';
import { quarantinedBlob } from '../registry/datasets.ts';
import type { SourceHold, SourceRef } from '../registry/datasets.ts';
import { appendBatch, writePart } from './append-batch.ts';
import { attachDataset } from './dataset-views.ts';
import { withDuckDb } from './duckdb.ts';
import type { DuckDbSession } from './duckdb.ts';
import { STAMPED_BEFORE } from './late-commits.ts';
import type { PostgresPosition } from './late-commits.ts';
import { readPostgres } from './postgres-source.ts';
import type { PostgresSource } from './postgres-source.ts';
import { duckDbTime } from './postgres-types.ts';
import { attachReferences, earlierRows, newestEventTime } from './source-ingestion.ts';
import type { GoodDataset, IngestDependencies, IngestOutcome } from './source-ingestion.ts';
import { quoteName, quoteNames, quoteValue } from './sql-text.ts';
import { batchProblems, columnProblems, standstillId } from './table-problems.ts';

/** A table's position. `identity` changes when the spec names another table: it is then read anew. */
export interface TablePosition extends PostgresPosition {
  readonly identity: string;
}

/**
 * Reads what a table has gained, tests it and makes it the next dataset version. A batch that fails is set aside and
 * the watermark stays: the rows are read again with the next batch, so that a mended source heals by itself. Until then
 * each reading finds the same fault in more rows: that is one batch a day, not one each time.
 */
export async function ingestTable(
  deps: IngestDependencies,
  hold: SourceHold,
  ref: SourceRef,
  source: PostgresSource,
  url: string,
  before: { readonly dataset: GoodDataset | null; readonly position: TablePosition | null },
  keep: (position: unknown, outcome: IngestOutcome) => unknown,
): Promise<{ readonly dataset: GoodDataset | null; readonly outcome: IngestOutcome }> {
  const identity = `${source.connection}/${source.table}/${source.watermark ?? ''}`;
  const position = before.position?.identity === identity ? before.position : null;
  const incremental = source.watermark !== undefined && position !== null;
  return withDuckDb({ ...deps.duckdb, signal: deps.signal }, async (session) => {
    const { store } = deps;
    const reading = await readPostgres(session, {
      name: ref.source,
      source,
      url,
      after: incremental ? position : null,
      into: 'fetched',
      nowMs: deps.nowMs,
      signal: deps.signal,
    });
    const parent = before.dataset && {
      ...before.dataset,
      files: await attachDataset(session, store, 'existing', before.dataset.manifest),
    };
    const known = incremental ? parent : null;
    const changes = columnProblems(known?.manifest ?? null, source, reading.columns);
    if (changes.length > 0) await session.run('ALTER TABLE fetched RENAME TO batch');
    else {
      const since =
        known && incremental
          ? {
              watermark: position.watermark,
              compared: await comparedColumns(session, source, known, reading.columns),
            }
          : null;
      await selectNewRows(session, source, since);
    }
    const [counted] = await session.rows('SELECT count(*) AS n FROM batch');
    const rows = Number(counted?.n);
    const nothing = { dataset: before.dataset, outcome: { newRows: 0, quarantined: [] } };
    if (rows === 0 && incremental) {
      if (canonicalJson(reading.position) !== canonicalJson(positionOf(position))) {
        await hold.advance({
          dataset: null,
          newRows: 0,
          position: keep({ ...reading.position, identity } satisfies TablePosition, nothing.outcome),
          eventTimeMaxMs: null,
          quarantined: [],
        });
      }
      return nothing;
    }

    const problems =
      changes.length > 0
        ? changes
        : await batchProblems(source, {
            session,
            source: ref.source,
            batch: 'batch',
            existing: await earlierRows(session, known ? 'existing' : null),
            primaryKey: source.primaryKey ?? [],
            viewOf: await attachReferences(session, store, hold, ref, source),
            nowMs: deps.nowMs,
          });
    if (problems.length > 0) {
      const batchId = standstillId(ref, before.dataset?.digest ?? null, problems, deps.nowMs);
      const failures = problems.map(({ line }) => storable(line));
      const blob =
        (await quarantinedBlob(hold.connection, batchId)) ??
        (await writePart(session, store, 'SELECT * FROM batch')).part.digest;
      const outcome = { newRows: 0, quarantined: [{ batchId, rows, failures, source: ref.source }] };
      await hold.advance({
        dataset: null,
        newRows: 0,
        position: keep(before.position, outcome),
        eventTimeMaxMs: null,
        quarantined: [{ batchId, rows, failures, blob }],
      });
      return { dataset: before.dataset, outcome };
    }
    const dataset = await appendBatch(session, store, {
      ref,
      table: 'batch',
      parent,
      keepParent: incremental,
      primaryKey: source.primaryKey ?? [],
      watermark: { from: position?.watermark ?? null, to: reading.position.watermark },
    });
    const same = !incremental && before.dataset && sameContent(before.dataset, dataset);
    if (same && position) return nothing;
    const outcome = { newRows: rows, quarantined: [] };
    await hold.advance({
      dataset,
      newRows: rows,
      position: keep({ ...reading.position, identity } satisfies TablePosition, outcome),
      eventTimeMaxMs: await newestEventTime(session, 'batch', source, deps.nowMs),
      quarantined: [],
    });
    return { dataset, outcome };
  });
}

function positionOf({ identity: _, ...position }: TablePosition): PostgresPosition {
  return position;
}

/** A table that is read anew and has not changed makes no new version. */
function sameContent(a: GoodDataset, b: GoodDataset): boolean {
  const content = (d: GoodDataset) => canonicalJson([d.manifest.parts, d.manifest.columns]);
  return content(a) === content(b);
}

// No column of anybody's data is likely to have these names.
const OLD = quoteName('perennial old');
const NTH = quoteName('perennial nth');
const HELD = quoteName('perennial held');
const MORE = quoteName('perennial more');

/**
 * Leaves out the rows that are there already, as often as they are: none is lost, none doubled. Rows are told apart by
 * `compared`, columns of the dataset that the table still has. Before the watermark a row without key is new only where
 * there are more at its time than there were: it may be one that was changed after it was read.
 */
async function selectNewRows(
  session: DuckDbSession,
  source: PostgresSource,
  since: { readonly watermark: string | null; readonly compared: readonly string[] } | null,
): Promise<void> {
  const columns = await session.columns('fetched');
  const list = quoteNames(columns.map((c) => c.name));
  const order = source.watermark === undefined ? list : `${quoteName(source.watermark)}, ${list}`;
  if (since === null) {
    await session.run(`CREATE TABLE batch AS SELECT * FROM fetched ORDER BY ${order}`);
    return;
  }
  const at = columns.find((c) => c.name === source.watermark);
  const { reread, isBefore, time } = rereadSql(at, since.watermark);
  const same = quoteNames(since.compared);
  const isMore =
    source.primaryKey === undefined
      ? `QUALIFY (${isBefore}) IS NOT TRUE OR row_number() OVER (PARTITION BY ${time} ORDER BY ${list}) <= ${MORE}`
      : '';
  await session.run(
    `CREATE TABLE batch AS SELECT ${list} FROM (
         SELECT ${list} FROM fetched WHERE (${reread}) IS NOT TRUE
       UNION ALL
         SELECT ${list} FROM (
           SELECT *, row_number() OVER (PARTITION BY ${same}, ${OLD} ORDER BY ${list}) AS ${NTH},
                  count(*) FILTER (${OLD}) OVER (PARTITION BY ${same}) AS ${HELD},
                  count(*) FILTER (NOT ${OLD}) OVER (PARTITION BY ${time})
                    - count(*) FILTER (${OLD}) OVER (PARTITION BY ${time}) AS ${MORE}
             FROM (SELECT ${list}, false AS ${OLD} FROM fetched WHERE ${reread}
                   UNION ALL BY NAME SELECT ${same}, true AS ${OLD} FROM existing WHERE ${reread}))
          WHERE NOT ${OLD} AND ${NTH} > ${HELD} ${isMore}
       ) ORDER BY ${order}`,
  );
}

/** SQL for the rows that are read again, and for those of them that a time before the watermark has. */
function rereadSql(
  at: DatasetColumn | undefined,
  watermark: string | null,
): { readonly reread: string; readonly isBefore: string; readonly time: string } {
  const time = at ? quoteName(at.name) : 'NULL';
  if (!at || watermark === null) return { reread: 'true', isBefore: 'false', time };
  const mark = markSql(watermark, at.type);
  const from = at.type === 'TIMESTAMP' ? `${mark} - ${STAMPED_BEFORE}` : mark;
  return { reread: `${time} >= ${from}`, isBefore: `${time} < ${mark}`, time };
}

/** A watermark's text in PostgreSQL as a value of DuckDB's type. */
function markSql(watermark: string, type: string): string {
  const literal = quoteValue(duckDbTime(watermark, type));
  return type === 'TIMESTAMP'
    ? `(CAST(${literal} AS TIMESTAMPTZ) AT TIME ZONE 'UTC')`
    : `CAST(${literal} AS ${type})`;
}

/**
 * The columns by which a row of the table is known again. Without a key, a column that a part of the dataset does not
 * have yet tells none apart: a new column with a default would make every row at the watermark a new one. With a key,
 * such a row replaces the older.
 */
async function comparedColumns(
  session: DuckDbSession,
  source: PostgresSource,
  dataset: GoodDataset & { readonly files: readonly string[] },
  columns: readonly DatasetColumn[],
): Promise<string[]> {
  const parts =
    source.primaryKey === undefined
      ? await Promise.all(dataset.files.map((file) => session.parquetColumns(file)))
      : [dataset.manifest.columns];
  const held = parts.map((part) => new Set(part.map((c) => c.name.toLowerCase())));
  return columns.map((c) => c.name).filter((name) => held.every((part) => part.has(name.toLowerCase())));
}
