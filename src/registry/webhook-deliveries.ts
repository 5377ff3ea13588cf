import type { Queryable } from './database.ts';

/** What was answered to a delivery the first time. */
export interface RecordedAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

interface DeliveryRef {
  readonly endpoint: string;
  readonly deliveryId: string;
}

export interface Arrival extends DeliveryRef {
  readonly model: string;
}

export type ArrivalNote =
  | { readonly kind: 'model_unknown' }
  /** It is new, or was given up or interrupted: it is the caller's to act on, and nobody else's for `CLAIM_S`. */
  | { readonly kind: 'unanswered' }
  /** It is somebody else's. */
  | { readonly kind: 'under_way' }
  | { readonly kind: 'answered'; readonly answer: RecordedAnswer };

/** How long a delivery is one process's to answer. Longer than a command to a lifecycle may take; after that it has died. */
const CLAIM_S = 45;

const placeOf = ({ endpoint, deliveryId }: DeliveryRef): string => `${endpoint} ${deliveryId}`;

/**
 * Notes deliveries that arrived, in one round trip, and gives back the first answer of each that has had one; nothing
 * is noted of one for an unknown model. Whoever noted one first is to act on it: in a storm a second process could reach
 * the lifecycle after more keys than that remembers, and would count it twice. Sorted, so that two processes which note
 * the same ones never lock each other out; LIMIT keeps the planner to one look at the index for each, also before it has
 * statistics.
 */
export async function receiveDeliveries(
  db: Queryable,
  environment: string,
  arrivals: readonly Arrival[],
): Promise<ArrivalNote[]> {
  const { rows } = await db.query<{
    known: boolean;
    noted: boolean;
    answer: RecordedAnswer | null;
    is_stale: boolean;
  }>(
    `WITH arrived AS MATERIALIZED (
       SELECT a.*, (SELECT true FROM models m WHERE m.model = a.model AND m.environment = $1 LIMIT 1) AS known
         FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS a (endpoint, delivery_id, model, place)
     ), noted AS (
       INSERT INTO webhook_deliveries (endpoint, delivery_id)
       SELECT DISTINCT endpoint, delivery_id FROM arrived WHERE known ORDER BY endpoint, delivery_id
       ON CONFLICT DO NOTHING RETURNING endpoint, delivery_id
     )
     SELECT coalesce(known, false) AS known, n.delivery_id IS NOT NULL AS noted, d.answer,
            coalesce(d.received_at < now() - make_interval(secs => $5), false) AS is_stale
       FROM arrived a
       LEFT JOIN noted n USING (endpoint, delivery_id)
       LEFT JOIN LATERAL (SELECT answer, received_at FROM webhook_deliveries d
              WHERE d.endpoint = a.endpoint AND d.delivery_id = a.delivery_id LIMIT 1) d ON true
      ORDER BY place`,
    [
      environment,
      arrivals.map(({ endpoint }) => endpoint),
      arrivals.map(({ deliveryId }) => deliveryId),
      arrivals.map(({ model }) => model),
      CLAIM_S,
    ],
  );
  const arrived = arrivals.map((arrival, i) => ({ place: placeOf(arrival), arrival, row: rows[i] }));
  const left = arrived.filter(({ row }) => row?.known && row.answer === null && row.is_stale);
  const ours = new Set([
    ...arrived.filter(({ row }) => row?.noted).map(({ place }) => place),
    ...(await takeOver(
      db,
      left.map(({ arrival }) => arrival),
    )),
  ]);
  return arrived.map(({ place, row }) => {
    if (!row?.known) return { kind: 'model_unknown' };
    if (row.answer !== null) return { kind: 'answered', answer: row.answer };
    return ours.delete(place) ? { kind: 'unanswered' } : { kind: 'under_way' };
  });
}

/** Deliveries whose process has died or given them up: of two that ask, one gets each. */
async function takeOver(db: Queryable, left: readonly DeliveryRef[]): Promise<string[]> {
  if (left.length === 0) return [];
  const { rows } = await db.query<{ endpoint: string; delivery_id: string }>(
    `UPDATE webhook_deliveries d SET received_at = clock_timestamp()
       FROM (SELECT endpoint, delivery_id
               FROM unnest($1::text[], $2::text[]) AS a (endpoint, delivery_id)
               JOIN webhook_deliveries w USING (endpoint, delivery_id)
              WHERE w.answer IS NULL AND w.received_at < now() - make_interval(secs => $3)
                FOR UPDATE OF w SKIP LOCKED) AS stale
      WHERE d.endpoint = stale.endpoint AND d.delivery_id = stale.delivery_id
     RETURNING d.endpoint, d.delivery_id`,
    [left.map(({ endpoint }) => endpoint), left.map(({ deliveryId }) => deliveryId), CLAIM_S],
  );
  return rows.map((row) => placeOf({ endpoint: row.endpoint, deliveryId: row.delivery_id }));
}

/** The lifecycle could not be asked: whoever comes next with this delivery acts on it. */
export async function giveUpDelivery(db: Queryable, { endpoint, deliveryId }: DeliveryRef): Promise<void> {
  await db.query(
    `UPDATE webhook_deliveries SET received_at = '-infinity'
      WHERE endpoint = $1 AND delivery_id = $2 AND answer IS NULL`,
    [endpoint, deliveryId],
  );
}

export interface DeliveryAnswer extends DeliveryRef {
  readonly answer: RecordedAnswer;
}

/**
 * Keeps the first answer to each delivery, in one round trip; of two at once the earlier one wins.
 * @returns for each what was kept, and is what its sender gets
 */
export async function recordAnswers(
  db: Queryable,
  answers: readonly DeliveryAnswer[],
): Promise<RecordedAnswer[]> {
  // PostgreSQL refuses to write a row twice in one statement.
  const firsts = [...new Map([...answers].reverse().map((given) => [placeOf(given), given])).values()];
  const { rows } = await db.query<{ endpoint: string; delivery_id: string; answer: RecordedAnswer }>(
    `INSERT INTO webhook_deliveries AS d (endpoint, delivery_id, answer)
     SELECT * FROM unnest($1::text[], $2::text[], $3::jsonb[]) AS given (endpoint, delivery_id, answer)
      ORDER BY endpoint, delivery_id
     ON CONFLICT (endpoint, delivery_id) DO UPDATE SET answer = coalesce(d.answer, excluded.answer)
     RETURNING endpoint, delivery_id, answer`,
    [
      firsts.map(({ endpoint }) => endpoint),
      firsts.map(({ deliveryId }) => deliveryId),
      firsts.map(({ answer }) => JSON.stringify(answer)),
    ],
  );
  const kept = new Map(
    rows.map((row) => [placeOf({ endpoint: row.endpoint, deliveryId: row.delivery_id }), row.answer]),
  );
  return answers.map((given) => kept.get(placeOf(given)) ?? given.answer);
}
