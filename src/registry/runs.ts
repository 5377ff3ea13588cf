import type { TrainResult } from '../contracts/activities/training.ts';
import type { Signature } from '../contracts/trainer.ts';
import type { ModelRef } from '../contracts/workflows/ids.ts';
import { systemActor } from '../domain/actor.ts';
import { PerennialError } from '../errors/define-error.ts';
import { RUN_CONFLICT, RUN_NOT_FOUND } from '../errors/training-errors.ts';
import { appendAudit } from './audit.ts';
import { withTransaction } from './database.ts';
import type { Database, Queryable, Transaction } from './database.ts';

const TRAINING_RULE = systemActor('training').id;

/** What is fixed about a run before it starts. */
export interface NewRun extends ModelRef {
  readonly runId: string;
  readonly version: number;
  readonly frame: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly seed: number;
  /** Bundle of the trainer's code; null when the spec has no files. */
  readonly codeDigest: string | null;
}

/** What a run left behind when it succeeded. */
export interface RunOutcome {
  readonly runtime: Readonly<Record<string, unknown>>;
  readonly metrics: Readonly<Record<string, number>>;
  readonly featureImportance: Readonly<Record<string, number>> | null;
  readonly signature: Signature;
  readonly artifact: string;
  readonly sizeBytes: number;
  readonly logBlob: string | null;
  readonly files: readonly RunFile[];
}

export interface RunFile {
  readonly path: string;
  readonly description: string;
  readonly digest: string;
  readonly sizeBytes: number;
}

type RunStatus = 'running' | 'succeeded' | 'failed' | 'cancelled';

/** One execution of a trainer as the registry holds it. Times are ISO 8601. */
export interface RunRecord extends NewRun {
  readonly status: RunStatus;
  readonly attempt: number;
  readonly runtime: Readonly<Record<string, unknown>>;
  readonly metrics: Readonly<Record<string, number>>;
  readonly featureImportance: Readonly<Record<string, number>> | null;
  readonly signature: Signature | null;
  readonly artifact: string | null;
  readonly sizeBytes: number | null;
  readonly logBlob: string | null;
  readonly files: readonly RunFile[];
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly startedAt: string;
  readonly finishedAt: string | null;
}

interface RunRow {
  run_id: string;
  model: string;
  environment: string;
  version: number;
  status: RunStatus;
  attempt: number;
  frame: string;
  parameters: Record<string, unknown>;
  seed: number;
  code_digest: string | null;
  runtime: Record<string, unknown>;
  metrics: Record<string, number>;
  feature_importance: Record<string, number> | null;
  signature: Signature | null;
  artifact: string | null;
  size_bytes: number | null;
  log_blob: string | null;
  files: RunFile[];
  error: { code: string; message: string } | null;
  started_at: Date;
  finished_at: Date | null;
}

function toRecord(row: RunRow): RunRecord {
  return {
    runId: row.run_id,
    model: row.model,
    environment: row.environment,
    version: row.version,
    status: row.status,
    attempt: row.attempt,
    frame: row.frame,
    parameters: row.parameters,
    seed: row.seed,
    codeDigest: row.code_digest,
    runtime: row.runtime,
    metrics: row.metrics,
    featureImportance: row.feature_importance,
    signature: row.signature,
    artifact: row.artifact,
    sizeBytes: row.size_bytes,
    logBlob: row.log_blob,
    files: row.files,
    error: row.error,
    startedAt: row.started_at.toISOString(),
    finishedAt: row.finished_at?.toISOString() ?? null,
  };
}

/** @throws PerennialError RUN_NOT_FOUND */
export async function getRun(db: Queryable, runId: string): Promise<RunRecord> {
  const { rows } = await db.query<RunRow>('SELECT * FROM runs WHERE run_id = $1', [runId]);
  if (!rows[0]) throw new PerennialError(RUN_NOT_FOUND, `there is no run ${runId}`);
  return toRecord(rows[0]);
}

/**
 * Opens a run, or counts another attempt of it. A run that has succeeded already stays as it is: its record says so.
 * @throws PerennialError RUN_CONFLICT when the id belongs to another version or frame.
 */
