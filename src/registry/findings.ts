import type { ModelRef } from '../contracts/workflows/ids.ts';
import type { Finding } from '../domain/finding.ts';
import type { Queryable, Transaction } from './database.ts';

/** The findings of one pass, in the order of the spec's monitors; null when the pass has recorded none. */
export async function findingsOfPass(db: Queryable, passId: string): Promise<Finding[] | null> {
  const { rows } = await db.query<{ finding: Finding }>(
    'SELECT finding FROM findings WHERE pass_id = $1 ORDER BY monitor',
    [passId],
  );
  return rows.length === 0 ? null : rows.map((row) => row.finding);
}

/**
 * Statuses of the monitor's last windows for one version that ended before `windowEnd`, newest first, those of `passId`
 * left out. A window that was judged in several passes, as no traffic came, counts once.
 */
export async function recentStatuses(
  db: Queryable,
  ref: ModelRef & { readonly version: number },
  monitor: string,
  passId: string,
  limit: number,
  windowEnd: number,
): Promise<Finding['status'][]> {
  const { rows } = await db.query<{ status: Finding['status'] }>(
    `SELECT status FROM (
       SELECT DISTINCT ON (window_end) window_end, status FROM findings
        WHERE model = $1 AND environment = $2 AND monitor = $3 AND version = $4 AND pass_id <> $5
          AND status IN ('ok', 'breach') AND window_end < to_timestamp($7::float8 / 1000)
        ORDER BY window_end DESC, created_at DESC
     ) AS windows ORDER BY window_end DESC LIMIT $6`,
    [ref.model, ref.environment, monitor, ref.version, passId, limit, windowEnd],
  );
  return rows.map((row) => row.status);
}

/** Writes the findings of a pass; one that is there already stays as it is. */
export async function insertFindings(
  tx: Transaction,
  ref: ModelRef,
  passId: string,
  findings: readonly Finding[],
): Promise<void> {
  for (const finding of findings)
    await tx.query(
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
}
