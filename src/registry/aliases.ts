import type { ModelRef } from '../contracts/workflows/ids.ts';
import type { Queryable } from './database.ts';

export interface AliasRecord {
  readonly alias: string;
  readonly version: number;
  readonly setAt: string;
}

/** The route that gateways obey now. */
export interface RouteRecord {
  readonly generation: number;
  readonly weights: readonly { readonly version: number; readonly weight: number }[];
  readonly shadow: readonly number[];
  readonly champion: number | null;
  readonly reason: string;
  readonly actor: string;
  readonly since: string;
}

/** `champion` and, during a rollout, `challenger`. They are written by the activities of the rollout queue only. */
export async function listAliases(db: Queryable, ref: ModelRef): Promise<AliasRecord[]> {
  const { rows } = await db.query<{ alias: string; version: number; set_at: Date }>(
    'SELECT alias, version, set_at FROM aliases WHERE model = $1 AND environment = $2 ORDER BY alias',
    [ref.model, ref.environment],
  );
  return rows.map((row) => ({ alias: row.alias, version: row.version, setAt: row.set_at.toISOString() }));
}

/** The newest generation; null before anything was served. */
export async function currentRoute(db: Queryable, ref: ModelRef): Promise<RouteRecord | null> {
  const { rows } = await db.query<Omit<RouteRecord, 'since'> & { created_at: Date }>(
    `SELECT generation, weights, shadow, champion, reason, actor, created_at FROM routes
      WHERE model = $1 AND environment = $2 ORDER BY generation DESC LIMIT 1`,
    [ref.model, ref.environment],
  );
  const row = rows[0];
  if (!row) return null;
  const { created_at, ...route } = row;
  return { ...route, since: created_at.toISOString() };
}
