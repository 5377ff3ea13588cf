import { createHash, randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import { canonicalJson } from '../domain/canonical-json.ts';
import { newestRun, partRows } from '../domain/dataset.ts';
import type { ColumnProfile, DatasetColumn, DatasetManifest, DatasetPart } from '../domain/dataset.ts';
import { nearestName } from '../domain/nearest-name.ts';
import { SOURCE_UNREADABLE } from '../errors/data-errors.ts';
import { PerennialError } from '../errors/define-error.ts';
import type { SourceRef } from '../registry/datasets.ts';
import { datasetSql, hasKey } from './dataset-views.ts';
import type { SqlValue } from './duckdb-values.ts';
import type { DuckDbSession } from './duckdb.ts';
import { quoteName, quoteNames, quoteValue } from './sql-text.ts';

/** Beyond this many parts the newest of a version are rewritten as one part with the same rows. */
export const MAX_PARTS = 50;

export interface AppendOptions {
  readonly ref: SourceRef;
  /** The table with the new rows, in the order in which they are to be kept. */
  readonly table: string;
  /** The version that this one follows. */
  readonly parent: {
    readonly digest: string;
    readonly manifest: DatasetManifest;
    readonly files: readonly string[];
  } | null;
  /** The parent's rows stay. false: the batch is the whole of the source. */
  readonly keepParent: boolean;
  readonly primaryKey: readonly string[];
  readonly watermark: DatasetManifest['watermark'];
}

/**
 * Writes a batch as the next version of a dataset: Parquet part and manifest are in the store when it returns, nothing
 * is in the registry yet. The same batch after the same parent gives the same digest.
 * @throws PerennialError SOURCE_UNREADABLE where a column of the primary key is missing
 */
export async function appendBatch(
  session: DuckDbSession,
  store: ArtifactStore,
  options: AppendOptions,
): Promise<{ readonly digest: string; readonly manifest: DatasetManifest }> {
  const { ref, parent, primaryKey } = options;
  const batchColumns = await session.columns(options.table);
  const kept = options.keepParent ? parent : null;
  const columns = mergeColumns(kept?.manifest.columns ?? [], batchColumns);
  mustHaveKey(ref.source, primaryKey, batchColumns);
  const { path, part } = await writePart(session, store, `SELECT * FROM ${quoteName(options.table)}`);
  const files = [...(kept?.files ?? []), path];
  const parts = [...(kept?.manifest.parts ?? []), part];
  const total = partRows(parts);
  const rows = primaryKey.length === 0 ? total : await countKeys(session, kept, path, primaryKey);
  const appended: DatasetManifest = {
    kind: 'dataset',
    model: ref.model,
    environment: ref.environment,
    source: ref.source,
    parts,
    columns,
    rows,
    primaryKey,
    replaced: total - rows,
    watermark: options.watermark,
    parent: parent?.digest ?? null,
    profile: await profileOf(session, options.table, batchColumns),
  };
  const manifest = parts.length > MAX_PARTS ? await compacted(session, store, appended, files) : appended;
  const { digest } = await store.putJson(manifest);
  return { digest, manifest };
}

/** The digest that a manifest is stored under. */
export function manifestDigest(manifest: DatasetManifest): string {
  return createHash('sha256').update(canonicalJson(manifest)).digest('hex');
}

const NEWEST = 'newest parts';

async function compacted(
  session: DuckDbSession,
  store: ArtifactStore,
  manifest: DatasetManifest,
  files: readonly string[],
): Promise<DatasetManifest> {
  const from = newestRun(manifest.parts);
  const newest = files.slice(from);
  await session.run(`CREATE OR REPLACE VIEW ${quoteName(NEWEST)} AS SELECT * FROM ${rowsOf(newest)}`);
  const present = new Set((await session.columns(NEWEST)).map((c) => c.name.toLowerCase()));
  const columns = manifest.columns.filter((c) => present.has(c.name.toLowerCase()));
  const { part } = await writePart(session, store, datasetSql({ ...manifest, columns }, newest));
  const parts = [...manifest.parts.slice(0, from), part];
  return { ...manifest, parts, replaced: partRows(parts) - manifest.rows };
}

/** Writes the rows of trusted SQL as Parquet into scratch directory and store. */
export async function writePart(
  session: DuckDbSession,
  store: ArtifactStore,
  sql: string,
): Promise<{ readonly path: string; readonly part: DatasetPart }> {
  const path = join(session.directory, `part-${randomUUID()}.parquet`);
  await session.run(`COPY (${sql}) TO ${quoteValue(path)} (FORMAT parquet, COMPRESSION zstd)`);
  const [row] = await session.rows(`SELECT count(*) AS n FROM read_parquet(${quoteValue(path)})`);
  const { digest } = await store.putFile(path);
  const { size } = await stat(path);
  return { path, part: { digest, rows: Number(row?.n), bytes: size } };
}

/** DuckDB reads columns of several files as one whose names differ in nothing but case. */
function mergeColumns(before: readonly DatasetColumn[], batch: readonly DatasetColumn[]): DatasetColumn[] {
  const known = new Set(before.map((c) => c.name.toLowerCase()));
  return [...before, ...batch.filter((c) => !known.has(c.name.toLowerCase()))];
}

function mustHaveKey(source: string, primaryKey: readonly string[], columns: readonly DatasetColumn[]): void {
  const names = columns.map((c) => c.name);
  const missing = primaryKey.find((key) => !names.some((name) => name.toLowerCase() === key.toLowerCase()));
  if (missing === undefined) return;
  const near = nearestName(missing, names);
  throw new PerennialError(
    SOURCE_UNREADABLE,
    `source "${source}": its primaryKey "${missing}" is no column${near === null ? '' : `; did you mean "${near}"?`} It has ${names.join(', ')}`,
    { details: { source, column: missing } },
  );
}

function rowsOf(files: readonly string[]): string {
  return `read_parquet([${files.map((file) => quoteValue(file)).join(', ')}], union_by_name = true)`;
}

/**
 * How many rows there are with the batch, each key once and each row without one. Of rows that were counted already only
 * the keys are looked up, not all counted anew.
 */
async function countKeys(
  session: DuckDbSession,
  before: AppendOptions['parent'],
  batch: string,
  primaryKey: readonly string[],
): Promise<number> {
  const counted = before !== null && canonicalJson(before.manifest.primaryKey) === canonicalJson(primaryKey);
  const files = counted || before === null ? [batch] : [...before.files, batch];
  const keys = quoteNames(primaryKey);
  const keyed = hasKey(primaryKey);
  const others = counted ? `ANTI JOIN (SELECT ${keys} FROM ${rowsOf(before.files)}) USING (${keys})` : '';
  const [row] = await session.rows(
    `SELECT (SELECT count(*) FROM (SELECT DISTINCT ${keys} FROM ${rowsOf(files)} WHERE ${keyed}) ${others})
          + (SELECT count(*) FROM ${rowsOf(files)} WHERE NOT (${keyed})) AS n`,
  );
  return Number(row?.n) + (counted ? before.manifest.rows : 0);
}

async function profileOf(
  session: DuckDbSession,
  table: string,
  columns: readonly DatasetColumn[],
): Promise<Record<string, ColumnProfile>> {
  if (columns.length === 0) return {};
  const measures = columns.flatMap((c, i) => {
    const name = quoteName(c.name);
    const ordered = !c.type.endsWith(']');
    const shown = /^(DATE|TIMESTAMP)/.test(c.type) ? '::VARCHAR' : '';
    return [
      `${ordered ? `min(${name})${shown}` : 'NULL'} AS min_${String(i)}`,
      `${ordered ? `max(${name})${shown}` : 'NULL'} AS max_${String(i)}`,
      `count(*) FILTER (${name} IS NULL) AS nulls_${String(i)}`,
      `approx_count_distinct(${name}) AS distinct_${String(i)}`,
    ];
  });
  const [row = {}] = await session.rows(`SELECT ${measures.join(', ')} FROM ${quoteName(table)}`);
  return Object.fromEntries(
    columns.map((c, i) => [
      c.name,
      {
        min: scalar(row[`min_${String(i)}`]),
        max: scalar(row[`max_${String(i)}`]),
        nulls: Number(row[`nulls_${String(i)}`]),
        distinct: Number(row[`distinct_${String(i)}`]),
      },
    ]),
  );
}

/** JSON has no NaN and no infinity; their text keeps the profile's digest stable. */
function scalar(value: SqlValue | undefined): ColumnProfile['min'] {
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  return typeof value === 'string' || typeof value === 'boolean' ? value : null;
}
