import type { ModelRef } from '../contracts/workflows/ids.ts';
import { systemActor } from '../domain/actor.ts';
import type { EvaluationReport } from '../evaluation/evaluation-report.ts';
import { appendAudit } from './audit.ts';
import { withTransaction } from './database.ts';
import type { Database, Queryable } from './database.ts';

/** null when there is none of that id. */
export async function findEvaluation(db: Queryable, evaluationId: string): Promise<EvaluationReport | null> {
  const { rows } = await db.query<{ report: EvaluationReport }>(
    'SELECT report FROM evaluations WHERE evaluation_id = $1',
    [evaluationId],
  );
  return rows[0]?.report ?? null;
}

/** The evaluation that the version was registered with or, before that, its newest. */
export async function evaluationOfVersion(
  db: Queryable,
  ref: ModelRef & { readonly version: number },
): Promise<EvaluationReport | null> {
  const { rows } = await db.query<{ report: EvaluationReport }>(
    `SELECT e.report FROM evaluations e
       LEFT JOIN versions v ON v.model = e.model AND v.environment = e.environment AND v.version = e.version
      WHERE e.model = $1 AND e.environment = $2 AND e.version = $3
      ORDER BY (e.evaluation_id = v.evaluation_id) DESC NULLS LAST, e.created_at DESC LIMIT 1`,
    [ref.model, ref.environment, ref.version],
  );
  return rows[0]?.report ?? null;
}

/** Records a report and its audit event once; of two made at once the first is kept and returned. */
export async function recordEvaluation(db: Database, report: EvaluationReport): Promise<EvaluationReport> {
  const { evaluationId, model, environment, version, frame, artifact } = report;
  return withTransaction(db, async (tx) => {
    const { rowCount } = await tx.query(
      `INSERT INTO evaluations (evaluation_id, model, environment, version, report) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (evaluation_id) DO NOTHING`,
      [evaluationId, model, environment, version, JSON.stringify(report)],
    );
    if (rowCount === 1)
      await appendAudit(tx, {
        actor: systemActor('evaluation').id,
        action: 'version.evaluated',
        model,
        environment,
        version,
        data: { evaluationId, frame, artifact, metrics: report.metrics.overall },
      });
    return (await findEvaluation(tx, evaluationId)) ?? report;
  });
}
