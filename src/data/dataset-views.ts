import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import type { DatasetManifest } from '../domain/dataset.ts';
import type { DatasetRef } from '../registry/datasets.ts';
import type { DuckDbSession } from './duckdb.ts';
import { quoteName, quoteNames, quoteValue } from './sql-text.ts';

/** Attaches datasets as views, each by the name of its source. To be called before the session is sealed. */
export async function datasetViews(
  session: DuckDbSession,
  store: ArtifactStore,
  datasets: readonly DatasetRef[],
): Promise<void> {
  for (const { source, manifest } of datasets) await attachDataset(session, store, source, manifest);
}

/**
 * Attaches one dataset as view `name`: of rows with one primary key only the newest is seen.
 * @returns the local files of its parts, in their order
 */
export async function attachDataset(
  session: DuckDbSession,
  store: ArtifactStore,
  name: string,
  manifest: DatasetManifest,
): Promise<readonly string[]> {
  const files: string[] = [];
  for (const part of manifest.parts) files.push(await session.adopt(await store.fetchFile(part.digest)));
  await session.run(`CREATE VIEW ${quoteName(name)} AS ${datasetSql(manifest, files)}`);
  return files;
}

// No column of anybody's data is likely to have these names.
const [PART, ROW] = ['perennial part', 'perennial row'].map(quoteName) as [string, string];

/** The condition under which a row has a key: with a null in it a row is like no other, so that none replaces it. */
export function hasKey(primaryKey: readonly string[]): string {
  return primaryKey.map((column) => `${quoteName(column)} IS NOT NULL`).join(' AND ');
}

/** SQL that reads a dataset from the local files of its parts, in their order. */
export function datasetSql(manifest: DatasetManifest, files: readonly string[]): string {
  const columns = manifest.columns.map((c) => `${quoteName(c.name)}::${c.type} AS ${quoteName(c.name)}`);
  if (files.length === 0) {
    const none = manifest.columns.map((c) => `NULL::${c.type} AS ${quoteName(c.name)}`);
    return `SELECT ${none.join(', ')} WHERE false`;
  }
  if (manifest.replaced === 0) {
    const list = files.map((file) => quoteValue(file)).join(', ');
    return `SELECT ${columns.join(', ')} FROM read_parquet([${list}], union_by_name = true)`;
  }
  const parts = files.map(
    (file, index) =>
      `SELECT ${String(index)} AS ${PART}, row_number() OVER () AS ${ROW}, * FROM read_parquet(${quoteValue(file)})`,
  );
  return `SELECT ${columns.join(', ')} FROM (${parts.join(' UNION ALL BY NAME ')})
    QUALIFY row_number() OVER (PARTITION BY ${quoteNames(manifest.primaryKey)} ORDER BY ${PART} DESC, ${ROW} DESC) = 1
      OR NOT (${hasKey(manifest.primaryKey)})`;
}
