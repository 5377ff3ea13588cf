import { createHash } from 'node:crypto';
import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import type { QuarantinedBatch } from '../contracts/activities/data.ts';
import type { Source } from '../contracts/spec/sources.ts';
import type { DatasetManifest } from '../domain/dataset.ts';
import { currentDatasets } from '../registry/datasets.ts';
import type { SourceHold, SourceRef } from '../registry/datasets.ts';
import { attachDataset } from './dataset-views.ts';
import type { DuckDbOptions, DuckDbSession } from './duckdb.ts';
import { hasHappenedSql, isTimestamp } from './column-types.ts';
import { quoteName } from './sql-text.ts';

/** What a reader of sources is given by the composition root. */
export interface IngestDependencies {
  readonly store: ArtifactStore;
  readonly duckdb: Omit<DuckDbOptions, 'signal'>;
  readonly signal: AbortSignal;
  readonly nowMs: number;
}

/** What one reading did. It is kept beside the position, so that a repeated attempt answers it again. */
export interface IngestOutcome {
  readonly newRows: number;
  readonly quarantined: readonly QuarantinedBatch[];
}

export interface GoodDataset {
  readonly digest: string;
  readonly manifest: DatasetManifest;
}

export function batchIdOf(ref: SourceRef, ...content: readonly string[]): string {
  return createHash('sha256')
    .update([ref.environment, ref.model, ref.source, ...content].join('\n'))
    .digest('hex')
    .slice(0, 32);
}

/** Attaches the good datasets that the source's expectations refer to. @returns the name of a source's view */
export async function attachReferences(
  session: DuckDbSession,
  store: ArtifactStore,
  hold: SourceHold,
  ref: SourceRef,
  source: Source,
): Promise<(name: string) => string | null> {
  const wanted = new Set(source.expectations.flatMap((e) => (e.expect === 'references' ? [e.source] : [])));
  if (wanted.size === 0) return () => null;
  const attached = new Set<string>();
  for (const dataset of await currentDatasets(hold.connection, ref)) {
    if (!wanted.has(dataset.source)) continue;
    await attachDataset(session, store, referenceView(dataset.source), dataset.manifest);
    attached.add(dataset.source);
  }
  return (name) => (attached.has(name) ? referenceView(name) : null);
}

const referenceView = (source: string): string => `reference ${source}`;

/** The rows that are there already with the new columns of table `batch`, so that an expectation may name these. */
export async function earlierRows(session: DuckDbSession, existing: string | null): Promise<string | null> {
  if (existing === null) return null;
  await session.run(
    `CREATE OR REPLACE VIEW earlier AS
       SELECT * FROM ${quoteName(existing)} UNION ALL BY NAME SELECT * FROM batch WHERE false`,
  );
  return 'earlier';
}

/** Columns whose type is not the one that the dataset has kept until now, one line each. */
export function typeChanges(
  manifest: DatasetManifest | null,
  columns: readonly { readonly name: string; readonly type: string }[],
): string[] {
  const before = new Map((manifest?.columns ?? []).map((c) => [c.name.toLowerCase(), c.type]));
  return columns.flatMap((c) => {
    const type = before.get(c.name.toLowerCase());
    if (type === undefined || type === c.type) return [];
    return [
      `column "${c.name}" is ${c.type}, in the dataset it is ${type}; give the source a new name to change it`,
    ];
  });
}

/** From here on neighbouring integers are one DOUBLE. */
const EXACT_BELOW = 2 ** 53;

/** Keys of a batch that their type can't keep apart, so that one row would replace another's: one line for each column. */
export async function blurredKeys(
  session: DuckDbSession,
  table: string,
  primaryKey: readonly string[],
): Promise<string[]> {
  const types = new Map((await session.columns(table)).map((c) => [c.name.toLowerCase(), c.type]));
  const problems: string[] = [];
  for (const column of primaryKey.filter((c) => types.get(c.toLowerCase()) === 'DOUBLE')) {
    const name = quoteName(column);
    const [row] = await session.rows<{ n: number }>(
      `SELECT count(*) AS n FROM ${quoteName(table)} WHERE isfinite(${name}) AND abs(${name}) >= ${String(EXACT_BELOW)}`,
    );
    if (row && row.n > 0)
      problems.push(
        `primaryKey "${column}" holds ${String(row.n)} numbers beyond 2^53, of which DOUBLE takes neighbours for one; read it as text`,
      );
  }
  return problems;
}

/**
 * The newest time in a table, in milliseconds: of the column that a `fresh` expectation names, else of the watermark,
 * else of the first timestamp; null where there is none. It is never later than now, whatever the rows say.
 */
export async function newestEventTime(
  session: DuckDbSession,
  table: string,
  source: Source,
  nowMs: number,
): Promise<number | null> {
  const times = (await session.columns(table)).filter((c) => isTimestamp(c.type) || c.type === 'DATE');
  const fresh = source.expectations.find((e) => e.expect === 'fresh')?.column;
  const watermark = source.type === 'postgres' ? source.watermark : undefined;
  const column = times.find((c) => c.name === fresh) ?? times.find((c) => c.name === watermark) ?? times[0];
  if (!column) return null;
  const [row] = await session.rows(
    `SELECT epoch_ms(TRY_CAST(max(${quoteName(column.name)}) AS TIMESTAMP)) AS ms FROM ${quoteName(table)} WHERE ${hasHappenedSql(column, nowMs)}`,
  );
  return typeof row?.ms === 'number' ? Math.min(row.ms, nowMs) : null;
}
