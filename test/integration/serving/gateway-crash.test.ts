import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readRawLog } from '../../../examples/plantly/chaos/counts/raw-log.ts';
import { ensureBuilt } from '../built-product.ts';
import { gatewayFolder, gatewayPort, killGateways, startGatewayProcess } from './gateway-process.ts';
import { ADA, MODEL, post, rankBody, servingWorld, until, verdict } from './serving-fixture.ts';
import type { ServingWorld } from './serving-fixture.ts';

const RANK = `/v1/models/${MODEL}/rank`;
const CLIENTS = 8;
const KILL_AFTER_ANSWERS = 400;
let world: ServingWorld;

beforeAll(async () => {
  ensureBuilt('src/serving/main.js');
  world = await servingWorld();
  const version = await world.addVersion('linear', { stage: 'champion' });
  await world.activities.setRoute({
    model: MODEL,
    environment: world.environment,
    key: 'first',
    weights: [{ version, weight: 100 }],
    shadow: [],
    reason: 'test',
    actor: ADA,
  });
});
afterAll(async () => {
  killGateways();
  await world?.close();
});

const window = () => ({ model: MODEL, environment: world.environment, from: 0, to: Date.now() + 60_000 });
const feedback = (id: string) => ({
  events: [
    { requestId: id, eventId: `event-${id}`, name: 'bought', value: true, at: new Date().toISOString() },
  ],
});

/** Asks under one id until it is answered: a gateway that knows no features yet waits for them no longer than a second. */
const expectRanked = (url: string, id: string) =>
  until(
    `an answer to ${id}`,
    async () => (await post(url, RANK, rankBody(id))).status,
    (status) => status === 200,
  );

it('loses no answer and no outcome when it is killed under load, and counts each once', async () => {
  const dataDir = gatewayFolder();
  const first = await startGatewayProcess(world, dataDir);
  const answered = new Set<string>();
  const reported = new Set<string>();
  const unanswered: string[] = [];
  const killed: Promise<unknown>[] = [];
  async function client(name: number): Promise<void> {
    for (let i = 0; ; i += 1) {
      const id = `c${name}-${i}`;
      try {
        if ((await post(first.url, RANK, rankBody(id))).status === 200) answered.add(id);
        if ((await post(first.url, '/v1/feedback', feedback(id))).status === 200) reported.add(id);
      } catch {
        unanswered.push(id);
        return;
      }
      if (answered.size >= KILL_AFTER_ANSWERS && killed.length === 0) killed.push(first.end('SIGKILL'));
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, (_, name) => client(name)));
  await Promise.all(killed);
  expect(answered.size).toBeGreaterThanOrEqual(KILL_AFTER_ANSWERS);
  expect(unanswered.length).toBe(CLIENTS);

  // Callers that heard nothing ask again under the same ids, and report again.
  const second = await startGatewayProcess(world, dataDir);
  for (const id of unanswered) {
    await expectRanked(second.url, id);
    answered.add(id);
    expect((await post(second.url, '/v1/feedback', feedback(id))).status).toBe(200);
    reported.add(id);
  }
  expect(await second.end('SIGTERM')).toBe(0);
  expect(readdirSync(join(dataDir, 'spool', 'killed'))).toEqual([]);

  const view = await world.log.open(window());
  const requests = await view.query<{ id: string }>(
    `SELECT request_id AS id FROM requests WHERE error IS NULL`,
  );
  expect(requests.map((row) => row.id).sort()).toEqual([...answered].sort());
  const [items] = await view.query<{ n: number; ids: number }>(
    'SELECT count(*) AS n, count(DISTINCT request_id) AS ids FROM items',
  );
  expect(items).toEqual({ n: answered.size * 3, ids: answered.size });
  const outcomes = await view.query<{ id: string; value: number }>(
    'SELECT request_id AS id, value FROM outcomes',
  );
  expect(outcomes.map((row) => row.id).sort()).toEqual([...reported].sort());
  view.close();
  // The log's view shows one row of two.
  expect(await readRawLog({ ...world, scratch: dataDir })).toMatchObject({
    doubledRequests: 0,
    doubledItems: 0,
    doubledOutcomes: 0,
    itemless: 0,
  });
});

