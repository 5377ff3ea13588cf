import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Signature } from '../../../src/contracts/trainer.ts';
import { withTransaction } from '../../../src/registry/database.ts';
import { applySpec } from '../../../src/registry/specs.ts';
import {
  MODEL,
  ADA,
  SIGNATURE,
  SPEC,
  get,
  post,
  rankBody,
  servingWorld,
  startGateway,
  until,
} from './serving-fixture.ts';
import type { ServingWorld } from './serving-fixture.ts';

const RANK = `/v1/models/${MODEL}/rank`;
let world: ServingWorld;
let gateway: Awaited<ReturnType<typeof startGateway>>;
let v1: number;
let v2: number;

async function setRoute(key: string, weights: { version: number; weight: number }[], shadow: number[] = []) {
  const { generation } = await world.activities.setRoute({
    model: MODEL,
    environment: world.environment,
    key,
    weights,
    shadow,
    reason: 'test',
    actor: ADA,
  });
  await until(
    `generation ${generation}`,
    async () => (await get(gateway.url, '/v1/routes')).body.routes[0]?.generation,
    (seen) => seen === generation,
  );
  return generation;
}

const window = () => ({ model: MODEL, environment: world.environment, from: 0, to: Date.now() + 60_000 });

beforeAll(async () => {
  world = await servingWorld();
  gateway = await startGateway(world);
  v1 = await world.addVersion('linear', { stage: 'champion' });
  v2 = await world.addVersion('reversed');
  await setRoute('first', [{ version: v1, weight: 100 }]);
});
afterAll(async () => {
  await gateway?.stop();
  await world?.close();
});

describe('rank', () => {
  it('answers the best k with features looked up through the views', async () => {
    const answer = await post(gateway.url, RANK, rankBody('r-best', { k: 2 }));
    expect(answer).toMatchObject({
      status: 200,
      body: { requestId: 'r-best', model: MODEL, version: v1, generation: 1 },
    });
    expect(answer.body.items).toEqual([
      { candidate: { plant_id: 1 }, score: 3, rank: 1 },
      { candidate: { plant_id: 2 }, score: 2, rank: 2 },
    ]);
  });

  it('answers a repeated request id alike and logs it once', async () => {
    const [one, two] = await Promise.all([
      post(gateway.url, RANK, rankBody('r-twice')),
      post(gateway.url, RANK, rankBody('r-twice')),
    ]);
    const three = await post(gateway.url, RANK, rankBody('r-twice'));
    expect(two).toEqual(one);
    expect(three).toEqual(one);
    await post(gateway.url, RANK, rankBody('r-marker'));
    const rows = await until(
      'the log',
      () =>
        world.log.query<{ id: string }>(
          window(),
          `SELECT request_id AS id FROM requests WHERE request_id IN ('r-twice', 'r-marker')`,
        ),
      (found) => found.some((row) => row.id === 'r-marker'),
    );
    expect(rows.map((row) => row.id).sort()).toEqual(['r-marker', 'r-twice']);
  });

  it('leaves out a candidate that the model cannot score, and says so when it can score none', async () => {
    const some = await post(
      gateway.url,
      RANK,
      rankBody('r-some', { candidates: [{ plant_id: 99 }, { plant_id: 3 }] }),
    );
    expect(some.body.items).toEqual([{ candidate: { plant_id: 3 }, score: 1, rank: 1 }]);
    const none = await post(gateway.url, RANK, rankBody('r-none', { entity: { customer_id: 'nobody' } }));
    expect(none).toMatchObject({ status: 500, body: { code: 'ANSWER_NOT_FINITE' } });
  });

  it('treats values older than their view allows as missing', async () => {
    await world.setFeatures('plant', [7], { price: 0 }, new Date(Date.now() - 2 * 3_600_000));
    await world.setFeatures('local', ['north', 7], { sales: 9 });
    const answer = await post(
      gateway.url,
      RANK,
      rankBody('r-old', { candidates: [{ plant_id: 7 }, { plant_id: 3 }] }),
    );
    expect(answer.body.items.map((item) => item.candidate)).toEqual([{ plant_id: 3 }]);
  });

  it('takes up refreshed features within the second', async () => {
    await world.setFeatures('plant', [8], { price: 1 });
    await world.setFeatures('local', ['north', 8], { sales: 0 });
    const body = (id: string) => rankBody(id, { candidates: [{ plant_id: 8 }] });
    expect((await post(gateway.url, RANK, body('r-before'))).body.items[0]?.score).toBe(0);
    await world.setFeatures('plant', [8], { price: -4 });
    let i = 0;
    await until(
      'the new price',
      async () => (await post(gateway.url, RANK, body(`r-after-${i++}`))).body.items[0]?.score,
      (score) => score === 5,
    );
  });

  it.each([
    ['a misspelt key', { entity: { customer: 'c1' } }, 'RANK_NOT_CONFIGURED', 'customer_id'],
    [
      'a key too many',
      { candidates: [{ plant_id: 1, colour: 'red' }] },
      'RANK_NOT_CONFIGURED',
      'exactly plant_id',
    ],
    ['no candidates', { candidates: [] }, 'INPUT_INVALID', 'candidates'],
    ['a field it does not know', { kk: 3 }, 'INPUT_INVALID', 'kk'],
  ])('refuses %s with what is taken', async (_, wrong, code, text) => {
    const answer = await post(gateway.url, RANK, rankBody(`bad-${text}`, wrong));
    expect(answer).toMatchObject({
      status: 400,
      body: { code, error: expect.stringContaining(text) as string },
    });
  });

  it('refuses a body that is no JSON and a model without a route', async () => {
    expect(await post(gateway.url, RANK, '{')).toMatchObject({
      status: 400,
      body: { code: 'INPUT_INVALID' },
    });
    const unknown = await post(gateway.url, '/v1/models/nothing/rank', rankBody('r-x'));
    expect(unknown).toMatchObject({ status: 404, body: { code: 'NOT_SERVED' } });
  });
});

