import type { ModelRef } from '../contracts/workflows/ids.ts';
import type { Finding } from '../domain/finding.ts';
import type { Queryable } from './database.ts';

export interface FindingRecord {
  readonly finding: Finding;
  readonly passId: string;
  readonly at: string;
}

/** What the monitors saw, newest window first; of one monitor where it is named. */
export async function listFindings(
  db: Queryable,
  ref: ModelRef,
  filter: { readonly monitor?: string | undefined; readonly limit: number },
): Promise<FindingRecord[]> {
  const { rows } = await db.query<{ finding: Finding; pass_id: string; created_at: Date }>(
    `SELECT finding, pass_id, created_at FROM findings
      WHERE model = $1 AND environment = $2 AND ($3::text IS NULL OR monitor = $3)
      ORDER BY window_end DESC, monitor LIMIT $4`,
    [ref.model, ref.environment, filter.monitor ?? null, filter.limit],
  );
  return rows.map((row) => ({ finding: row.finding, passId: row.pass_id, at: row.created_at.toISOString() }));
}
