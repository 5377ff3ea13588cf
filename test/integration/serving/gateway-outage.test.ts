import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openLink } from '../../../examples/plantly/chaos/link.ts';
import type { Link } from '../../../examples/plantly/chaos/link.ts';
import { openDatabase, withTransaction } from '../../../src/registry/database.ts';
import type { DatabaseOptions } from '../../../src/registry/database.ts';
import { gatewayObedience } from '../../../src/registry/gateways.ts';
import { applySpec } from '../../../src/registry/specs.ts';
import { measureArm } from '../../../src/serving/measure-rollout.ts';
import {
  ADA,
  get,
  MODEL,
  post,
  rankBody,
  servingWorld,
  SPEC,
  serveAll,
  startGateway,
  until,
} from './serving-fixture.ts';
import type { ServingWorld } from './serving-fixture.ts';

const RANK = `/v1/models/${MODEL}/rank`;
let world: ServingWorld;
let link: Link;
let v1: number;
let v2: number;

const setRoute = (key: string, version: number, model = MODEL) => serveAll(world, key, version, model);
const throughLink = (options: DatabaseOptions = {}) => {
  const url = new URL(world.databaseUrl);
  url.host = link.address;
  return openDatabase(url.href, () => undefined, options);
};
const everything = () => ({
  model: MODEL,
  environment: world.environment,
  from: 0,
  to: Date.now() + 60_000,
});
const logged = (prefix: string) =>
  world.log.query<{ id: string }>(
    everything(),
    `SELECT request_id AS id FROM requests WHERE starts_with(request_id, $prefix) ORDER BY 1`,
    { prefix },
  );

beforeAll(async () => {
  world = await servingWorld();
  const { hostname, port } = new URL(world.databaseUrl);
  link = await openLink('postgres', hostname, Number(port));
  v1 = await world.addVersion('linear', { stage: 'champion' });
  v2 = await world.addVersion('reversed');
  await setRoute('first', v1);
});
afterAll(async () => {
  link?.close();
  await world?.close();
});

it('answers on with its last route and features while PostgreSQL is away, then catches up', async () => {
  const db = throughLink();
  const gateway = await startGateway(world, { id: 'cut', db });
  expect((await post(gateway.url, RANK, rankBody('cut-0'))).body.version).toBe(v1);
  link.cut();
  const { generation } = await setRoute('second', v2);
  for (let i = 1; i <= 5; i += 1) {
    const { status, body } = await post(gateway.url, RANK, rankBody(`cut-${i}`));
    expect([status, body.version]).toEqual([200, v1]);
  }
  const unseen = await post(gateway.url, RANK, rankBody('cut-x', { candidates: [{ plant_id: 404 }] }));
  expect(unseen).toMatchObject({ status: 503, body: { code: 'FEATURES_UNAVAILABLE' } });
  link.mend();
  await until(
    'the new route',
    async () => (await get(gateway.url, '/v1/routes')).body.routes[0]?.generation,
    (seen) => seen === generation,
  );
  const rows = await until(
    'the log',
    () => logged('cut-'),
    (found) => found.length === 7,
  );
  expect(rows.map((row) => row.id)).toEqual(['cut-0', 'cut-1', 'cut-2', 'cut-3', 'cut-4', 'cut-5', 'cut-x']);
  await gateway.stop();
  await db.end();
  await setRoute('third', v1);
});

it('follows the next route though a network forgot its connections without a word', async () => {
  // Each connection that was forgotten costs this long once.
  const db = throughLink({ answerWithinMs: 2_000 });
  const gateway = await startGateway(world, { id: 'stranded', db, settings: { rereadMs: 300 } });
  await until(
    'an answer',
    async () => (await post(gateway.url, RANK, rankBody('stranded-0'))).body.version,
    (version) => version === v1,
  );
  link.strand();
  const { generation } = await setRoute('after-stranding', v2);
  await until(
    'the new route',
    async () => (await get(gateway.url, '/v1/routes')).body.routes[0]?.generation,
    (seen) => seen === generation,
  );
  expect((await post(gateway.url, RANK, rankBody('stranded-1'))).body.version).toBe(v2);
  await gateway.stop();
  await db.end();
  await setRoute('back', v1);
});

