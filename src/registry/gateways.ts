import type { ModelRef } from '../contracts/workflows/ids.ts';
import type { Database, Queryable } from './database.ts';
import { withTransaction } from './database.ts';

export interface GatewayRef {
  readonly gatewayId: string;
  readonly environment: string;
}

/** One process of a gateway: another that takes its id registers at another time. */
export interface GatewayRegistration extends GatewayRef {
  /** As PostgreSQL writes it, to the microsecond. */
  readonly startedAt: string;
}

/** A gateway counts as live while it has been seen within this time. */
export const GATEWAY_LIVE_MS = 15_000;

/**
 * Announces a gateway that starts. What a former process of this id said of itself is forgotten, so that nobody
 * takes its acknowledgements for this one's.
 * @returns when it started, by which it is told from other processes of its id
 */
export async function registerGateway(
  db: Database,
  gateway: GatewayRef & { readonly url: string },
): Promise<string> {
  return withTransaction(db, async (tx) => {
    // This row first: what another process of this id acknowledges meanwhile waits for it.
    const { rows } = await tx.query<{ startedAt: string }>(
      `INSERT INTO gateways (gateway_id, environment, url) VALUES ($1, $2, $3)
       ON CONFLICT (gateway_id, environment) DO UPDATE SET url = $3, started_at = now(), last_seen = now()
       RETURNING started_at::text AS "startedAt"`,
      [gateway.gatewayId, gateway.environment, gateway.url],
    );
    const registered = rows[0];
    if (!registered) throw new Error('INSERT … RETURNING returns its row');
    await tx.query('DELETE FROM route_acks WHERE gateway_id = $1 AND environment = $2', [
      gateway.gatewayId,
      gateway.environment,
    ]);
    return registered.startedAt;
  });
}

/**
 * Says that the gateway lives.
 * @returns `taken` when a live process has registered under its id since, `absent` when it is not registered any more
 */
export async function touchGateway(
  db: Queryable,
  gateway: GatewayRegistration,
): Promise<'live' | 'taken' | 'absent'> {
  const { rows } = await db.query<{ own: boolean; other: boolean }>(
    `WITH touched AS (
       UPDATE gateways SET last_seen = now()
        WHERE gateway_id = $1 AND environment = $2 AND started_at = $3::timestamptz RETURNING 1)
     SELECT EXISTS (SELECT 1 FROM touched) AS own,
            EXISTS (SELECT 1 FROM gateways WHERE gateway_id = $1 AND environment = $2
                       AND last_seen > now() - $4 * interval '1 millisecond') AS other`,
    [gateway.gatewayId, gateway.environment, gateway.startedAt, GATEWAY_LIVE_MS],
  );
  if (rows[0]?.own === true) return 'live';
  return rows[0]?.other === true ? 'taken' : 'absent';
}

/** A gateway that stops on purpose: nobody waits for it. */
export async function removeGateway(db: Queryable, gateway: GatewayRegistration): Promise<void> {
  await db.query(
    'DELETE FROM gateways WHERE gateway_id = $1 AND environment = $2 AND started_at = $3::timestamptz',
    [gateway.gatewayId, gateway.environment, gateway.startedAt],
  );
}

/**
 * Records that the gateway obeys a generation, or why it does not and keeps the one before. Of a process whose id
 * another has taken it says nothing: it would be taken for the other's word.
 */
export async function acknowledgeRoute(
  db: Queryable,
  gateway: GatewayRegistration,
  model: string,
  generation: number,
  error: string | null,
): Promise<void> {
  await db.query(
    `INSERT INTO route_acks (gateway_id, model, environment, generation, error)
     SELECT gateway_id, $2, environment, $4, $5 FROM gateways
      WHERE gateway_id = $1 AND environment = $3 AND started_at = $6::timestamptz FOR SHARE
     ON CONFLICT (gateway_id, model, environment) DO UPDATE SET generation = $4, error = $5, at = now()
     WHERE route_acks.generation <= $4`,
    [gateway.gatewayId, model, gateway.environment, generation, error, gateway.startedAt],
  );
}

export interface GatewayObedience {
  readonly gatewayId: string;
  /** null: it has not said anything about this model since it started. */
  readonly generation: number | null;
  readonly error: string | null;
}

/** What every live gateway says about a model's route. */
export async function gatewayObedience(db: Queryable, ref: ModelRef): Promise<GatewayObedience[]> {
  const { rows } = await db.query<{ gateway_id: string; generation: number | null; error: string | null }>(
    `SELECT g.gateway_id, a.generation, a.error FROM gateways g
       LEFT JOIN route_acks a ON a.gateway_id = g.gateway_id AND a.environment = g.environment AND a.model = $1
      WHERE g.environment = $2 AND g.last_seen > now() - $3 * interval '1 millisecond' ORDER BY g.gateway_id`,
    [ref.model, ref.environment, GATEWAY_LIVE_MS],
  );
  return rows.map((row) => ({ gatewayId: row.gateway_id, generation: row.generation, error: row.error }));
}