export async function startRun(db: Database, run: NewRun, attempt: number): Promise<RunRecord> {
  return withTransaction(db, async (tx) => {
    const { rowCount } = await tx.query(
      `INSERT INTO runs (run_id, model, environment, version, status, attempt, frame, parameters, seed, code_digest)
       VALUES ($1, $2, $3, $4, 'running', $5, $6, $7, $8, $9) ON CONFLICT (run_id) DO NOTHING`,
      [
        run.runId,
        run.model,
        run.environment,
        run.version,
        attempt,
        run.frame,
        JSON.stringify(run.parameters),
        run.seed,
        run.codeDigest,
      ],
    );
    const found = await lockRun(tx, run.runId);
    if (rowCount === 1) {
      const data = { runId: run.runId, frame: run.frame, codeDigest: run.codeDigest, seed: run.seed };
      await audit(tx, found, 'run.started', data);
      return found;
    }
    const same =
      found.model === run.model &&
      found.environment === run.environment &&
      found.version === run.version &&
      found.frame === run.frame;
    if (!same)
      throw new PerennialError(
        RUN_CONFLICT,
        `run ${run.runId} belongs to version ${String(found.version)} of ${found.model} and frame ${found.frame}`,
      );
    if (found.status === 'succeeded') return found;
    await tx.query(
      `UPDATE runs SET status = 'running', attempt = greatest(attempt, $2), error = NULL, finished_at = NULL WHERE run_id = $1`,
      [run.runId, attempt],
    );
    return getRun(tx, run.runId);
  });
}

/** Records success once; a run that has succeeded keeps its first outcome, which is returned. */
export async function finishRun(db: Database, runId: string, outcome: RunOutcome): Promise<RunRecord> {
  return withTransaction(db, async (tx) => {
    const found = await lockRun(tx, runId);
    if (found.status === 'succeeded') return found;
    await tx.query(
      `UPDATE runs SET status = 'succeeded', runtime = $2, metrics = $3, feature_importance = $4, signature = $5,
         artifact = $6, size_bytes = $7, log_blob = $8, files = $9, error = NULL, finished_at = now() WHERE run_id = $1`,
      [
        runId,
        JSON.stringify(outcome.runtime),
        JSON.stringify(outcome.metrics),
        outcome.featureImportance === null ? null : JSON.stringify(outcome.featureImportance),
        JSON.stringify(outcome.signature),
        outcome.artifact,
        outcome.sizeBytes,
        outcome.logBlob,
        JSON.stringify(outcome.files),
      ],
    );
    const { artifact, metrics } = outcome;
    await audit(tx, found, 'run.succeeded', { runId, attempt: found.attempt, artifact, metrics });
    return getRun(tx, runId);
  });
}

/**
 * Records how an attempt ended without success. A run that has succeeded is left alone.
 * @returns how many attempts have failed by the trainer's own doing so far, and the time since the first one began
 */
export async function failRun(
  db: Database,
  runId: string,
  failure: {
    readonly status: 'failed' | 'cancelled';
    readonly code: string;
    readonly message: string;
    readonly logBlob: string | null;
    /** Whether the attempt failed by the trainer's own doing. */
    readonly counts: boolean;
  },
): Promise<{ readonly failures: number; readonly durationMs: number }> {
  return withTransaction(db, async (tx) => {
    const found = await lockRun(tx, runId);
    if (found.status === 'succeeded') return { failures: 0, durationMs: trainResultOf(found).durationMs };
    const error = { code: failure.code, message: failure.message };
    const { rows } = await tx.query<{ failures: number; finished_at: Date }>(
      `UPDATE runs SET status = $2, error = $3, log_blob = coalesce($4, log_blob), finished_at = now(),
              failures = failures + $5 WHERE run_id = $1 RETURNING failures, finished_at`,
      [runId, failure.status, JSON.stringify(error), failure.logBlob, failure.counts ? 1 : 0],
    );
    await audit(tx, found, `run.${failure.status}`, { runId, attempt: found.attempt, code: failure.code });
    const { failures = 0, finished_at: finishedAt = new Date() } = rows[0] ?? {};
    return { failures, durationMs: finishedAt.getTime() - Date.parse(found.startedAt) };
  });
}

/** The answer of `train` for a run that has succeeded. */
export function trainResultOf(run: RunRecord): TrainResult {
  if (run.artifact === null || run.sizeBytes === null || run.finishedAt === null)
    throw new PerennialError(
      RUN_CONFLICT,
      `run ${run.runId} is marked ${run.status} without artifact; look at its audit events`,
    );
  const device = run.runtime['device'];
  return {
    runId: run.runId,
    artifact: run.artifact,
    sizeBytes: run.sizeBytes,
    metrics: run.metrics,
    device: typeof device === 'string' ? device : null,
    durationMs: Date.parse(run.finishedAt) - Date.parse(run.startedAt),
  };
}

async function lockRun(tx: Transaction, runId: string): Promise<RunRecord> {
  const { rows } = await tx.query<RunRow>('SELECT * FROM runs WHERE run_id = $1 FOR UPDATE', [runId]);
  if (!rows[0]) throw new PerennialError(RUN_NOT_FOUND, `there is no run ${runId}`);
  return toRecord(rows[0]);
}

async function audit(
  tx: Transaction,
  run: RunRecord,
  action: string,
  data: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { model, environment, version } = run;
  await appendAudit(tx, { actor: TRAINING_RULE, action, model, environment, version, data });
}
