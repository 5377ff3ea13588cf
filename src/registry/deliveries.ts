import type { Queryable } from './database.ts';

export interface DeliveryTarget {
  readonly channel: string;
  readonly recipient: string;
}

export interface Delivery extends DeliveryTarget {
  /** Of the notice. */
  readonly key: string;
  readonly thread: string;
  /** Slack's message timestamp or the e-mail's Message-ID. */
  readonly externalId: string;
}

/** Whether this message has reached this recipient. */
export async function wasDelivered(db: Queryable, key: string, target: DeliveryTarget): Promise<boolean> {
  const { rowCount } = await db.query(
    'SELECT 1 FROM deliveries WHERE key = $1 AND channel = $2 AND recipient = $3',
    [key, target.channel, target.recipient],
  );
  return rowCount === 1;
}

/** The message that this recipient's thread began with; null when this one begins it. */
export async function threadStart(
  db: Queryable,
  thread: string,
  target: DeliveryTarget,
): Promise<string | null> {
  const { rows } = await db.query<{ external_id: string }>(
    `SELECT external_id FROM deliveries WHERE thread = $1 AND channel = $2 AND recipient = $3
      ORDER BY at LIMIT 1`,
    [thread, target.channel, target.recipient],
  );
  return rows[0]?.external_id ?? null;
}

/** Notes a delivery; of a message that went out twice the first is kept. */
export async function recordDelivery(db: Queryable, delivery: Delivery): Promise<void> {
  await db.query(
    `INSERT INTO deliveries (key, channel, thread, recipient, external_id, at)
     VALUES ($1, $2, $3, $4, $5, clock_timestamp()) ON CONFLICT (key, channel, recipient) DO NOTHING`,
    [delivery.key, delivery.channel, delivery.thread, delivery.recipient, delivery.externalId],
  );
}
