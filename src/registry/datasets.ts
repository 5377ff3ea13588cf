import type { ModelRef } from '../contracts/workflows/ids.ts';
import { MAX_AHEAD_MS } from '../domain/dataset.ts';
import type { DatasetManifest } from '../domain/dataset.ts';
import type { Database, Queryable, Transaction } from './database.ts';
import { appendAudit } from './audit.ts';
import { withHold } from './hold.ts';

export interface SourceRef extends ModelRef {
  readonly source: string;
}

/** How far a source has been read. `position` is written and read by the reader of its kind of source only. */
export interface SourceState {
  readonly dataset: string | null;
  readonly manifest: DatasetManifest | null;
  readonly position: unknown;
}

export interface DatasetRef {
  readonly source: string;
  readonly digest: string;
  readonly manifest: DatasetManifest;
  /** Milliseconds since the epoch; null where no column tells time. */
  readonly eventTimeMaxMs: number | null;
}

export interface QuarantineRow {
  readonly batchId: string;
  readonly rows: number;
  /** Digest of the batch's bytes: Parquet, or the raw bytes where they could not be read. */
  readonly blob: string;
  readonly failures: readonly string[];
}

/** One reading of a source: what is to become true of it, all at once. */
interface SourceAdvance {
  /** null: the good dataset stays as it is. */
  readonly dataset: { readonly digest: string; readonly manifest: DatasetManifest } | null;
  readonly newRows: number;
  readonly position: unknown;
  readonly eventTimeMaxMs: number | null;
  readonly quarantined: readonly QuarantineRow[];
}

/** One reader's hold on a source. `connection` is for its reads; the hold and `advance` share its session. */
export interface SourceHold {
  readonly connection: Queryable;
  /** Commits one reading. Fails when the hold was lost, so that two readers never both advance a source. */
  advance(advance: SourceAdvance): Promise<void>;
}

/** Runs `work` while no other reader holds the source; waits for its turn. */
export async function withSourceHold<T>(
  db: Database,
  ref: SourceRef,
  work: (hold: SourceHold) => Promise<T>,
): Promise<T> {
  return withHold(db, 'source', `${ref.environment}/${ref.model}/${ref.source}`, (hold) =>
    work({
      connection: hold.connection,
      advance: (advance) => hold.transaction((tx) => advanceSource(tx, ref, advance)),
    }),
  );
}

export async function readSourceState(db: Queryable, ref: SourceRef): Promise<SourceState> {
  const { rows } = await db.query<{ dataset: string | null; manifest: DatasetManifest; watermark: unknown }>(
    `SELECT s.dataset, d.manifest, s.watermark FROM source_states s
       LEFT JOIN dataset_versions d ON d.digest = s.dataset
      WHERE s.model = $1 AND s.environment = $2 AND s.source = $3`,
    [ref.model, ref.environment, ref.source],
  );
  const row = rows[0];
  return {
    dataset: row?.dataset ?? null,
    manifest: row?.manifest ?? null,
    position: row?.watermark ?? null,
  };
}

/** What lies further ahead is of a build that took any row's time; it would outlast every true one. */
const MAX_AHEAD = `interval '${MAX_AHEAD_MS} milliseconds'`;

/** Writes dataset version, position, quarantined batches and their audit events in the caller's transaction. */
async function advanceSource(tx: Transaction, ref: SourceRef, advance: SourceAdvance): Promise<void> {
  const { model, environment, source } = ref;
  if (advance.dataset) {
    const { digest, manifest } = advance.dataset;
    await tx.query(
      `INSERT INTO dataset_versions (digest, model, environment, source, rows, manifest)
       VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (digest) DO NOTHING`,
      [digest, model, environment, source, manifest.rows, JSON.stringify(manifest)],
    );
  }
  await tx.query(
    `INSERT INTO source_states (model, environment, source, dataset, watermark, event_time_max)
     VALUES ($1, $2, $3, $4, $5, to_timestamp($6::float8 / 1000))
     ON CONFLICT (model, environment, source) DO UPDATE SET
       dataset = coalesce(excluded.dataset, source_states.dataset), watermark = excluded.watermark,
       event_time_max = greatest(excluded.event_time_max, CASE
         WHEN source_states.event_time_max <= now() + ${MAX_AHEAD} THEN source_states.event_time_max END),
       updated_at = now()`,
    [
      model,
      environment,
      source,
      advance.dataset?.digest ?? null,
      JSON.stringify(advance.position),
      advance.eventTimeMaxMs,
    ],
  );
  const actor = 'system:ingest';
  for (const batch of advance.quarantined) {
    const { rowCount } = await tx.query(
      `INSERT INTO quarantined_batches (batch_id, model, environment, source, rows, blob, failures)
       VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (batch_id) DO NOTHING`,
      [batch.batchId, model, environment, source, batch.rows, batch.blob, JSON.stringify(batch.failures)],
    );
    if (rowCount === 0) continue;
    const data = { source, batchId: batch.batchId, rows: batch.rows, failures: batch.failures };
    await appendAudit(tx, { actor, action: 'batch.quarantined', model, environment, data });
  }
  if (!advance.dataset) return;
  const { digest, manifest } = advance.dataset;
  const data = {
    source,
    dataset: digest,
    parent: manifest.parent,
    rows: manifest.rows,
    newRows: advance.newRows,
  };
  await appendAudit(tx, { actor, action: 'dataset.ingested', model, environment, data });
}

/** The digest of what was set aside under this id; null where nothing was yet. */
export async function quarantinedBlob(db: Queryable, batchId: string): Promise<string | null> {
  const { rows } = await db.query<{ blob: string }>(
    'SELECT blob FROM quarantined_batches WHERE batch_id = $1',
    [batchId],
  );
  return rows[0]?.blob ?? null;
}

/** The good dataset of each of the model's sources that has one. */
export async function currentDatasets(db: Queryable, ref: ModelRef): Promise<DatasetRef[]> {
  const { rows } = await db.query<{
    source: string;
    digest: string;
    manifest: DatasetManifest;
    at: number | null;
  }>(
    `SELECT s.source, d.digest, d.manifest, (extract(epoch FROM s.event_time_max) * 1000)::float8 AS at
       FROM source_states s JOIN dataset_versions d ON d.digest = s.dataset
      WHERE s.model = $1 AND s.environment = $2 ORDER BY s.source`,
    [ref.model, ref.environment],
  );
  return rows.map((row) => ({
    source: row.source,
    digest: row.digest,
    manifest: row.manifest,
    eventTimeMaxMs: row.at,
  }));
}

/** Datasets by digest, such as those that a frame was built from. Unknown digests are absent. */
export async function datasetsByDigest(db: Queryable, digests: readonly string[]): Promise<DatasetRef[]> {
  const { rows } = await db.query<{ source: string; digest: string; manifest: DatasetManifest }>(
    'SELECT source, digest, manifest FROM dataset_versions WHERE digest = ANY($1) ORDER BY source',
    [digests],
  );
  return rows.map((row) => ({ ...row, eventTimeMaxMs: null }));
}
