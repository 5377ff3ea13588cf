import type { ModelRef } from '../contracts/workflows/ids.ts';
import type { Queryable } from './database.ts';

/** What traffic got at a moment, since when and until when, who let each version serve, and on which evidence. */
export interface ServedAt extends ModelRef {
  readonly time: string;
  readonly generation: number;
  readonly champion: number | null;
  readonly since: string;
  /** null while it still serves. */
  readonly until: string | null;
  readonly reason: string;
  readonly actor: string;
  readonly versions: readonly ServedVersion[];
}

interface ServedVersion {
  readonly version: number;
  readonly weight: number;
  readonly artifact: string | null;
  /** Every decision on it up to that moment, oldest first. */
  readonly decisions: readonly ServedDecision[];
  /** The newest gate report before that moment. */
  readonly evidence: Readonly<Record<string, unknown>> | null;
}

interface ServedDecision {
  readonly decisionId: string;
  readonly kind: string;
  readonly outcome: string;
  readonly actor: string;
  readonly reason: string;
  readonly evidenceHash: string | null;
  readonly at: string;
}

const QUERY = `
  WITH route AS (
    SELECT *, (SELECT min(n.created_at) FROM routes n
                WHERE n.model = r.model AND n.environment = r.environment AND n.generation > r.generation) AS until
      FROM routes r
     WHERE model = $1 AND environment = $2 AND created_at <= $3
     ORDER BY generation DESC LIMIT 1)
  SELECT route.generation, route.champion, route.created_at AS since, route.until, route.reason, route.actor,
         coalesce(served.versions, '[]') AS versions
    FROM route
    LEFT JOIN LATERAL (
      SELECT jsonb_agg(jsonb_build_object(
               'version', w.version, 'weight', w.weight, 'artifact', v.artifact,
               'decisions', coalesce(d.decisions, '[]'), 'evidence', g.report)
               ORDER BY w.weight DESC, w.version) AS versions
        FROM jsonb_to_recordset(route.weights) AS w (version int, weight numeric)
        LEFT JOIN versions v ON v.model = $1 AND v.environment = $2 AND v.version = w.version
        LEFT JOIN LATERAL (
          SELECT jsonb_agg(jsonb_build_object(
                   'decisionId', decision_id, 'kind', kind, 'outcome', outcome, 'actor', actor, 'reason', reason,
                   'evidenceHash', evidence_hash,
                   'at', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) ORDER BY at) AS decisions
            FROM decisions
           WHERE model = $1 AND environment = $2 AND version = w.version AND at <= $3) d ON true
        LEFT JOIN LATERAL (
          SELECT report FROM gate_reports
           WHERE model = $1 AND environment = $2 AND version = w.version AND created_at <= $3
           ORDER BY id DESC LIMIT 1) g ON true) served ON true`;

interface Row {
  generation: number;
  champion: number | null;
  since: Date;
  until: Date | null;
  reason: string;
  actor: string;
  versions: ServedVersion[];
}

/** "What served at time T, who allowed it, on which evidence": one query. null when nothing served yet. */
export async function whatServedAt(db: Queryable, ref: ModelRef, time: Date): Promise<ServedAt | null> {
  const { rows } = await db.query<Row>(QUERY, [ref.model, ref.environment, time]);
  const row = rows[0];
  if (!row) return null;
  return {
    model: ref.model,
    environment: ref.environment,
    time: time.toISOString(),
    ...row,
    since: row.since.toISOString(),
    until: row.until?.toISOString() ?? null,
  };
}
