import type { ModelRef } from '../contracts/workflows/ids.ts';
import { PerennialError } from '../errors/define-error.ts';
import { WEBHOOK_DELIVERY_NOT_FOUND } from '../errors/notification-errors.ts';
import { appendAudit } from './audit.ts';
import type { Queryable, Transaction } from './database.ts';

type WebhookStatus = 'pending' | 'delivered' | 'failed';

export interface WebhookFailure {
  readonly code: string;
  readonly message: string;
}

export interface WebhookDelivery extends ModelRef {
  readonly deliveryId: string;
  readonly endpoint: string;
  readonly event: string;
  readonly sequence: number;
  readonly status: WebhookStatus;
  readonly attempts: number;
  /** Of the newest attempt; null when no answer came, or none was made yet. */
  readonly lastStatusCode: number | null;
  readonly lastError: WebhookFailure | null;
  /** Why it was given up. */
  readonly error: WebhookFailure | null;
  readonly createdAt: string;
  readonly finishedAt: string | null;
}

export interface WebhookAttempt {
  readonly at: string;
  readonly statusCode: number | null;
  readonly error: WebhookFailure | null;
  readonly durationMs: number;
}

interface DeliveryRow extends ModelRef {
  delivery_id: string;
  endpoint: string;
  event: string;
  sequence: number;
  status: WebhookStatus;
  attempts: number;
  last_status_code: number | null;
  last_error: WebhookFailure | null;
  error: WebhookFailure | null;
  created_at: Date;
  finished_at: Date | null;
}

const SELECT_DELIVERY = `SELECT d.*, coalesce(a.attempts, 0)::int AS attempts, a.last_status_code, a.last_error
  FROM outgoing_webhooks d LEFT JOIN LATERAL (
    SELECT count(*) OVER () AS attempts, status_code AS last_status_code, error AS last_error
      FROM outgoing_webhook_attempts WHERE delivery_id = d.delivery_id ORDER BY id DESC LIMIT 1
  ) a ON true`;

function toDelivery(row: DeliveryRow): WebhookDelivery {
  return {
    deliveryId: row.delivery_id,
    model: row.model,
    environment: row.environment,
    endpoint: row.endpoint,
    event: row.event,
    sequence: row.sequence,
    status: row.status,
    attempts: row.attempts,
    lastStatusCode: row.last_status_code,
    lastError: row.last_error,
    error: row.error,
    createdAt: row.created_at.toISOString(),
    finishedAt: row.finished_at?.toISOString() ?? null,
  };
}

export interface WebhookFilter {
  readonly environment: string;
  readonly model?: string | undefined;
  readonly status?: WebhookStatus | undefined;
  readonly limit: number;
}

/** Newest first. */
export async function listWebhookDeliveries(
  db: Queryable,
  filter: WebhookFilter,
): Promise<WebhookDelivery[]> {
  const { rows } = await db.query<DeliveryRow>(
    `${SELECT_DELIVERY} WHERE d.environment = $1 AND ($2::text IS NULL OR d.model = $2)
        AND ($3::text IS NULL OR d.status = $3) ORDER BY d.created_at DESC, d.sequence DESC, d.delivery_id LIMIT $4`,
    [filter.environment, filter.model ?? null, filter.status ?? null, filter.limit],
  );
  return rows.map(toDelivery);
}

/** @throws PerennialError WEBHOOK_DELIVERY_NOT_FOUND */
export async function getWebhookDelivery(
  db: Queryable,
  ref: { readonly environment: string; readonly deliveryId: string },
): Promise<WebhookDelivery & { readonly body: string }> {
  const { rows } = await db.query<DeliveryRow & { body: string }>(
    `${SELECT_DELIVERY} WHERE d.environment = $1 AND d.delivery_id = $2`,
    [ref.environment, ref.deliveryId],
  );
  if (!rows[0])
    throw new PerennialError(
      WEBHOOK_DELIVERY_NOT_FOUND,
      `there is no webhook delivery ${ref.deliveryId} in environment ${ref.environment}`,
    );
  return { ...toDelivery(rows[0]), body: rows[0].body };
}

/** Oldest first. */
export async function listWebhookAttempts(db: Queryable, deliveryId: string): Promise<WebhookAttempt[]> {
  const { rows } = await db.query<{
    at: Date;
    status_code: number | null;
    error: WebhookFailure | null;
    duration_ms: number;
  }>(
    'SELECT at, status_code, error, duration_ms FROM outgoing_webhook_attempts WHERE delivery_id = $1 ORDER BY id',
    [deliveryId],
  );
  return rows.map((row) => ({
    at: row.at.toISOString(),
    statusCode: row.status_code,
    error: row.error,
    durationMs: row.duration_ms,
  }));
}

/** Notes how an attempt went; one that was answered well ends the delivery. */
export async function recordWebhookAttempt(
  tx: Transaction,
  deliveryId: string,
  attempt: Omit<WebhookAttempt, 'at'>,
): Promise<void> {
  const { statusCode, error, durationMs } = attempt;
  await tx.query(
    `INSERT INTO outgoing_webhook_attempts (delivery_id, status_code, error, duration_ms) VALUES ($1, $2, $3, $4)`,
    [deliveryId, statusCode, error === null ? null : JSON.stringify(error), durationMs],
  );
  if (error !== null) return;
  await tx.query(
    `UPDATE outgoing_webhooks SET status = 'delivered', error = NULL, finished_at = now() WHERE delivery_id = $1`,
    [deliveryId],
  );
}

/** Gives a delivery up, with an audit event. One that was delivered after all is left as it is. */
export async function giveUpWebhook(
  tx: Transaction,
  ref: ModelRef & { readonly deliveryId: string },
  failure: WebhookFailure,
): Promise<void> {
  const { model, environment, deliveryId } = ref;
  const { rows } = await tx.query<{ endpoint: string; event: string }>(
    `UPDATE outgoing_webhooks SET status = 'failed', error = $2, finished_at = now()
      WHERE delivery_id = $1 AND status = 'pending' RETURNING endpoint, event`,
    [deliveryId, JSON.stringify(failure)],
  );
  if (!rows[0]) return;
  await appendAudit(tx, {
    actor: 'system:webhooks',
    action: 'webhook.given_up',
    model,
    environment,
    data: { deliveryId, ...rows[0], ...failure },
  });
}

/** Makes a delivery pending again, with an audit event of who asked and why. */
export async function reopenWebhook(
  tx: Transaction,
  ref: { readonly environment: string; readonly deliveryId: string },
  by: { readonly actor: string; readonly reason: string },
): Promise<WebhookDelivery> {
  const found = await getWebhookDelivery(tx, ref);
  await tx.query(
    `UPDATE outgoing_webhooks SET status = 'pending', error = NULL, finished_at = NULL WHERE delivery_id = $1`,
    [ref.deliveryId],
  );
  const { model, environment, deliveryId, endpoint, event } = found;
  await appendAudit(tx, {
    actor: by.actor,
    action: 'webhook.redelivery_requested',
    model,
    environment,
    data: { deliveryId, endpoint, event, reason: by.reason },
  });
  return found;
}
