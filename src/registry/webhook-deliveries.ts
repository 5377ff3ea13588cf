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
  /** A delivery without an answer is new, or was interrupted: acting on it again under the same key is safe. */
  | { readonly kind: 'unanswered' }
  | { readonly kind: 'answered'; readonly answer: RecordedAnswer };

/**
 * Notes deliveries that arrived, in one round trip, and gives back the first answer of each that has had one; nothing
 * is noted of one for an unknown model. Sorted, so that two processes which note the same ones never lock each other
 * out; LIMIT keeps the planner to one look at the index for each, also before it has statistics.
 */
export async function receiveDeliveries(
  db: Queryable,
  environment: string,
  arrivals: readonly Arrival[],
): Promise<ArrivalNote[]> {
  const { rows } = await db.query<{ known: boolean; answer: RecordedAnswer | null }>(
    `WITH arrived AS MATERIALIZED (
       SELECT a.*, (SELECT true FROM models m WHERE m.model = a.model AND m.environment = $1 LIMIT 1) AS known
         FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS a (endpoint, delivery_id, model, place)
     ), noted AS (
       INSERT INTO webhook_deliveries (endpoint, delivery_id)
       SELECT DISTINCT endpoint, delivery_id FROM arrived WHERE known ORDER BY endpoint, delivery_id
       ON CONFLICT DO NOTHING
     )
     SELECT coalesce(known, false) AS known,
            (SELECT d.answer FROM webhook_deliveries d
              WHERE d.endpoint = a.endpoint AND d.delivery_id = a.delivery_id LIMIT 1) AS answer
       FROM arrived a ORDER BY place`,
    [
      environment,
      arrivals.map(({ endpoint }) => endpoint),
      arrivals.map(({ deliveryId }) => deliveryId),
      arrivals.map(({ model }) => model),
    ],
  );
  return rows.map(({ known, answer }) => {
    if (!known) return { kind: 'model_unknown' };
    return answer === null ? { kind: 'unanswered' } : { kind: 'answered', answer };
  });
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
  const place = ({ endpoint, deliveryId }: DeliveryRef): string => `${endpoint} ${deliveryId}`;
  // PostgreSQL refuses to write a row twice in one statement.
  const firsts = [...new Map([...answers].reverse().map((given) => [place(given), given])).values()];
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
    rows.map((row) => [place({ endpoint: row.endpoint, deliveryId: row.delivery_id }), row.answer]),
  );
  return answers.map((given) => kept.get(place(given)) ?? given.answer);
}
