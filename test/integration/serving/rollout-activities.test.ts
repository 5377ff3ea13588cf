import { writeFile, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { PromoteChampionInput } from '../../../src/contracts/activities/rollout.ts';
import { verifyAudit } from '../../../src/registry/audit.ts';
import { gatewayObedience } from '../../../src/registry/gateways.ts';
import { stageHistory } from '../../../src/registry/versions.ts';
import { ADA, get, MODEL, servingWorld, startGateway, until } from './serving-fixture.ts';
import type { ServingWorld } from './serving-fixture.ts';

let world: ServingWorld;
const closing: ServingWorld[] = [];

beforeEach(async () => {
  world = await servingWorld();
  closing.push(world);
});
afterAll(async () => {
  for (const one of closing) await one.close();
});

const ref = () => ({ model: MODEL, environment: world.environment });
const route = (key: string, weights: { version: number; weight: number }[], shadow: number[] = []) =>
  world.activities.setRoute({ ...ref(), key, weights, shadow, reason: 'test', actor: ADA });
const promote = (
  more: Partial<PromoteChampionInput> & { version: number; from: number | null; key: string },
) =>
  world.activities.promoteChampion({
    ...ref(),
    kind: 'promotion',
    decisionId: null,
    actor: ADA,
    reason: 'better',
    baseline: null,
    ...more,
  });
const stages = async () =>
  (
    await world.db.query<{ version: number; stage: string }>(
      'SELECT version, stage FROM versions ORDER BY version',
    )
  ).rows.map((row) => row.stage);

describe('setRoute', () => {
  it('numbers generations and answers the same one for the same key', async () => {
    const v1 = await world.addVersion('linear', { stage: 'champion' });
    const v2 = await world.addVersion('reversed');
    expect(await route('a', [{ version: v1, weight: 100 }])).toEqual({ generation: 1 });
    const both = [
      { version: v1, weight: 95 },
      { version: v2, weight: 5 },
    ];
    expect(await Promise.all([route('b', both), route('b', both), route('b', both)])).toEqual(
      [1, 2, 3].map(() => ({ generation: 2 })),
    );
    expect(await route('a', [{ version: v1, weight: 100 }])).toEqual({ generation: 1 });
    const { rows } = await world.db.query(
      `SELECT data FROM audit_events WHERE action = 'route.changed' ORDER BY seq`,
    );
    expect(rows.map((row: { data: { generation: number } }) => row.data.generation)).toEqual([1, 2]);
  });

  it('refuses a route back to a version that another champion has followed, however late it comes', async () => {
    const v1 = await world.addVersion('linear', { stage: 'bake' });
    const v2 = await world.addVersion('reversed', { stage: 'bake' });
    await promote({ key: 'p1', version: v1, from: null });
    await promote({ key: 'p2', version: v2, from: v1 });
    await expect(route('late', [{ version: v1, weight: 100 }])).rejects.toMatchObject({
      code: 'ROUTE_INVALID',
      message: expect.stringContaining('is retired') as string,
    });
  });

  it('refuses what cannot be obeyed, with every reason, and writes nothing', async () => {
    const v1 = await world.addVersion('linear', { stage: 'champion' });
    const back = await world.addVersion('linear', { stage: 'rolled_back' });
    const fresh = await world.addVersion('linear', { stage: 'candidate' });
    const refused = route('x', [
      { version: v1, weight: 50 },
      { version: v1, weight: 0 },
      { version: back, weight: 30 },
      { version: fresh, weight: 10 },
      { version: 99, weight: 5 },
    ]);
    await expect(refused).rejects.toMatchObject({ code: 'ROUTE_INVALID' });
    const text = await refused.catch((error: Error) => error.message);
    expect(text).toContain('twice');
    expect(text).toContain('is 0');
    expect(text).toContain('sum to 95');
    expect(text).toContain('is rolled_back');
    expect(text).toContain('is candidate');
    expect(text).toContain('version 99 does not exist');
    expect((await world.db.query('SELECT 1 FROM routes')).rowCount).toBe(0);
  });

  it('takes fractions of a per cent that sum to 100', async () => {
    const [v1, v2, v3] = [
      await world.addVersion('linear', { stage: 'champion' }),
      await world.addVersion('linear'),
      await world.addVersion('linear'),
    ];
    const weights = [
      { version: v1, weight: 99.7 },
      { version: v2, weight: 0.1 },
      { version: v3, weight: 0.2 },
    ];
    expect(await route('thirds', weights)).toEqual({ generation: 1 });
  });
});

describe('awaitRoute', () => {
  const awaiting = (generation: number) =>
    new MockActivityEnvironment().run(world.activities.awaitRoute, { ...ref(), generation });

  it('answers once every live gateway obeys the generation', async () => {
    const v1 = await world.addVersion('linear', { stage: 'champion' });
    const gateways = [await startGateway(world, { id: 'one' }), await startGateway(world, { id: 'two' })];
    const { generation } = await route('a', [{ version: v1, weight: 100 }]);
    expect(await awaiting(generation)).toEqual({ gateways: 2 });
    for (const gateway of gateways) {
      expect((await get(gateway.url, '/v1/routes')).body.routes[0]?.generation).toBe(generation);
      await gateway.stop();
    }
  });

  it('takes the word of one of two gateways of an id for its own alone', async () => {
    const v1 = await world.addVersion('linear', { stage: 'champion' });
    const v2 = await world.addVersion('reversed');
    await route('a', [{ version: v1, weight: 100 }]);
    const older = await startGateway(world, { id: 'same' });
    let held = false;
    let come: () => void = () => undefined;
    const coming = new Promise<void>((resolve) => (come = resolve));
    const { store } = world;
    const slow: typeof store = {
      ...store,
      async fetchFile(digest) {
        if (held) await coming;
        return store.fetchFile(digest);
      },
    };
    const newer = await startGateway(world, { id: 'same', store: slow });
    const ready = async (url: string) => (await get(url, '/v2/health/ready')).status;
    await until(
      'the older one is not ready',
      () => ready(older.url),
      (status) => status === 503,
    );
    expect(await ready(newer.url)).toBe(200);
    held = true;
    const { generation } = await route('b', [{ version: v2, weight: 100 }]);
    const obeyed = async (url: string) => (await get(url, '/v1/routes')).body.routes[0]?.generation;
    // Once it obeys the second of two routes it has said what it had to say of the first.
    const { generation: next } = await route('c', [{ version: v2, weight: 100 }]);
    await until(
      'the older one obeys',
      () => obeyed(older.url),
      (seen) => seen === next,
    );
    expect(await gatewayObedience(world.db, ref())).toEqual([
      { gatewayId: 'same', generation: generation - 1, error: null },
    ]);
    come();
    expect(await awaiting(next)).toEqual({ gateways: 1 });
    expect(await obeyed(newer.url)).toBe(next);
    await newer.stop();
    await until(
      'the older one counts again',
      () => ready(older.url),
      (status) => status === 200,
    );
    expect(await awaiting(next)).toEqual({ gateways: 1 });
    await older.stop();
  });

  it('fails for good when a gateway refuses, with its reason, and the gateway keeps the route before', async () => {
    const v1 = await world.addVersion('linear', { stage: 'champion' });
    const broken = join(await mkdtemp(join(tmpdir(), 'broken-')), 'broken.onnx');
    await writeFile(broken, 'not a model');
    const v2 = await world.addVersion(broken);
    const gateway = await startGateway(world);
    await awaiting((await route('a', [{ version: v1, weight: 100 }])).generation);
    const { generation } = await route('b', [
      { version: v1, weight: 50 },
      { version: v2, weight: 50 },
    ]);
    await expect(awaiting(generation)).rejects.toMatchObject({
      code: 'ROUTE_NOT_OBEYED',
      retry: 'never',
      message: expect.stringContaining('MODEL_UNLOADABLE') as string,
    });
    const { routes } = (await get(gateway.url, '/v1/routes')).body;
    expect(routes[0]?.generation).toBe(generation - 1);
    await gateway.stop();
  });

  it('waits while there is no gateway, heartbeats, and ends when it is cancelled', async () => {
    const v1 = await world.addVersion('linear', { stage: 'champion' });
    const { generation } = await route('a', [{ version: v1, weight: 100 }]);
    const environment = new MockActivityEnvironment();
    const beaten = new Promise((resolve) => environment.on('heartbeat', resolve));
    const waiting = environment.run(world.activities.awaitRoute, { ...ref(), generation });
    expect(await beaten).toEqual({ waitingFor: [] });
    environment.cancel('CANCELLED');
    await expect(waiting).rejects.toThrow();
  });
});

describe('verifyLoadable', () => {
  it('loads the version from its artifact and has it answer', async () => {
    const version = await world.addVersion('linear');
    expect((await world.activities.verifyLoadable({ ...ref(), version })).loadMs).toBeGreaterThan(0);
  });

  it('fails for good for what does not load, answers no number, or is not there', async () => {
    const dead = await world.addVersion('nonfinite');
    const wrong = await world.addVersion('narrow');
    const verify = (version: number) => world.activities.verifyLoadable({ ...ref(), version });
    await expect(verify(dead)).rejects.toMatchObject({ code: 'ANSWER_NOT_FINITE', retry: 'never' });
    await expect(verify(wrong)).rejects.toMatchObject({ code: 'SIGNATURE_MISMATCH', retry: 'never' });
    await expect(verify(77)).rejects.toMatchObject({ code: 'VERSION_NOT_FOUND', retry: 'never' });
  });
});

describe('promoteChampion', () => {
  it('moves champion, stages, alias, route, baseline and audit together', async () => {
    const v1 = await world.addVersion('linear', { stage: 'bake' });
    const v2 = await world.addVersion('reversed', { stage: 'bake' });
    expect(await promote({ key: 'p1', version: v1, from: null })).toEqual({ generation: 1 });
    const baseline = { since: 1, until: 2, requests: 10, outcomes: { bought: { count: 10, sum: 3 } } };
    expect(await promote({ key: 'p2', version: v2, from: v1, baseline })).toEqual({ generation: 2 });
    expect(await stages()).toEqual(['retired', 'champion']);
    const aliases = await world.db.query('SELECT alias, version FROM aliases');
    expect(aliases.rows).toEqual([{ alias: 'champion', version: v2 }]);
    const routes = await world.db.query('SELECT weights, champion FROM routes WHERE generation = 2');
    expect(routes.rows).toEqual([{ weights: [{ version: v2, weight: 100 }], champion: v2 }]);
    expect((await world.db.query('SELECT version, baseline FROM baselines')).rows).toEqual([
      { version: v2, baseline },
    ]);
    expect((await stageHistory(world.db, { ...ref(), version: v1 })).map((row) => row.stage)).toEqual([
      'champion',
      'retired',
    ]);
    const audit = await world.db.query(
      `SELECT version, data->>'from' AS "from" FROM audit_events WHERE action = 'champion.changed' ORDER BY seq`,
    );
    expect(audit.rows).toEqual([
      { version: v1, from: null },
      { version: v2, from: String(v1) },
    ]);
    expect((await verifyAudit(world.db)).kind).toBe('whole');
  });

  it('does nothing more when the same promotion comes again, at once or later', async () => {
    const v1 = await world.addVersion('linear', { stage: 'bake' });
    const v2 = await world.addVersion('reversed', { stage: 'bake' });
    const again = { key: 'p1', version: v1, from: null };
    expect(await Promise.all([promote(again), promote(again), promote(again)])).toEqual(
      [1, 2, 3].map(() => ({ generation: 1 })),
    );
    await promote({ key: 'p2', version: v2, from: v1 });
    expect(await promote(again)).toEqual({ generation: 1 });
    expect(await stages()).toEqual(['retired', 'champion']);
  });

  it('refuses a decision that was made against another champion, and changes nothing', async () => {
    const v1 = await world.addVersion('linear', { stage: 'bake' });
    const v2 = await world.addVersion('reversed', { stage: 'bake' });
    await promote({ key: 'p1', version: v1, from: null });
    await expect(promote({ key: 'p2', version: v2, from: null })).rejects.toMatchObject({
      code: 'CHAMPION_CONFLICT',
    });
    await expect(promote({ key: 'p3', version: v1, from: v1 })).rejects.toMatchObject({
      code: 'CHAMPION_CONFLICT',
    });
    expect(await stages()).toEqual(['champion', 'bake']);
  });

  it('leaves everything as it was when the version may not become champion', async () => {
    const v1 = await world.addVersion('linear', { stage: 'bake' });
    const v2 = await world.addVersion('reversed', { stage: 'rejected' });
    await promote({ key: 'p1', version: v1, from: null });
    await expect(promote({ key: 'p2', version: v2, from: v1 })).rejects.toMatchObject({
      code: 'STAGE_MOVE_REFUSED',
    });
    expect(await stages()).toEqual(['champion', 'rejected']);
    expect((await world.db.query('SELECT 1 FROM routes')).rowCount).toBe(1);
  });

  it('rolls back to an earlier champion that the gateway kept warm', async () => {
    const v1 = await world.addVersion('linear', { stage: 'bake' });
    const v2 = await world.addVersion('reversed', { stage: 'bake' });
    const gateway = await startGateway(world);
    await promote({ key: 'p1', version: v1, from: null });
    await promote({ key: 'p2', version: v2, from: v1 });
    const routesNow = async () => (await get(gateway.url, '/v1/routes')).body.routes[0];
    await until('both are loaded', routesNow, (seen) => seen?.generation === 2 && seen.loaded.length === 2);
    const { generation } = await promote({ key: 'r1', version: v1, from: v2, kind: 'rollback' });
    await until('the rollback is obeyed', routesNow, (seen) => seen?.generation === generation);
    expect(await stages()).toEqual(['champion', 'rolled_back']);
    await gateway.stop();
  });

  it('keeps the champion loaded while a challenger bakes, and earlier ones after a restart', async () => {
    const v1 = await world.addVersion('linear', { stage: 'bake' });
    const v2 = await world.addVersion('reversed', { stage: 'bake' });
    const gateway = await startGateway(world);
    const { generation: alone } = await promote({ key: 'p1', version: v1, from: null });
    const routeNow = async () => (await get(gateway.url, '/v1/routes')).body.routes[0];
    await until('the champion serves', routeNow, (seen) => seen?.generation === alone);
    await route('bake', [{ version: v2, weight: 100 }]);
    // Whatever one route lets go of is gone when the next is obeyed.
    const { generation: baking } = await route('bake on', [{ version: v2, weight: 100 }]);
    await until('the challenger bakes', routeNow, (seen) => seen?.generation === baking);
    expect((await routeNow())?.loaded).toEqual([v1, v2]);
    await promote({ key: 'p2', version: v2, from: v1 });
    await until('the challenger is champion', routeNow, (seen) => seen?.generation === baking + 1);
    await gateway.stop();
    const again = await startGateway(world, { dataDir: gateway.dataDir });
    await until(
      'both are loaded',
      async () => (await get(again.url, '/v1/routes')).body.routes[0]?.loaded.length,
      (count) => count === 2,
    );
    await again.stop();
  });

  it('lets one of two promotions at once win', async () => {
    const v1 = await world.addVersion('linear', { stage: 'bake' });
    const v2 = await world.addVersion('reversed', { stage: 'bake' });
    const settled = await Promise.allSettled([
      promote({ key: 'a', version: v1, from: null }),
      promote({ key: 'b', version: v2, from: null }),
    ]);
    expect(settled.map((one) => one.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect((await stages()).filter((stage) => stage === 'champion')).toHaveLength(1);
  });
});
