import type { Actor } from '../domain/actor.ts';
import { canMove } from '../domain/version-stage.ts';
import type { VersionStage } from '../domain/version-stage.ts';
import type { ModelRef } from '../contracts/workflows/ids.ts';
import { PerennialError } from '../errors/define-error.ts';
import { VERSION_NOT_FOUND } from '../errors/lifecycle-errors.ts';
import { STAGE_MOVE_REFUSED } from '../errors/registry-errors.ts';
import { appendAudit } from './audit.ts';
import type { Queryable, Transaction } from './database.ts';
import { lockModel } from './models.ts';

export interface VersionRef extends ModelRef {
  readonly version: number;
}

export interface StageMove extends VersionRef {
  readonly stage: VersionStage;
  readonly reason: string;
  readonly actor: Actor;
}

/** A model version as the registry holds it. Times are ISO 8601. */
export interface VersionRecord extends VersionRef {
  readonly stage: VersionStage;
  readonly specRevision: number;
  readonly requestedBy: string;
  readonly triggerKey: string;
  readonly trigger: Readonly<Record<string, unknown>>;
  readonly runId: string | null;
  readonly artifact: string | null;
  readonly sizeBytes: number | null;
  readonly signature: Readonly<Record<string, unknown>> | null;
  readonly evaluationId: string | null;
  readonly card: string | null;
  readonly createdAt: string;
}

export interface StageRecord {
  readonly version: number;
  readonly stage: VersionStage;
  readonly reason: string;
  readonly actor: string;
  readonly at: string;
}

interface VersionRow {
  model: string;
  environment: string;
  version: number;
  stage: VersionStage;
  spec_revision: number;
  requested_by: string;
  trigger_key: string;
  trigger: Record<string, unknown>;
  run_id: string | null;
  artifact: string | null;
  size_bytes: number | null;
  signature: Record<string, unknown> | null;
  evaluation_id: string | null;
  card: string | null;
  created_at: Date;
}

function toRecord(row: VersionRow): VersionRecord {
  return {
    model: row.model,
    environment: row.environment,
    version: row.version,
    stage: row.stage,
    specRevision: row.spec_revision,
    requestedBy: row.requested_by,
    triggerKey: row.trigger_key,
    trigger: row.trigger,
    runId: row.run_id,
    artifact: row.artifact,
    sizeBytes: row.size_bytes,
    signature: row.signature,
    evaluationId: row.evaluation_id,
    card: row.card,
    createdAt: row.created_at.toISOString(),
  };
}

function versionNotFound(ref: VersionRef): PerennialError {
  return new PerennialError(
    VERSION_NOT_FOUND,
    `model ${ref.model} has no version ${String(ref.version)} in environment ${ref.environment}`,
  );
}

/**
 * Moves a version to a stage, with its history row and audit event, in the caller's transaction.
 * A version that stands there already is success and writes nothing.
 * The model's row is locked first: moves of one model queue there, so that no two can wait for each other.
 * @throws PerennialError MODEL_NOT_FOUND, VERSION_NOT_FOUND, STAGE_MOVE_REFUSED
 */
export async function moveStage(tx: Transaction, move: StageMove): Promise<void> {
  const { model, environment, version, stage } = move;
  await lockModel(tx, move);
  const { rows } = await tx.query<{ stage: VersionStage }>(
    'SELECT stage FROM versions WHERE model = $1 AND environment = $2 AND version = $3 FOR UPDATE',
    [model, environment, version],
  );
  const from = rows[0]?.stage;
  if (from === undefined) throw versionNotFound(move);
  if (from === stage) return;
  if (!canMove(from, stage)) {
    const text = `version ${String(version)} of ${model} is ${from} and cannot become ${stage}`;
    throw new PerennialError(STAGE_MOVE_REFUSED, text, { details: { from, to: stage } });
  }
  await tx.query('UPDATE versions SET stage = $4 WHERE model = $1 AND environment = $2 AND version = $3', [
    model,
    environment,
    version,
    stage,
  ]);
  await recordStage(tx, move, from);
}

/** Writes the history row and the audit event of a version's stage; `from` is null for a new version. */
export async function recordStage(
  tx: Transaction,
  move: StageMove,
  from: VersionStage | null,
): Promise<void> {
  const { model, environment, version, stage, reason, actor } = move;
  await tx.query(
    `INSERT INTO version_stages (model, environment, version, stage, reason, actor) VALUES ($1, $2, $3, $4, $5, $6)`,
    [model, environment, version, stage, reason, actor.id],
  );
  await appendAudit(tx, {
    actor: actor.id,
    action: from === null ? 'version.allocated' : 'version.stage_changed',
    model,
    environment,
    version,
    data: { from, to: stage, reason },
  });
}

/** @throws PerennialError VERSION_NOT_FOUND */
export async function getVersion(db: Queryable, ref: VersionRef): Promise<VersionRecord> {
  const { rows } = await db.query<VersionRow>(
    'SELECT * FROM versions WHERE model = $1 AND environment = $2 AND version = $3',
    [ref.model, ref.environment, ref.version],
  );
  if (!rows[0]) throw versionNotFound(ref);
  return toRecord(rows[0]);
}

/** Newest first. */
export async function listVersions(db: Queryable, ref: ModelRef, limit = 100): Promise<VersionRecord[]> {
  const { rows } = await db.query<VersionRow>(
    'SELECT * FROM versions WHERE model = $1 AND environment = $2 ORDER BY version DESC LIMIT $3',
    [ref.model, ref.environment, limit],
  );
  return rows.map(toRecord);
}

/** Every stage that the version has been in, oldest first. */
export async function stageHistory(db: Queryable, ref: VersionRef): Promise<StageRecord[]> {
  const { rows } = await db.query<Omit<StageRecord, 'at'> & { at: Date }>(
    `SELECT version, stage, reason, actor, at FROM version_stages
     WHERE model = $1 AND environment = $2 AND version = $3 ORDER BY id`,
    [ref.model, ref.environment, ref.version],
  );
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}