it('holds the absence of online features against no version', async () => {
  const db = throughLink();
  const { generation } = await setRoute('measured', v1);
  const gateway = await startGateway(world, { id: 'away', db });
  await until(
    'the route',
    async () => (await get(gateway.url, '/v1/routes')).body.routes[0]?.generation,
    (seen) => seen === generation,
  );
  expect((await post(gateway.url, RANK, rankBody('away-0'))).status).toBe(200);
  link.cut();
  const unseen = await post(gateway.url, RANK, rankBody('away-1', { candidates: [{ plant_id: 404 }] }));
  expect(unseen).toMatchObject({ status: 503, body: { code: 'FEATURES_UNAVAILABLE' } });
  link.mend();
  await until(
    'the log',
    () => logged('away-'),
    (found) => found.length === 2,
  );
  const view = await world.log.open(everything());
  expect(
    await measureArm(view, { version: v1, generation, role: 'live', outcomes: {}, measuredAt: Date.now() }),
  ).toMatchObject({
    requests: 1,
    errors: 0,
  });
  view.close();
  await gateway.stop();
  await db.end();
});

it('starts without PostgreSQL on the route of its last run', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'cold-'));
  const before = await startGateway(world, { id: 'cold', dataDir });
  await until(
    'the route',
    async () => (await get(before.url, '/v1/routes')).body.routes.length,
    (count) => count === 1,
  );
  await before.stop();
  link.cut();
  const db = throughLink();
  const after = await startGateway(world, { id: 'cold', dataDir, db });
  const answer = await post(after.url, `/v2/models/${MODEL}/infer`, {
    id: 'cold-1',
    inputs: [{ name: 'features', shape: [1, 3], datatype: 'FP32', data: [1, 1, 1] }],
  });
  expect(answer.body.outputs).toEqual([{ name: 'score', shape: [1], datatype: 'FP32', data: [2] }]);
  link.mend();
  await until(
    'the log',
    () => logged('cold-'),
    (found) => found.length === 1,
  );
  await after.stop();
  await db.end();
});

it('follows the routes of other models, and counts as live, while a model of one does not come', async () => {
  const { environment, db, store } = world;
  const FERNS = 'ferns';
  await withTransaction(db, (tx) =>
    applySpec(tx, { environment, spec: { ...SPEC, name: FERNS }, bundle: null, actor: ADA }),
  );
  const slow = await world.addVersion('tolerant', { stage: 'champion', model: FERNS });
  const { rows } = await db.query<{ artifact: string }>('SELECT artifact FROM versions WHERE version = $1', [
    slow,
  ]);
  let come: () => void = () => undefined;
  const coming = new Promise<void>((resolve) => (come = resolve));
  const gateway = await startGateway(world, {
    id: 'slow',
    store: {
      ...store,
      async fetchFile(digest) {
        if (digest === rows[0]?.artifact) await coming;
        return store.fetchFile(digest);
      },
    },
  });
  const own = async (model: string) =>
    (await gatewayObedience(db, { model, environment })).find(({ gatewayId }) => gatewayId === 'slow');
  const { generation: waits } = await setRoute('ferns', slow, FERNS);
  const { generation } = await setRoute('meanwhile', v2);
  await until(
    'the route of the other model',
    () => own(MODEL),
    (seen) => seen?.generation === generation,
  );
  const { rows: seen } = await db.query<{ at: Date }>('SELECT clock_timestamp() AS at');
  await until(
    'a sign of life',
    async () =>
      (await db.query(`SELECT 1 FROM gateways WHERE gateway_id = 'slow' AND last_seen > $1`, [seen[0]?.at]))
        .rowCount,
    (count) => count === 1,
  );
  expect((await own(FERNS))?.generation).toBeNull();
  come();
  await until(
    'the slow one',
    () => own(FERNS),
    (found) => found?.generation === waits,
  );
  await gateway.stop();
  await setRoute('as before', v1);
});

it('answers SPOOL_FULL rather than unlogged, and goes on once the log has been shipped', async () => {
  link.mend();
  const db = throughLink();
  const gateway = await startGateway(world, { id: 'full', db, settings: { spoolLimitBytes: 3000 } });
  expect((await post(gateway.url, RANK, rankBody('full-0'))).status).toBe(200);
  link.cut();
  let refused = null;
  const answered = ['full-0'];
  for (let i = 1; refused === null && i < 100; i += 1) {
    const answer = await post(gateway.url, RANK, rankBody(`full-${i}`));
    if (answer.status === 200) answered.push(`full-${i}`);
    else refused = answer;
  }
  expect(refused).toMatchObject({ status: 503, body: { code: 'SPOOL_FULL' } });
  link.mend();
  await until(
    'it answers again',
    async () => (await post(gateway.url, RANK, rankBody('full-again'))).status,
    (status) => status === 200,
  );
  const rows = await until(
    'the log',
    () => logged('full-'),
    (found) => found.some((row) => row.id === 'full-again'),
  );
  expect(rows.map((row) => row.id).sort()).toEqual([...answered, 'full-again'].sort());
  await gateway.stop();
  await db.end();
});
