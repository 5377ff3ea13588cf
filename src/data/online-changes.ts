import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import type { FeatureView } from '../contracts/spec/sources.ts';
import type { OfflineValues, OnlineChange } from '../registry/feature-materialisations.ts';
import { onlineKey } from '../registry/online-features.ts';
import type { FeatureValue, KeyValue } from '../registry/online-features.ts';
import type { SqlValue } from './duckdb-values.ts';
import type { DescribedColumn, DuckDbSession, SqlRow } from './duckdb.ts';
import { VIEW_TIME } from './feature-view.ts';
import { quoteName, quoteNames, quoteValue } from './sql-text.ts';

export interface OnlineDifference {
  readonly changed: readonly OnlineChange[];
  /** Keys that are gone; null: all that are online go, and `changed` is everything. */
  readonly removed: readonly string[] | null;
}

/** What must change online so that it shows the newest row of each key of `after`, given that it shows `before`'s. */
export async function onlineDifference(
  session: DuckDbSession,
  store: ArtifactStore,
  view: FeatureView,
  after: OfflineValues,
  before: OfflineValues | undefined,
): Promise<OnlineDifference> {
  if (before?.digest === after.digest) return { changed: [], removed: [] };
  const columns = Object.keys(view.columns);
  const newest = await newestSql(session, store, view, after);
  const old =
    before?.lineage.definition === after.lineage.definition
      ? await newestSql(session, store, view, before)
      : null;
  // A column of another type is compared after a cast, in which 1 and "1" are the same.
  if (old === null || (await typesOf(session, old)) !== (await typesOf(session, newest))) {
    const rows = await session.rows(newest);
    return { changed: rows.map((row) => changeOf(row, view, columns)), removed: null };
  }
  const keys = quoteNames(view.keys);
  const changed = await session.rows(`${newest} EXCEPT ${old}`);
  const removed = await session.rows(`SELECT ${keys} FROM (${old}) EXCEPT SELECT ${keys} FROM (${newest})`);
  return {
    changed: changed.map((row) => changeOf(row, view, columns)),
    removed: removed.map((row) => keyOf(row, view)),
  };
}

async function newestSql(
  session: DuckDbSession,
  store: ArtifactStore,
  view: FeatureView,
  values: OfflineValues,
): Promise<string> {
  const file = await session.adopt(await store.fetchFile(values.digest));
  const keys = quoteNames(view.keys);
  const columns = Object.keys(view.columns).map((c) => `, ${quoteName(c)}`);
  return `(SELECT ${keys}, epoch_ms(${VIEW_TIME}) AS ${VIEW_TIME}${columns.join('')} FROM read_parquet(${quoteValue(file)})
    QUALIFY row_number() OVER (PARTITION BY ${keys} ORDER BY ${VIEW_TIME} DESC) = 1)`;
}

async function typesOf(session: DuckDbSession, sql: string): Promise<string> {
  const columns = await session.rows<DescribedColumn>(`DESCRIBE ${sql}`);
  return columns.map((c) => c.column_type).join();
}

function changeOf(row: SqlRow, view: FeatureView, columns: readonly string[]): OnlineChange {
  return {
    key: keyOf(row, view),
    values: Object.fromEntries(columns.map((column) => [column, featureValue(row[column])])),
    eventTimeMs: Number(row[VIEW_TIME]),
  };
}

function keyOf(row: SqlRow, view: FeatureView): string {
  return onlineKey(view.keys.map((key) => row[key] as KeyValue));
}

/** NaN and infinities are no values that a model can be asked with: they are missing. */
function featureValue(value: SqlValue | undefined): FeatureValue {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  return typeof value === 'string' || typeof value === 'boolean' ? value : null;
}
