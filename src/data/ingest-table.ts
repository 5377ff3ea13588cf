import { canonicalJson } from '../domain/canonical-json.ts';
import type { SourceHold, SourceRef } from '../registry/datasets.ts';
import { appendBatch, writePart } from './append-batch.ts';
import { attachDataset } from './dataset-views.ts';
import { withDuckDb } from './duckdb.ts';
import type { DuckDbSession } from './duckdb.ts';
import { failedExpectations } from './expectations/judge-expectations.ts';
import { readPostgres } from './postgres-source.ts';
import type { PostgresPosition, PostgresSource } from './postgres-source.ts';
import { attachReferences, batchIdOf, newestEventTime, typeChanges } from './source-ingestion.ts';
import type { GoodDataset, IngestDependencies, IngestOutcome } from './source-ingestion.ts';
import { quoteName, quoteValue } from './sql-text.ts';

/** A table's position. `identity` changes when the spec names another table: it is then read anew. */
export interface TablePosition extends PostgresPosition {
  readonly identity: string;
}

/**
 * Reads what a table has gained, tests it and makes it the next dataset version. A batch that fails is set aside and
 * the watermark stays: the rows are read again with the next batch, so that a mended source heals by itself.
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
      signal: deps.signal,
    });
    const parent = before.dataset && {
      ...before.dataset,
      files: await attachDataset(session, store, 'existing', before.dataset.manifest),
    };
    const known = incremental ? parent : null;
    const changes = typeChanges(known?.manifest ?? null, reading.columns);
    if (changes.length > 0) await session.run('ALTER TABLE fetched RENAME TO batch');
    else
      await selectNewRows(session, source, incremental ? position.watermark : null, known?.manifest ?? null);
    const [counted] = await session.rows('SELECT count(*) AS n FROM batch');
    const rows = Number(counted?.n);
    const nothing = { dataset: before.dataset, outcome: { newRows: 0, quarantined: [] } };
    if (rows === 0 && incremental) return nothing;

    const viewOf = await attachReferences(session, store, hold, ref, source);
    const failures =
      changes.length > 0
        ? changes
        : [
            ...(await missingWatermarks(session, source)),
            ...(await failedExpectations(source.expectations, {
              session,
              source: ref.source,
              batch: 'batch',
              existing: known ? 'existing' : null,
              primaryKey: source.primaryKey ?? [],
              viewOf,
              nowMs: deps.nowMs,
            })),
          ];
    if (failures.length > 0) {
      const { part } = await writePart(session, store, 'SELECT * FROM batch');
      const batch = { batchId: batchIdOf(ref, part.digest), rows, failures };
      const outcome = { newRows: 0, quarantined: [{ ...batch, source: ref.source }] };
      await hold.advance({
        dataset: null,
        newRows: 0,
        position: keep(before.position, outcome),
        eventTimeMaxMs: null,
        quarantined: [{ ...batch, blob: part.digest }],
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
      eventTimeMaxMs: await newestEventTime(session, 'batch', source),
      quarantined: [],
    });
    return { dataset, outcome };
  });
}

/** A table that is read anew and has not changed makes no new version. */
function sameContent(a: GoodDataset, b: GoodDataset): boolean {
  const content = (d: GoodDataset) => canonicalJson([d.manifest.parts, d.manifest.columns]);
  return content(a) === content(b);
}

/** Leaves out the rows at the watermark that are there already, as often as they are: none is lost, none doubled. */
async function selectNewRows(
  session: DuckDbSession,
  source: PostgresSource,
  watermark: string | null,
  manifest: GoodDataset['manifest'] | null,
): Promise<void> {
  const columns = await session.columns('fetched');
  const list = columns.map((c) => quoteName(c.name)).join(', ');
  const order = source.watermark === undefined ? list : `${quoteName(source.watermark)}, ${list}`;
  if (source.watermark === undefined || watermark === null || manifest === null) {
    await session.run(`CREATE TABLE batch AS SELECT * FROM fetched ORDER BY ${order}`);
    return;
  }
  const held = new Set(manifest.columns.map((c) => c.name));
  const old = columns.map((c) => (held.has(c.name) ? quoteName(c.name) : `NULL::${c.type}`)).join(', ');
  const type = columns.find((c) => c.name === source.watermark)?.type ?? 'VARCHAR';
  const literal = quoteValue(watermark);
  const mark =
    type === 'TIMESTAMP'
      ? `(CAST(${literal} AS TIMESTAMPTZ) AT TIME ZONE 'UTC')`
      : `CAST(${literal} AS ${type})`;
  await session.run(
    `CREATE TABLE batch AS SELECT * FROM (SELECT ${list} FROM fetched EXCEPT ALL
       SELECT ${old} FROM existing WHERE ${quoteName(source.watermark)} = ${mark}) ORDER BY ${order}`,
  );
}

async function missingWatermarks(session: DuckDbSession, source: PostgresSource): Promise<string[]> {
  if (source.watermark === undefined) return [];
  const [row] = await session.rows(
    `SELECT count(*) AS n FROM batch WHERE ${quoteName(source.watermark)} IS NULL`,
  );
  const n = Number(row?.n);
  return n === 0
    ? []
    : [`watermark "${source.watermark}" is null in ${String(n)} rows, which could never be read again`];
}
