import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { lifecycleStateQuery } from '../../../src/contracts/workflows/lifecycle.ts';
import { lifecycleId } from '../../../src/contracts/workflows/ids.ts';
import { accountOf } from '../../integration/api/storm-account.ts';
import type { Sent } from '../../integration/api/webhook-sender.ts';
import { ENDPOINT, fleetSpec, MEASURED, SECRET } from './fleet-world.ts';
import type { FleetWorld } from './fleet-world.ts';
import { costBetween, quantiles } from './measure.ts';
import { offer } from './offer.ts';

/** Every tenth delivery comes twice, as senders do that missed the answer. */
const REPEATED = 10;
const DECIDED_WITHIN_MS = 60_000;
const POLL_MS = 200;
const MIB = 1024 * 1024;
let storms = 0;

/** Offers signed webhooks evenly, `perSecond` of them and their repetitions, then accounts for every one of them. */
export async function storm(
  world: FleetWorld,
  { models, webhooks, perSecond }: { models: number; webhooks: number; perSecond: number },
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
  const offered = (perSecond * deliveries.length) / webhooks;
  const sender = { url: world.url, endpoint: ENDPOINT, secret: SECRET };
  const before = world.costs();
  const startedAt = performance.now();
  const sent = await offer({ sender, deliveries, perSecond: offered });
  const seconds = (performance.now() - startedAt) / 1000;
  const after = world.costs();

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
    problems.push(...(await unlikeDecisions(world, model, sent)));
    events.push((await handle.describe()).historyLength);
    runs.push(await runsOf(world, lifecycleId(ref)));
  }
  const lost = await unrecorded(world, sent);
  if (lost > 0) problems.push(`${String(lost)} answers are not in the registry as they were given`);
  const took = quantiles(sent.map(({ tookMs }) => tookMs));
  const accepted = sent.filter(({ status }) => status === 200).length;
  const broken = sent.reduce((sum, delivery) => sum + delivery.broken, 0);
  const again = sent.reduce((sum, { tries }) => sum + tries - 1, 0);
  const cpu = (cost: number): string => (cost / deliveries.length).toFixed(2);
  const table = [
    ['deliveries offered, repeated ids included', deliveries.length],
    ['offered in, s', (deliveries.length / offered).toFixed(1)],
    ['the last was answered after, s', seconds.toFixed(1)],
    ['accepted', accepted],
    ['told to come again (503)', again - broken],
    ['connections that broke', broken],
    ['failed', deliveries.length - accepted],
    ['lost', lost],
    [
      'answer p50/p99/longest, s',
      [took.p50, took.p99, took.longest].map((ms) => (ms / 1000).toFixed(2)).join(' / '),
    ],
    ['CPU for a delivery, ms', cpu(costBetween(before, after))],
    ...MEASURED.map((name) => [`of it ${name}`, cpu(after[name].cpuMs - before[name].cpuMs)]),
    ['RSS api, MiB', (after.api.rssBytes / MIB).toFixed(0)],
    ['runs of a lifecycle, at the most', Math.max(...runs)],
    ['events in its newest run, at the most', Math.max(...events)],
  ];
  return { table, problems };
}

/** What the registry says the model decided, beside what its senders were told. A decision is written after the answer. */
async function unlikeDecisions(world: FleetWorld, model: string, sent: readonly Sent[]): Promise<string[]> {
  const told = sent
    .filter((delivery) => delivery.model === model && delivery.status === 200)
    .map(({ text }) => JSON.parse(text) as { key: string; trigger: { kind: string } })
    .filter(({ trigger }) => trigger.kind === 'started');
  const expected = [...new Set(told.map(({ key }) => key))].map((key) => ({ asked: key, decided: key }));
  const deadline = Date.now() + DECIDED_WITHIN_MS;
  for (;;) {
    const { rows } = await world.db.query(
      `SELECT v.trigger_key AS asked, d.evidence -> 'trigger' ->> 'key' AS decided
         FROM versions v LEFT JOIN decisions d USING (model, environment, version) WHERE v.model = $1`,
      [model],
    );
    if (isDeepStrictEqual(rows, expected)) return [];
    if (Date.now() > deadline)
      return [`${model} decided ${JSON.stringify(rows)}, its senders know ${JSON.stringify(expected)}`];
    await sleep(POLL_MS);
  }
}

async function runsOf(world: FleetWorld, workflowId: string): Promise<number> {
  const query = `WorkflowId = ${JSON.stringify(workflowId)}`;
  return (await world.client.workflow.count(query)).count;
}

/** How many deliveries have an answer that the registry does not have as the sender got it. */
async function unrecorded(world: FleetWorld, sent: readonly Sent[]): Promise<number> {
  const { rows } = await world.db.query<{ delivery_id: string; answer: { body: unknown } | null }>(
    'SELECT delivery_id, answer FROM webhook_deliveries',
  );
  const recorded = new Map(rows.map((row) => [row.delivery_id, row.answer?.body]));
  const answered = sent.filter(({ status }) => status === 200);
  return answered.filter(({ id, text }) => !isDeepStrictEqual(recorded.get(id), JSON.parse(text))).length;
}
