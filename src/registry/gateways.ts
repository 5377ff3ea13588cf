import type { ModelRef } from '../contracts/workflows/ids.ts';
import type { Database, Queryable } from './database.ts';
import { withTransaction } from './database.ts';

export interface GatewayRef {
  readonly gatewayId: string;
  readonly environment: string;
}

/** A gateway counts as live while it has been seen within this time. */
export const GATEWAY_LIVE_MS = 15_000;

/**
 * Announces a gateway that starts. What a former process of this id said of itself is forgotten, so that nobody
 * takes its acknowledgements for this one's.
 */
export async function registerGateway(
  db: Database,
  gateway: GatewayRef & { readonly url: string },
): Promise<void> {
  await withTransaction(db, async (tx) => {
    await tx.query('DELETE FROM route_acks WHERE gateway_id = $1 AND environment = $2', [
      gateway.gatewayId,
      gateway.environment,
    ]);
    await tx.query(
      `INSERT INTO gateways (gateway_id, environment, url) VALUES ($1, $2, $3)
       ON CONFLICT (gateway_id, environment) DO UPDATE SET url = $3, started_at = now(), last_seen = now()`,
      [gateway.gatewayId, gateway.environment, gateway.url],
    );
  });
}

/** Says that the gateway lives. @returns false when it is not registered any more. */
export async function touchGateway(db: Queryable, gateway: GatewayRef): Promise<boolean> {
  const { rowCount } = await db.query(
    'UPDATE gateways SET last_seen = now() WHERE gateway_id = $1 AND environment = $2',
    [gateway.gatewayId, gateway.environment],
  );
  return rowCount === 1;
}

/** A gateway that stops on purpose: nobody waits for it. */
export async function removeGateway(db: Queryable, gateway: GatewayRef): Promise<void> {
  await db.query('DELETE FROM gateways WHERE gateway_id = $1 AND environment = $2', [
    gateway.gatewayId,
    gateway.environment,
  ]);
}

/** Records that the gateway obeys a generation, or why it does not and keeps the one before. */
export async function acknowledgeRoute(
  db: Queryable,
  gateway: GatewayRef,
  model: string,
  generation: number,
  error: string | null,
): Promise<void> {
  await db.query(
    `INSERT INTO route_acks (gateway_id, model, environment, generation, error) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (gateway_id, model, environment) DO UPDATE SET generation = $4, error = $5, at = now()
     WHERE route_acks.generation <= $4`,
    [gateway.gatewayId, model, gateway.environment, generation, error],
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
