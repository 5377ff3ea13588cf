import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { lifecycleStateQuery } from '../../../src/contracts/workflows/lifecycle.ts';
import { lifecycleId } from '../../../src/contracts/workflows/ids.ts';
import { accountOf } from '../../integration/api/storm-account.ts';
import { sendAll } from '../../integration/api/webhook-sender.ts';
import type { Sent } from '../../integration/api/webhook-sender.ts';
import { ENDPOINT, fleetSpec, SECRET } from './fleet-world.ts';
import type { FleetWorld } from './fleet-world.ts';
import { costBetween, quantiles } from './measure.ts';

/** Every tenth delivery comes twice, as senders do that missed the answer. */
const REPEATED = 10;
let storms = 0;

/** Sends signed webhooks over kept connections as fast as they are answered, then accounts for every one of them. */
export async function storm(
  world: FleetWorld,
  { models, webhooks, connections }: { models: number; webhooks: number; connections: number },
): Promise<{ table: (string | number)[][]; problems: string[] }> {
  storms += 1;
  const names = Array.from({ length: models }, (_, i) => `storm-${String(storms)}-${String(i)}`);
  for (const name of names) {
    const answer = await world.post('/v1/models', { spec: fleetSpec(name) });
    if (answer.status !== 200) throw new Error(`${name} was not applied: ${JSON.stringify(answer)}`);
  }
  const distinct = Array.from({ length: webhooks }, (_, i) => ({
    id: `msg_${randomUUID()}`,
    model: names[i % models] ?? '',
  }));
  const deliveries = distinct.flatMap((delivery, i) =>
    i % REPEATED === 0 ? [delivery, delivery] : [delivery],
  );
  const before = world.costs();
  const startedAt = performance.now();
  const sent = await sendAll({ url: world.url, endpoint: ENDPOINT, secret: SECRET, connections }, deliveries);
  const seconds = (performance.now() - startedAt) / 1000;
  const cpu = costBetween(before, world.costs());

  const problems: string[] = [];
  const runs: number[] = [];
  const events: number[] = [];
  for (const model of names) {
    const ref = { model, environment: world.environment };
    const handle = world.client.workflow.getHandle(lifecycleId(ref));
    const state = await handle.query(lifecycleStateQuery);
    const account = accountOf(
      sent.filter((delivery) => delivery.model === model),
      state,
    );
    problems.push(...account.problems.slice(0, 5).map((problem) => `${model}: ${problem}`));
    const { rows } = await world.db.query<{ count: number }>(
      'SELECT count(*) FROM versions WHERE model = $1',
      [model],
    );
    if (rows[0]?.count !== 1) problems.push(`${model} has ${String(rows[0]?.count)} versions, not 1`);
    events.push((await handle.describe()).historyLength);
    runs.push(await runsOf(world, lifecycleId(ref)));
  }
  problems.push(...(await unrecorded(world, sent)));
  const took = quantiles(sent.map(({ tookMs }) => tookMs));
  const repeats = sent.reduce((sum, { tries }) => sum + tries - 1, 0);
  const table = [
    ['deliveries sent, repeated ids included', deliveries.length],
    ['connections', connections],
    ['seconds', seconds.toFixed(1)],
    ['answered a second', (deliveries.length / seconds).toFixed(0)],
    ['answer p50/p95, ms', `${took.p50.toFixed(0)} / ${took.p95.toFixed(0)}`],
    ['told to come again (503)', repeats],
    ['CPU for a delivery, ms', (cpu / deliveries.length).toFixed(1)],
    ['runs of a lifecycle, at the most', Math.max(...runs)],
    ['events in its newest run, at the most', Math.max(...events)],
  ];
  return { table, problems };
}

async function runsOf(world: FleetWorld, workflowId: string): Promise<number> {
  const query = `WorkflowId = ${JSON.stringify(workflowId)}`;
  return (await world.client.workflow.count(query)).count;
}

/** Deliveries whose answer the registry does not have as the sender got it. */
async function unrecorded(world: FleetWorld, sent: readonly Sent[]): Promise<string[]> {
  const { rows } = await world.db.query<{ delivery_id: string; answer: { body: unknown } | null }>(
    'SELECT delivery_id, answer FROM webhook_deliveries',
  );
  const recorded = new Map(rows.map((row) => [row.delivery_id, row.answer?.body]));
  const wrong = sent.filter(({ id, text }) => !isDeepStrictEqual(recorded.get(id), JSON.parse(text)));
  return wrong.length === 0
    ? []
    : [`${String(wrong.length)} answers are not in the registry as they were given`];
}
