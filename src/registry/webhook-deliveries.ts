import type { Queryable } from './database.ts';

/** What was answered to a delivery the first time. */
export interface RecordedAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface DeliveryRef {
  readonly endpoint: string;
  readonly deliveryId: string;
}

/**
 * Notes that a delivery arrived and gives back its first answer, if it has had one. A delivery without an answer was
 * interrupted: acting on it again under the same key is safe, and is what its sender asks for.
 */
export async function receiveDelivery(db: Queryable, ref: DeliveryRef): Promise<RecordedAnswer | null> {
  const { rowCount } = await db.query(
    'INSERT INTO webhook_deliveries (endpoint, delivery_id) VALUES ($1, $2) ON CONFLICT DO NOTHING',
    [ref.endpoint, ref.deliveryId],
  );
  return rowCount === 1 ? null : findAnswer(db, ref);
}

/** Keeps the first answer; of two at once the earlier one wins and is what both senders get. */
export async function recordAnswer(
  db: Queryable,
  ref: DeliveryRef,
  answer: RecordedAnswer,
): Promise<RecordedAnswer> {
  const { rows } = await db.query<{ answer: RecordedAnswer }>(
    `UPDATE webhook_deliveries SET answer = coalesce(answer, $3)
     WHERE endpoint = $1 AND delivery_id = $2 RETURNING answer`,
    [ref.endpoint, ref.deliveryId, JSON.stringify(answer)],
  );
  return rows[0]?.answer ?? answer;
}

async function findAnswer(db: Queryable, ref: DeliveryRef): Promise<RecordedAnswer | null> {
  const { rows } = await db.query<{ answer: RecordedAnswer | null }>(
    'SELECT answer FROM webhook_deliveries WHERE endpoint = $1 AND delivery_id = $2',
    [ref.endpoint, ref.deliveryId],
  );
  return rows[0]?.answer ?? null;
}
