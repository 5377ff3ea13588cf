import { createHash } from 'node:crypto';
import type { ModelSpec } from '../contracts/spec/model-spec.ts';
import type { WebhookEndpoint } from '../contracts/spec/webhooks.ts';
import type { ModelRef } from '../contracts/workflows/ids.ts';
import { effectiveSpec } from '../domain/spec/effective-spec.ts';
import { webhookPayload } from '../domain/webhook-event.ts';
import type { RecordedEvent } from '../domain/webhook-event.ts';
import type { Queryable, Transaction } from './database.ts';

const ID_CHARS = 32;

/** One delivery: an event for an endpoint. The same event always gets the same id there. */
function deliveryIdOf(ref: ModelRef, endpoint: string, sequence: number): string {
  const basis = `${ref.environment}\n${ref.model}\n${endpoint}\n${String(sequence)}`;
  return `msg_${createHash('sha256').update(basis).digest('hex').slice(0, ID_CHARS)}`;
}

/** The webhook endpoints of the newest spec; none for a model that is gone. */
export async function webhookEndpoints(db: Queryable, ref: ModelRef): Promise<readonly WebhookEndpoint[]> {
  const { rows } = await db.query<{ spec: ModelSpec }>(
    `SELECT spec FROM model_specs WHERE model = $1 AND environment = $2 ORDER BY revision DESC LIMIT 1`,
    [ref.model, ref.environment],
  );
  if (!rows[0]) return [];
  const { notifications } = effectiveSpec(rows[0].spec, ref.environment);
  // Specs that were stored before there were webhooks name none.
  return (notifications as { readonly webhooks?: readonly WebhookEndpoint[] }).webhooks ?? [];
}

/** Writes a delivery for each endpoint that wants the event, in the transaction that the event commits in. */
export async function enqueueWebhooks(tx: Transaction, event: RecordedEvent): Promise<void> {
  const { model, environment } = event;
  const payload = webhookPayload(event);
  if (payload === null || model === undefined || environment === undefined) return;
  const ref = { model, environment };
  for (const { name, events } of await webhookEndpoints(tx, ref)) {
    if (!events.includes(payload.type)) continue;
    await tx.query(
      `INSERT INTO outgoing_webhooks (delivery_id, model, environment, endpoint, event, sequence, body)
       VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (delivery_id) DO NOTHING`,
      [
        deliveryIdOf(ref, name, event.seq),
        model,
        environment,
        name,
        payload.type,
        event.seq,
        JSON.stringify(payload),
      ],
    );
  }
}

/** Deliveries that no workflow has taken over yet, oldest first. */
export async function undispatchedWebhooks(
  db: Queryable,
  environment: string,
  limit: number,
): Promise<
  (ModelRef & { readonly deliveryId: string; readonly endpoint: string; readonly event: string })[]
> {
  const { rows } = await db.query<ModelRef & { delivery_id: string; endpoint: string; event: string }>(
    `SELECT delivery_id, model, environment, endpoint, event FROM outgoing_webhooks
      WHERE environment = $1 AND dispatched_at IS NULL ORDER BY sequence, delivery_id LIMIT $2`,
    [environment, limit],
  );
  return rows.map(({ delivery_id, ...row }) => ({ deliveryId: delivery_id, ...row }));
}

export async function markDispatched(db: Queryable, deliveryId: string): Promise<void> {
  await db.query('UPDATE outgoing_webhooks SET dispatched_at = now() WHERE delivery_id = $1', [deliveryId]);
}
