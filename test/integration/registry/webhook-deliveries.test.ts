import { afterAll, beforeAll, expect, it } from 'vitest';
import { withTransaction } from '../../../src/registry/database.ts';
import type { Database, Transaction } from '../../../src/registry/database.ts';
import {
  giveUpDelivery,
  receiveDeliveries,
  recordAnswers,
} from '../../../src/registry/webhook-deliveries.ts';
import { applyModel, ENVIRONMENT, openRegistry } from './registry-fixture.ts';

const ENDPOINT = 'ci';
const model = 'plants';

let db: Database;
beforeAll(async () => {
  db = await openRegistry();
  await applyModel(db, model);
});
afterAll(() => db.end());

const arrival = (deliveryId: string, of = model) => ({ endpoint: ENDPOINT, deliveryId, model: of });
const given = (deliveryId: string, text: string) => ({
  endpoint: ENDPOINT,
  deliveryId,
  answer: { status: 200, body: { text } },
});
const receive = (...arrivals: ReturnType<typeof arrival>[]) => receiveDeliveries(db, ENVIRONMENT, arrivals);

it('tells for each delivery of a group, in its place, whether it is new, answered, or for no model', async () => {
  await receive(arrival('old'));
  await recordAnswers(db, [given('old', 'the first')]);
  expect(await receive(arrival('new'), arrival('odd', 'nobody'), arrival('old'), arrival('new'))).toEqual([
    { kind: 'unanswered' },
    { kind: 'model_unknown' },
    { kind: 'answered', answer: { status: 200, body: { text: 'the first' } } },
    { kind: 'under_way' },
  ]);
  const { rows } = await db.query('SELECT delivery_id, answer FROM webhook_deliveries ORDER BY delivery_id');
  expect(rows).toMatchObject([{ delivery_id: 'new', answer: null }, { delivery_id: 'old' }]);
});

it('lets one act on a delivery, and another once that one has died or given it up', async () => {
  expect(await receive(arrival('claimed'))).toEqual([{ kind: 'unanswered' }]);
  expect(await receive(arrival('claimed'))).toEqual([{ kind: 'under_way' }]);
  const silence =
    "UPDATE webhook_deliveries SET received_at = now() - interval '46 s' WHERE delivery_id = 'claimed'";
  await db.query(silence);
  const both = await Promise.all([receive(arrival('claimed')), receive(arrival('claimed'))]);
  expect(
    both
      .flat()
      .map(({ kind }) => kind)
      .sort(),
  ).toEqual(['unanswered', 'under_way'].sort());
  await giveUpDelivery(db, { endpoint: ENDPOINT, deliveryId: 'claimed' });
  expect(await receive(arrival('claimed'))).toEqual([{ kind: 'unanswered' }]);
  await recordAnswers(db, [given('claimed', 'at last')]);
  await giveUpDelivery(db, { endpoint: ENDPOINT, deliveryId: 'claimed' });
  expect(await receive(arrival('claimed'))).toMatchObject([{ kind: 'answered' }]);
});

it('keeps the first answer to a delivery, within a group and after it, and gives it to everybody', async () => {
  const kept = await recordAnswers(db, [given('a', '1'), given('b', '2'), given('a', '3')]);
  expect(kept.map(({ body }) => body['text'])).toEqual(['1', '2', '1']);
  const later = await recordAnswers(db, [given('b', '4'), given('c', '5')]);
  expect(later.map(({ body }) => body['text'])).toEqual(['2', '5']);
});

it('lets two processes note and answer the same deliveries, in any order', async () => {
  for (let round = 0; round < 20; round += 1) {
    const ids = Array.from({ length: 50 }, (_, i) => `${String(round)}-${String(i)}`);
    const backwards = [...ids].reverse();
    await Promise.all([ids, backwards].map((order) => receive(...order.map((id) => arrival(id)))));
    const [here, there] = await Promise.all(
      [ids, backwards].map((order, process) =>
        recordAnswers(
          db,
          order.map((id) => given(id, `process ${String(process)}`)),
        ),
      ),
    );
    expect(here).toEqual(there?.reverse());
  }
});

it('looks at the rows of its deliveries and no others, also before PostgreSQL has statistics', async () => {
  await db.query('ALTER TABLE webhook_deliveries SET (autovacuum_enabled = false)');
  const many = Array.from({ length: 5000 }, (_, i) => given(`many-${String(i)}`, 'kept'));
  await recordAnswers(db, many);
  const read = async (tx: Transaction) => {
    const { rows } = await tx.query<{ read: string }>(
      `SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) AS read FROM pg_stat_xact_user_tables WHERE relname = 'webhook_deliveries'`,
    );
    return Number(rows[0]?.read);
  };
  await withTransaction(db, async (tx) => {
    const before = await read(tx);
    const asked = many.slice(0, 100).map(({ deliveryId }) => arrival(deliveryId));
    await receiveDeliveries(tx, ENVIRONMENT, asked);
    await recordAnswers(tx, many.slice(0, 100));
    // Once to note it, once to find its answer, once to keep it.
    expect((await read(tx)) - before).toBeLessThanOrEqual(3 * asked.length);
  });
});
