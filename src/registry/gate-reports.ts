import type { ModelRef } from '../contracts/workflows/ids.ts';
import { systemActor } from '../domain/actor.ts';
import type { GateReport } from '../domain/gate-report.ts';
import { appendAudit } from './audit.ts';
import { withTransaction } from './database.ts';
import type { Database } from './database.ts';

/**
 * Records what gates found, with its audit event. The same evidence judged again is the same report: the first one
 * stands and is returned, so that people decide on one text.
 */
export async function recordGateReport(db: Database, ref: ModelRef, report: GateReport): Promise<GateReport> {
  const { model, environment } = ref;
  const { version, evidenceHash } = report;
  return withTransaction(db, async (tx) => {
    const { rowCount } = await tx.query(
      `INSERT INTO gate_reports (model, environment, version, evidence_hash, report) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (model, environment, version, evidence_hash) DO NOTHING`,
      [model, environment, version, evidenceHash, JSON.stringify(report)],
    );
    if (rowCount === 1)
      await appendAudit(tx, {
        actor: systemActor('gates').id,
        action: 'gates.assessed',
        model,
        environment,
        version,
        data: {
          evidenceHash,
          verdict: report.verdict.kind,
          reason: report.verdict.reason,
          comparedWith: report.comparedWith,
          gates: Object.fromEntries(report.gates.map(({ gate, verdict }) => [gate, verdict.kind])),
        },
      });
    const { rows } = await tx.query<{ report: GateReport }>(
      `SELECT report FROM gate_reports
        WHERE model = $1 AND environment = $2 AND version = $3 AND evidence_hash = $4`,
      [model, environment, version, evidenceHash],
    );
    return rows[0]?.report ?? report;
  });
}