it('ships what it answered, whoever sent texts that no log can hold', async () => {
  const dataDir = gatewayFolder();
  const gateway = await startGatewayProcess(world, dataDir);
  await expectRanked(gateway.url, 'whole');
  expect((await post(gateway.url, RANK, rankBody('half\ud800'))).status).toBe(400);
  expect((await post(gateway.url, '/v1/feedback', feedback('half\udc00'))).status).toBe(400);
  expect(await gateway.end('SIGTERM')).toBe(0);
  const logged = await world.log.query<{ id: string }>(
    window(),
    `SELECT request_id AS id FROM requests WHERE request_id = 'whole'`,
  );
  expect(logged).toEqual([{ id: 'whole' }]);
});

it('finishes the requests under way when it is told to stop, ships the log and signs off', async () => {
  const dataDir = gatewayFolder();
  const gateway = await startGatewayProcess(world, dataDir, { GATEWAY_ID: 'stopping' });
  const seen = async () =>
    (await world.db.query(`SELECT 1 FROM gateways WHERE gateway_id = 'stopping'`)).rowCount;
  await until('it is registered', seen, (count) => count === 1);
  const asked = Array.from({ length: 50 }, (_, i) => post(gateway.url, RANK, rankBody(`last-${i}`)));
  await Promise.race(asked);
  const ended = gateway.end('SIGTERM');
  const settled = await Promise.allSettled(asked);
  expect(await ended).toBe(0);
  const ids = settled.flatMap((one) =>
    one.status === 'fulfilled' && one.value.status === 200 ? [one.value.body.requestId] : [],
  );
  const logged = await world.log.query<{ id: string }>(
    window(),
    `SELECT request_id AS id FROM requests WHERE request_id LIKE 'last-%'`,
  );
  expect(logged.map((row) => row.id)).toEqual(expect.arrayContaining(ids));
  expect(readdirSync(join(dataDir, 'spool', 'stopping'))).toEqual([]);
  expect(await seen()).toBe(0);
});

it('tells who asks without pause to come again, never that the model is unknown, while it ends and starts', async () => {
  const dataDir = gatewayFolder();
  const more = { GATEWAY_ID: 'restarted', GATEWAY_PORT: await gatewayPort() };
  const url = `http://127.0.0.1:${more.GATEWAY_PORT}`;
  const answers = new Map<string, number>();
  let over = false;
  async function client(name: number): Promise<void> {
    for (let i = 0; !over; i += 1) {
      const answer = await verdict(url, RANK, rankBody(`again-${name}-${i}`)).then(
        ({ status, retryAfter }) => `${status}, come again: ${retryAfter ?? 'never'}`,
        // Nobody listens, or it was killed while it answered.
        () => sleep(1, 'none'),
      );
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
    }
  }
  const clients = Array.from({ length: CLIENTS }, (_, name) => client(name));
  const SERVED = '200, come again: never';
  // The first start knows no routes of a last run; the others do.
  for (const signal of ['SIGTERM', 'SIGKILL', 'SIGTERM'] as const) {
    const before = answers.get(SERVED) ?? 0;
    const gateway = await startGatewayProcess(world, dataDir, more);
    await until(
      'answers',
      async () => (answers.get(SERVED) ?? 0) - before,
      (count) => count >= KILL_AFTER_ANSWERS,
    );
    expect(await gateway.end(signal)).toBe(signal === 'SIGKILL' ? null : 0);
  }
  over = true;
  await Promise.all(clients);
  expect([SERVED, '503, come again: 1', 'none']).toEqual(expect.arrayContaining([...answers.keys()]));
});
