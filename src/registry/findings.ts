import type { ModelRef } from '../contracts/workflows/ids.ts';
import { systemActor } from '../domain/actor.ts';
import type { Finding } from '../domain/finding.ts';
import { appendAudit } from './audit.ts';
import type { Queryable, Transaction } from './database.ts';

/** The findings of one pass, in the order of the spec's monitors; null when the pass has recorded none. */
export async function findingsOfPass(db: Queryable, passId: string): Promise<Finding[] | null> {
  const { rows } = await db.query<{ finding: Finding }>(
    'SELECT finding FROM findings WHERE pass_id = $1 ORDER BY monitor',
    [passId],
  );
  return rows.length === 0 ? null : rows.map((row) => row.finding);
}

/** Where the traffic of a finding ends; of one that does not say, where its window does. */
const TRAFFIC_END = `coalesce((finding->>'newestRequestAt')::float8, (extract(epoch FROM window_end) * 1000)::float8)`;

/**
 * Statuses of the monitor's last windows for one version, newest first, those of `passId` left out. Each shows traffic
 * that ends before that of the window after it, the newest of them traffic that ends before `until` (milliseconds since the
 * epoch): what was judged in several passes, as no request came, counts once.
 */
export async function recentStatuses(
  db: Queryable,
  ref: ModelRef & { readonly version: number },
  monitor: string,
  passId: string,
  limit: number,
  until: number,
): Promise<Finding['status'][]> {
  const { rows } = await db.query<{ status: Finding['status'] }>(
    `WITH RECURSIVE windows (nth, status, until) AS (
       SELECT 0, NULL::text, $7::float8
       UNION ALL
       SELECT w.nth + 1, f.status, f.until FROM windows w CROSS JOIN LATERAL (
         SELECT status, ${TRAFFIC_END} AS until FROM findings
          WHERE model = $1 AND environment = $2 AND monitor = $3 AND version = $4 AND pass_id <> $5
            AND status IN ('ok', 'breach') AND ${TRAFFIC_END} < w.until
          ORDER BY window_end DESC, created_at DESC LIMIT 1) f
        WHERE w.nth < $6
     ) SELECT status FROM windows WHERE nth > 0 ORDER BY nth`,
    [ref.model, ref.environment, monitor, ref.version, passId, limit, until],
  );
  return rows.map((row) => row.status);
}

/** Writes the findings of a pass; one that is there already stays as it is. A drift that begins is audited. */
export async function insertFindings(
  tx: Transaction,
  ref: ModelRef,
  passId: string,
  findings: readonly Finding[],
): Promise<void> {
  for (const finding of findings) {
    const began = isDrift(finding) && !(await wasDrifting(tx, ref, finding));
    const { rowCount } = await tx.query(
      `INSERT INTO findings (id, pass_id, model, environment, monitor, version, status, finding, window_end)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, to_timestamp($9::float8 / 1000)) ON CONFLICT (id) DO NOTHING`,
      [
        finding.id,
        passId,
        ref.model,
        ref.environment,
        finding.monitor,
        finding.version,
        finding.status,
        JSON.stringify(finding),
        finding.windowEnd,
      ],
    );
    if (rowCount === 1 && began) await auditDrift(tx, ref, finding);
  }
}

const DRIFT_TYPES: ReadonlySet<string> = new Set(['feature-drift', 'prediction-drift', 'outcome-drift']);

function isDrift({ type, status, confirmed }: Finding): boolean {
  return DRIFT_TYPES.has(type) && status === 'breach' && confirmed;
}

/** Whether the window before this one showed the drift already, so that one that lasts is told once. */
async function wasDrifting(tx: Transaction, ref: ModelRef, finding: Finding): Promise<boolean> {
  const { rows } = await tx.query<{ finding: Finding }>(
    `SELECT finding FROM findings
      WHERE model = $1 AND environment = $2 AND monitor = $3 AND version = $4 AND status IN ('ok', 'breach')
      ORDER BY window_end DESC, created_at DESC LIMIT 1`,
    [ref.model, ref.environment, finding.monitor, finding.version],
  );
  return rows[0] !== undefined && isDrift(rows[0].finding);
}

async function auditDrift(tx: Transaction, ref: ModelRef, finding: Finding): Promise<void> {
  const { id, monitor, type, version, severity, value, threshold, reason, windowStart, windowEnd } = finding;
  await appendAudit(tx, {
    actor: systemActor('monitor').id,
    action: 'drift.detected',
    model: ref.model,
    environment: ref.environment,
    version,
    data: { finding: id, monitor, type, severity, value, threshold, reason, windowStart, windowEnd },
  });
}
