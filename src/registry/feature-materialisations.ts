import type { ModelRef } from '../contracts/workflows/ids.ts';
import type { Queryable, Transaction } from './database.ts';
import type { FeatureValue } from './online-features.ts';

/** What the offline values of a view were computed from. Equal lineage means equal values. */
export interface ViewLineage {
  /** Made by `definitionOf`. */
  readonly definition: string;
  /** Digest of each dataset that the SQL reads, by source. */
  readonly sources: Readonly<Record<string, string>>;
}

export interface OfflineValues {
  /** Of the Parquet. */
  readonly digest: string;
  readonly rows: number;
  readonly lineage: ViewLineage;
}

/** Offline values, the newest of which are online. */
export interface Materialisation extends OfflineValues {
  /**
   * The name under which the online rows lie: the view's own, or `view@definition` while another definition lies there.
   * No name of a view has an @. It stays as long as the definition does, as what is online is replaced nowhere else.
   */
  readonly place: string;
}

export interface OnlineChange {
  readonly key: string;
  readonly values: Readonly<Record<string, FeatureValue>>;
  readonly eventTimeMs: number;
}

const ROWS_PER_STATEMENT = 5_000;

/** What is online, the newest first. */
export async function readMaterialisations(
  db: Queryable,
  ref: ModelRef,
): Promise<readonly Materialisation[]> {
  const { rows } = await db.query<{ view: string; digest: string; rows: number; datasets: ViewLineage }>(
    `SELECT view, digest, rows, datasets FROM feature_materialisations WHERE model = $1 AND environment = $2
      ORDER BY created_at DESC, view`,
    [ref.model, ref.environment],
  );
  return rows.map(({ view: place, digest, rows: count, datasets: lineage }) => ({
    place,
    digest,
    rows: count,
    lineage,
  }));
}

/** Records a place's offline values. Its online rows are to change in the same transaction. */
export async function writeMaterialisation(
  tx: Transaction,
  ref: ModelRef,
  { place, digest, rows, lineage }: Materialisation,
): Promise<void> {
  await tx.query(
    `INSERT INTO feature_materialisations (model, environment, view, digest, rows, datasets)
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (model, environment, view) DO UPDATE SET
       digest = excluded.digest, rows = excluded.rows, datasets = excluded.datasets, created_at = now()`,
    [ref.model, ref.environment, place, digest, rows, JSON.stringify(lineage)],
  );
}

/** Forgets a place and its online rows. */
export async function clearPlace(tx: Transaction, ref: ModelRef, place: string): Promise<void> {
  await removeOnline(tx, ref, place, null);
  await tx.query('DELETE FROM feature_materialisations WHERE model = $1 AND environment = $2 AND view = $3', [
    ref.model,
    ref.environment,
    place,
  ]);
}

/** Writes the values of keys; keys that have them already are left alone. @returns the number of rows written */
export async function upsertOnline(
  tx: Transaction,
  ref: ModelRef,
  place: string,
  changes: readonly OnlineChange[],
): Promise<number> {
  let written = 0;
  for (let start = 0; start < changes.length; start += ROWS_PER_STATEMENT) {
    const chunk = changes.slice(start, start + ROWS_PER_STATEMENT);
    const { rowCount } = await tx.query(
      `INSERT INTO online_features (model, environment, view, key, values, event_time)
       SELECT $1, $2, $3, key, values::jsonb, to_timestamp(at / 1000)
         FROM unnest($4::text[], $5::text[], $6::float8[]) AS changed (key, values, at)
       ON CONFLICT (model, environment, view, key) DO UPDATE SET values = excluded.values, event_time = excluded.event_time
       WHERE (online_features.values, online_features.event_time) IS DISTINCT FROM (excluded.values, excluded.event_time)`,
      [
        ref.model,
        ref.environment,
        place,
        chunk.map((c) => c.key),
        chunk.map((c) => JSON.stringify(c.values)),
        chunk.map((c) => c.eventTimeMs),
      ],
    );
    written += rowCount ?? 0;
  }
  return written;
}

/** Removes keys that a view does not yield any more; all of the place's keys when `keys` is null. */
export async function removeOnline(
  tx: Transaction,
  ref: ModelRef,
  place: string,
  keys: readonly string[] | null,
): Promise<void> {
  await tx.query(
    'DELETE FROM online_features WHERE model = $1 AND environment = $2 AND view = $3 AND ($4::text[] IS NULL OR key = ANY($4))',
    [ref.model, ref.environment, place, keys],
  );
}