describe('the Open Inference Protocol', () => {
  const input = (data: unknown, shape = [2, 3]) => ({
    inputs: [{ name: 'features', shape, datatype: 'FP32', data }],
  });

  it('tells its health, itself and a model', async () => {
    expect((await get(gateway.url, '/v2/health/live')).body).toEqual({ live: true });
    expect(await get(gateway.url, '/v2/health/ready')).toEqual({ status: 200, body: { ready: true } });
    expect((await get(gateway.url, '/v2')).body).toMatchObject({ name: 'perennial' });
    expect((await get(gateway.url, `/v2/models/${MODEL}`)).body).toEqual({
      name: MODEL,
      versions: [String(v1)],
      platform: 'onnxruntime_onnx',
      inputs: [{ name: 'features', datatype: 'FP32', shape: [-1, 3] }],
      outputs: [{ name: 'score', datatype: 'FP32', shape: [-1] }],
    });
    expect(await get(gateway.url, `/v2/models/${MODEL}/versions/99`)).toMatchObject({ status: 404 });
  });

  it('infers flat and nested data alike, under the id it was given', async () => {
    const flat = await post(gateway.url, `/v2/models/${MODEL}/infer`, {
      id: 'i1',
      ...input([1, 2, 3, 0, 1, 0]),
    });
    const nested = await post(gateway.url, `/v2/models/${MODEL}/infer`, {
      id: 'i2',
      ...input([
        [1, 2, 3],
        [0, 1, 0],
      ]),
    });
    expect(flat.body).toEqual({
      model_name: MODEL,
      model_version: String(v1),
      id: 'i1',
      outputs: [{ name: 'score', shape: [2], datatype: 'FP32', data: [2, 2] }],
    });
    expect(nested.body.outputs).toEqual(flat.body.outputs);
  });

  it('gives rows without a finite score as null, and fails, against the version, where no row has one', async () => {
    const some = await post(gateway.url, `/v2/models/${MODEL}/infer`, input([null, 1, 1, 1, 1, 1]));
    expect(some).toMatchObject({ status: 200, body: { outputs: [{ data: [null, 2] }] } });
    const none = await post(gateway.url, `/v2/models/${MODEL}/infer`, {
      id: 'i-none',
      ...input([null, 1, 1], [1, 3]),
    });
    expect(none).toMatchObject({ status: 500, body: { code: 'ANSWER_NOT_FINITE' } });
    const [row] = await until(
      'the log',
      () =>
        world.log.query<{ arm: string; error: string | null }>(
          window(),
          `SELECT arm, error FROM requests WHERE request_id = 'i-none'`,
        ),
      (found) => found.length === 1,
    );
    expect(row).toEqual({ arm: 'champion', error: 'ANSWER_NOT_FINITE' });
  });

  it('refuses tensors that do not fit, naming what was sent and what is taken', async () => {
    const answer = await post(gateway.url, `/v2/models/${MODEL}/versions/${v1}/infer`, input([1, 2], [1, 2]));
    expect(answer).toMatchObject({
      status: 400,
      body: {
        code: 'SIGNATURE_MISMATCH',
        error: expect.stringContaining('float32[1,2] was sent, float32[-1,3] is taken') as string,
      },
    });
  });

  it('keeps the route before when a version does not fit its spec', async () => {
    const mixed: Signature = {
      inputs: [
        { name: 'pair', type: 'float32', shape: [-1, 2] },
        { name: 'id', type: 'int64', shape: [-1] },
        { name: 'name', type: 'string', shape: [-1] },
        { name: 'flag', type: 'bool', shape: [-1] },
      ],
      outputs: [
        { name: 'doubled', type: 'float32', shape: [-1, 2] },
        { name: 'next', type: 'int64', shape: [-1] },
        { name: 'echo', type: 'string', shape: [-1] },
        { name: 'opposite', type: 'bool', shape: [-1] },
      ],
    };
    const version = await world.addVersion('mixed', { signature: mixed });
    await world.activities.setRoute({
      model: MODEL,
      environment: world.environment,
      key: 'mixed',
      weights: [{ version, weight: 100 }],
      shadow: [],
      reason: 'test',
      actor: ADA,
    });
    const ack = await until(
      'the refusal',
      async () =>
        (await world.db.query<{ error: string | null }>('SELECT error FROM route_acks')).rows[0]?.error,
      (error) => typeof error === 'string',
    );
    expect(ack).toContain('SIGNATURE_MISMATCH');
    expect((await post(gateway.url, RANK, rankBody('r-still'))).body.version).toBe(v1);
    await setRoute('back', [{ version: v1, weight: 100 }]);
  });
});

