import type { ModelRef } from '../contracts/workflows/ids.ts';
import type { VersionStage } from '../domain/version-stage.ts';
import { PerennialError } from '../errors/define-error.ts';
import { MODEL_NOT_FOUND } from '../errors/lifecycle-errors.ts';
import { appendAudit } from './audit.ts';
import type { Queryable, Transaction } from './database.ts';

/** One line about a model, as lists show it. Times are ISO 8601. */
export interface ModelSummary extends ModelRef {
  readonly description: string;
  readonly team: string;
  readonly specRevision: number;
  readonly champion: number | null;
  readonly latestVersion: number | null;
  readonly latestStage: VersionStage | null;
  readonly openIncidents: number;
  readonly createdAt: string;
  readonly createdBy: string;
}

export function modelNotFound(ref: ModelRef): PerennialError {
  const text = `no model named ${ref.model} has been applied in environment ${ref.environment}; apply its spec first`;
  return new PerennialError(MODEL_NOT_FOUND, text);
}

/** Makes the model's row if it is missing and locks it: whoever changes specs or allocates numbers queues here. */
export async function lockOrCreateModel(tx: Transaction, ref: ModelRef, createdBy: string): Promise<void> {
  const { rowCount } = await tx.query(
    'INSERT INTO models (model, environment, created_by) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
    [ref.model, ref.environment, createdBy],
  );
  if (rowCount === 1) await appendAudit(tx, { actor: createdBy, action: 'model.created', ...ref, data: {} });
  await lockModel(tx, ref);
}

/**
 * Locks the model's row until the transaction ends and answers the next version number.
 * @throws PerennialError MODEL_NOT_FOUND
 */
export async function lockModel(tx: Transaction, ref: ModelRef): Promise<number> {
  const { rows } = await tx.query<{ next_version: number }>(
    'SELECT next_version FROM models WHERE model = $1 AND environment = $2 FOR UPDATE',
    [ref.model, ref.environment],
  );
  if (!rows[0]) throw modelNotFound(ref);
  return rows[0].next_version;
}

/** @throws PerennialError MODEL_NOT_FOUND */
export async function requireModel(db: Queryable, ref: ModelRef): Promise<void> {
  const { rowCount } = await db.query('SELECT 1 FROM models WHERE model = $1 AND environment = $2', [
    ref.model,
    ref.environment,
  ]);
  if (rowCount === 0) throw modelNotFound(ref);
}

const SUMMARY = `
  SELECT m.model, m.environment, m.created_at, m.created_by,
         s.revision, s.spec->>'description' AS description, s.spec->'owner'->>'team' AS team,
         a.version AS champion, v.version AS latest_version, v.stage AS latest_stage,
         (SELECT count(*)::int FROM incidents i
           WHERE i.model = m.model AND i.environment = m.environment AND i.status <> 'resolved') AS open_incidents
    FROM models m
    JOIN LATERAL (SELECT revision, spec FROM model_specs
                   WHERE model = m.model AND environment = m.environment ORDER BY revision DESC LIMIT 1) s ON true
    LEFT JOIN aliases a ON a.model = m.model AND a.environment = m.environment AND a.alias = 'champion'
    LEFT JOIN LATERAL (SELECT version, stage FROM versions
                        WHERE model = m.model AND environment = m.environment
                        ORDER BY version DESC LIMIT 1) v ON true
   WHERE m.environment = $1`;

interface SummaryRow {
  model: string;
  environment: string;
  created_at: Date;
  created_by: string;
  revision: number;
  description: string;
  team: string;
  champion: number | null;
  latest_version: number | null;
  latest_stage: VersionStage | null;
  open_incidents: number;
}

function toSummary(row: SummaryRow): ModelSummary {
  return {
    model: row.model,
    environment: row.environment,
    description: row.description,
    team: row.team,
    specRevision: row.revision,
    champion: row.champion,
    latestVersion: row.latest_version,
    latestStage: row.latest_stage,
    openIncidents: row.open_incidents,
    createdAt: row.created_at.toISOString(),
    createdBy: row.created_by,
  };
}

/** By name. */
export async function listModels(db: Queryable, environment: string): Promise<ModelSummary[]> {
  const { rows } = await db.query<SummaryRow>(`${SUMMARY} ORDER BY m.model`, [environment]);
  return rows.map(toSummary);
}

/** @throws PerennialError MODEL_NOT_FOUND */
export async function getModel(db: Queryable, ref: ModelRef): Promise<ModelSummary> {
  const { rows } = await db.query<SummaryRow>(`${SUMMARY} AND m.model = $2`, [ref.environment, ref.model]);
  if (!rows[0]) throw modelNotFound(ref);
  return toSummary(rows[0]);
}
