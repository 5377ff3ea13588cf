import type { Decision } from '../contracts/activities/control.ts';
import type { ModelRef } from '../contracts/workflows/ids.ts';
import type { GateReport } from '../domain/gate-report.ts';
import { appendAudit } from './audit.ts';
import type { Queryable, Transaction } from './database.ts';
import type { VersionRef } from './versions.ts';

/** A decision as recorded; `actor` is the id of who or which rule decided. */
export interface DecisionRecord extends ModelRef {
  readonly decisionId: string;
  readonly version: number | null;
  readonly kind: Decision['kind'];
  readonly outcome: string;
  readonly reason: string;
  readonly actor: string;
  readonly roles: readonly string[];
  readonly evidenceHash: string | null;
  readonly evidence: Readonly<Record<string, unknown>>;
  readonly at: string;
}

export interface GateReportRecord {
  readonly report: GateReport;
  readonly at: string;
}

interface DecisionRow {
  decision_id: string;
  model: string;
  environment: string;
  version: number | null;
  kind: Decision['kind'];
  outcome: string;
  reason: string;
  actor: string;
  roles: string[];
  evidence_hash: string | null;
  evidence: Record<string, unknown>;
  at: Date;
}

function toRecord(row: DecisionRow): DecisionRecord {
  return {
    decisionId: row.decision_id,
    model: row.model,
    environment: row.environment,
    version: row.version,
    kind: row.kind,
    outcome: row.outcome,
    reason: row.reason,
    actor: row.actor,
    roles: row.roles,
    evidenceHash: row.evidence_hash,
    evidence: row.evidence,
    at: row.at.toISOString(),
  };
}

/** Writes a decision and its audit event once; a decision id that is known changes nothing. */
export async function recordDecision(tx: Transaction, decision: Decision): Promise<void> {
  const { model, environment, version, kind, outcome, reason, actor } = decision;
  const { rowCount } = await tx.query(
    `INSERT INTO decisions (decision_id, model, environment, version, kind, outcome, reason, actor, roles,
                            evidence_hash, evidence)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (decision_id) DO NOTHING`,
    [
      decision.decisionId,
      model,
      environment,
      version,
      kind,
      outcome,
      reason,
      actor.id,
      JSON.stringify(actor.roles),
      decision.evidenceHash,
      JSON.stringify(decision.evidence),
    ],
  );
  if (rowCount === 0) return;
  await appendAudit(tx, {
    actor: actor.id,
    action: 'decision.recorded',
    model,
    environment,
    ...(version === null ? {} : { version }),
    data: { decisionId: decision.decisionId, kind, outcome, reason, evidenceHash: decision.evidenceHash },
  });
}

/** Oldest first; of one version, or of the whole model. */
export async function listDecisions(
  db: Queryable,
  ref: ModelRef & { readonly version?: number },
  limit = 500,
): Promise<DecisionRecord[]> {
  const { rows } = await db.query<DecisionRow>(
    `SELECT * FROM decisions WHERE model = $1 AND environment = $2 AND ($3::int IS NULL OR version = $3)
      ORDER BY at, decision_id LIMIT $4`,
    [ref.model, ref.environment, ref.version ?? null, limit],
  );
  return rows.map(toRecord);
}

/** Every judgement of a version by its gates, oldest first; an approval names one by its evidence hash. */
export async function listGateReports(db: Queryable, ref: VersionRef): Promise<GateReportRecord[]> {
  const { rows } = await db.query<{ report: GateReport; created_at: Date }>(
    `SELECT report, created_at FROM gate_reports
      WHERE model = $1 AND environment = $2 AND version = $3 ORDER BY id`,
    [ref.model, ref.environment, ref.version],
  );
  return rows.map((row) => ({ report: row.report, at: row.created_at.toISOString() }));
}