describe('traffic', () => {
  it('splits by key, sticky, and logs both arms', async () => {
    const generation = await setRoute('half', [
      { version: v1, weight: 50 },
      { version: v2, weight: 50 },
    ]);
    const ask = async (key: string, round: number) =>
      (await post(gateway.url, RANK, rankBody(`${key}-${round}`, { splitKey: key }))).body;
    const keys = Array.from({ length: 40 }, (_, i) => `user${i}`);
    const first = await Promise.all(keys.map((key) => ask(key, 1)));
    const second = await Promise.all(keys.map((key) => ask(key, 2)));
    expect(second.map((body) => body.version)).toEqual(first.map((body) => body.version));
    expect(new Set(first.map((body) => body.version))).toEqual(new Set([v1, v2]));
    expect(first.every((body) => body.generation === generation)).toBe(true);
  });

  it('scores shadows of the same requests, unseen, and measures how often they agree', async () => {
    const generation = await setRoute('shadow', [{ version: v1, weight: 100 }], [v2]);
    for (let i = 0; i < 5; i += 1) {
      const one = i < 2 ? { candidates: [{ plant_id: 2 }] } : {};
      expect((await post(gateway.url, RANK, rankBody(`s-${i}`, one))).body.version).toBe(v1);
    }
    // An event id is one event of one request and outcome: callers may number those of each anew.
    const events = [
      ['s-0', '1', 'bought', true],
      ['s-1', '1', 'bought', -1],
      // What a request says twice it has done once; what it spends twice adds up.
      ['s-0', '2', 'bought', 7],
      ['s-0', '1', 'spent', 20],
      ['s-0', '2', 'spent', 5],
    ].map(([requestId, eventId, name, value]) => ({
      ...{ requestId, eventId, name, value },
      at: new Date().toISOString(),
    }));
    expect((await post(gateway.url, '/v1/feedback', { events })).body).toEqual({ accepted: 5 });
    expect((await post(gateway.url, '/v1/feedback', { events })).body).toEqual({ accepted: 5 });
    const ref = { model: MODEL, environment: world.environment, generation, champion: v1, challenger: v2 };
    const samples = await until(
      'the samples',
      () => world.activities.measureRollout(ref),
      (found) =>
        found.challenger.requests === 5 &&
        found.champion?.outcomes['bought']?.count === 2 &&
        found.champion.outcomes['spent'] !== undefined,
    );
    expect(samples.champion).toMatchObject({
      requests: 5,
      errors: 0,
      outcomes: { bought: { count: 2, sum: 1 }, spent: { count: 1, sum: 25 } },
    });
    expect(samples.champion?.latencyMsP99).toBeGreaterThan(0);
    expect(samples.challenger).toMatchObject({ requests: 5, errors: 0, outcomes: {} });
    expect(samples.shadow).toEqual({ pairs: 5, sameTop: 2 });
    const items = await world.log.query<{ plant: string; features: (number | null)[] }>(
      window(),
      `SELECT candidate->>'plant_id' AS plant, features FROM items WHERE request_id = 's-3' AND arm = 'champion' ORDER BY rank`,
    );
    expect(items.map((item) => item.plant)).toEqual(['1', '2', '3']);
  });

  it('holds against the challenger what only the challenger refuses', async () => {
    const narrow = { ...SPEC, training: { ...SPEC.training, features: ['customer.spend', 'plant.price'] } };
    await withTransaction(world.db, (tx) =>
      applySpec(tx, { environment: world.environment, spec: narrow, bundle: null, actor: ADA }),
    );
    const signature: Signature = {
      ...SIGNATURE,
      inputs: [{ name: 'features', type: 'float32', shape: [-1, 2] }],
    };
    const challenger = await world.addVersion('narrow', { signature, specRevision: 2 });
    const generation = await setRoute('blame', [
      { version: v1, weight: 1 },
      { version: challenger, weight: 99 },
    ]);
    const infer = (id: string, columns: number) =>
      post(gateway.url, `/v2/models/${MODEL}/infer`, {
        id,
        inputs: [
          {
            name: 'features',
            shape: [1, columns],
            datatype: 'FP32',
            data: Array.from({ length: columns }, () => 1),
          },
        ],
      });
    const ids = Array.from({ length: 20 }, (_, i) => `blame-${i}`);
    const forBoth = await Promise.all(ids.map((id) => infer(`${id}-5`, 5)));
    expect(forBoth.every((answer) => answer.status === 400)).toBe(true);
    const forChampion = await Promise.all(ids.map((id) => infer(`${id}-3`, 3)));
    const refused = forChampion.filter((answer) => answer.status === 400).length;
    expect(refused).toBeGreaterThan(10);
    const ref = { model: MODEL, environment: world.environment, generation, champion: v1, challenger };
    const samples = await until(
      'the samples',
      () => world.activities.measureRollout(ref),
      (found) => found.challenger.errors >= refused,
    );
    expect(samples.challenger).toMatchObject({ requests: refused, errors: refused });
    expect(samples.champion?.errors).toBe(0);
    const shadowed = await setRoute('blame-shadow', [{ version: v1, weight: 100 }], [challenger]);
    for (const id of ['5', '6', '7']) expect((await infer(`unseen-${id}`, 3)).status).toBe(200);
    expect((await infer('unseen-8', 5)).status).toBe(400);
    const unseen = await until(
      'the samples of the shadow',
      () => world.activities.measureRollout({ ...ref, generation: shadowed }),
      (found) => found.champion?.requests === 3 && found.challenger.errors === 3,
    );
    expect(unseen.challenger).toMatchObject({ requests: 3, errors: 3 });
  });

  it('shows its numbers to Prometheus', async () => {
    const body = await (await fetch(`${gateway.url}/metrics`)).text();
    expect(body).toMatch(
      /perennial_requests_total\{model="plants",version="1",arm="\w+",call="rank",code="OK"\} \d+/,
    );
    expect(body).toMatch(/perennial_request_latency_ms_bucket\{.*le="\+Inf"\} \d+/);
    expect(body).toMatch(/perennial_route_generation\{model="plants"\} \d+/);
  });
});
