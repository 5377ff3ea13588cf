import type { FrameManifest } from '../domain/frame.ts';
import type { GateReport } from '../domain/gate-report.ts';
import type { CardDataset } from '../domain/card/card-facts.ts';
import type { Queryable } from './database.ts';
import { listDecisions, listGateReports } from './decisions.ts';
import type { DecisionRecord } from './decisions.ts';
import { getRun } from './runs.ts';
import type { RunRecord } from './runs.ts';
import { getVersion, stageHistory } from './versions.ts';
import type { StageRecord, VersionRecord, VersionRef } from './versions.ts';

interface FrameRecord {
  readonly digest: string;
  readonly manifest: FrameManifest;
  readonly createdAt: string;
}

interface ServingPeriod {
  readonly generation: number;
  /** Per cent; 0 while it only scored in the shadow. */
  readonly weight: number;
  readonly shadow: boolean;
  readonly reason: string;
  readonly actor: string;
  readonly from: string;
  /** null while it is the newest generation. */
  readonly until: string | null;
}

/** Where a version comes from, down to the rows that were read, and what became of it. */
export interface Lineage {
  readonly version: VersionRecord;
  readonly run: RunRecord | null;
  readonly frame: FrameRecord | null;
  readonly datasets: readonly CardDataset[];
  readonly stages: readonly StageRecord[];
  readonly gates: readonly {
    readonly at: string;
    readonly evidenceHash: string;
    readonly verdict: GateReport['verdict'];
  }[];
  readonly decisions: readonly DecisionRecord[];
  readonly serving: readonly ServingPeriod[];
}

/** The dataset versions that a frame's manifest names, with how far each source had been read. */
export async function datasetsOfFrame(db: Queryable, frame: string): Promise<CardDataset[]> {
  const { rows } = await db.query<CardDataset>(
    `SELECT d.source, d.digest, d.rows, d.manifest->'watermark' AS watermark
       FROM dataset_versions d
      WHERE d.digest IN (SELECT named.value FROM frames f, jsonb_each_text(f.manifest->'datasets') named
                          WHERE f.digest = $1)
      ORDER BY d.source, d.digest`,
    [frame],
  );
  return rows.map((row) => ({ ...row, watermark: row.watermark ?? null }));
}

async function frameRecord(db: Queryable, digest: string): Promise<FrameRecord | null> {
  const { rows } = await db.query<{ manifest: FrameManifest; created_at: Date }>(
    'SELECT manifest, created_at FROM frames WHERE digest = $1',
    [digest],
  );
  const row = rows[0];
  return row ? { digest, manifest: row.manifest, createdAt: row.created_at.toISOString() } : null;
}

async function servingPeriods(db: Queryable, ref: VersionRef): Promise<ServingPeriod[]> {
  const { rows } = await db.query<Omit<ServingPeriod, 'from' | 'until'> & { from: Date; until: Date | null }>(
    `SELECT generation, reason, actor, "from", until, coalesce(weight, 0)::float8 AS weight, shadow FROM (
       SELECT r.generation, r.reason, r.actor, r.created_at AS "from",
              lead(r.created_at) OVER (ORDER BY r.generation) AS until,
              (SELECT w.weight FROM jsonb_to_recordset(r.weights) AS w (version int, weight numeric)
                WHERE w.version = $3) AS weight,
              r.shadow @> to_jsonb($3::int) AS shadow
         FROM routes r WHERE r.model = $1 AND r.environment = $2) periods
      WHERE weight IS NOT NULL OR shadow ORDER BY generation`,
    [ref.model, ref.environment, ref.version],
  );
  return rows.map((row) => ({
    ...row,
    from: row.from.toISOString(),
    until: row.until?.toISOString() ?? null,
  }));
}

/** @throws PerennialError VERSION_NOT_FOUND */
export async function versionLineage(db: Queryable, ref: VersionRef): Promise<Lineage> {
  const version = await getVersion(db, ref);
  const run = version.runId === null ? null : await getRun(db, version.runId);
  const gates = await listGateReports(db, ref);
  return {
    version,
    run,
    frame: run === null ? null : await frameRecord(db, run.frame),
    datasets: run === null ? [] : await datasetsOfFrame(db, run.frame),
    stages: await stageHistory(db, ref),
    gates: gates.map(({ at, report }) => ({
      at,
      evidenceHash: report.evidenceHash,
      verdict: report.verdict,
    })),
    decisions: await listDecisions(db, ref),
    serving: await servingPeriods(db, ref),
  };
}
