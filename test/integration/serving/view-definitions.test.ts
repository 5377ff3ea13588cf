import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createFeatureActivities } from '../../../activities/features.ts';
import { withTransaction } from '../../../src/registry/database.ts';
import { applySpec } from '../../../src/registry/specs.ts';
import {
  ADA,
  get,
  MODEL,
  post,
  rankBody,
  servingWorld,
  SPEC,
  startGateway,
  until,
} from './serving-fixture.ts';
import type { ServingWorld } from './serving-fixture.ts';

let world: ServingWorld;
let gateway: Awaited<ReturnType<typeof startGateway>>;
let asked = 0;
beforeAll(async () => {
  world = await servingWorld();
  await world.db.query('DELETE FROM online_features');
  gateway = await startGateway(world, { settings: { featureTtlMs: 1 } });
});
afterAll(async () => {
  await gateway?.stop();
  await world?.close();
});

/** The shop's spec with views that yield what the fixture's rows say, the customer's money as told. */
async function apply(spend: string): Promise<number> {
  const { customer, plant, local } = SPEC.features.views as Required<typeof SPEC.features.views>;
  const at = "TIMESTAMP '2026-01-01' AS event_time";
  const sql = (text: string) => ({ query: { sql: text }, ttl: undefined });
  const views = {
    customer: {
      ...customer!,
      ...sql(`SELECT 'c1' AS customer_id, ${at}, ${spend} AS spend, 'north' AS region`),
    },
    plant: { ...plant!, ...sql(`SELECT i AS plant_id, ${at}, i AS price FROM range(1, 4) r(i)`) },
    local: {
      ...local!,
      ...sql(`SELECT 'north' AS region, i AS plant_id, ${at}, 1.5 AS sales FROM range(1, 4) r(i)`),
    },
  };
  const spec = { ...SPEC, features: { views } };
  const { environment } = world;
  const { revision } = await withTransaction(world.db, (tx) =>
    applySpec(tx, { environment, spec, bundle: null, actor: ADA }),
  );
  return revision;
}

async function materialise(specRevision: number): Promise<void> {
  const { db, store, environment } = world;
  const directory = mkdtempSync(join(tmpdir(), 'view-definitions-'));
  const { materialiseFeatures } = createFeatureActivities({ db, store, duckdb: { directory } });
  await new MockActivityEnvironment().run(materialiseFeatures, { model: MODEL, environment, specRevision });
}

const obeyed = (generation: number) =>
  until(
    `generation ${String(generation)}`,
    async () => (await get(gateway.url, '/v1/routes')).body.routes[0]?.generation,
    (seen) => seen === generation,
  );

async function promote(version: number, from: number | null, kind: 'promotion' | 'rollback'): Promise<void> {
  const { generation } = await world.activities.promoteChampion({
    model: MODEL,
    environment: world.environment,
    key: `${kind}-${String(version)}-${String(from)}`,
    version,
    from,
    kind,
    decisionId: null,
    actor: ADA,
    reason: 'test',
    baseline: null,
  });
  await obeyed(generation);
}

/** The score of the first plant by each version that answered one of 20 users. */
async function scores(url = gateway.url): Promise<Record<number, number[]>> {
  const found: Record<number, number[]> = {};
  for (let i = 0; i < 20; i += 1) {
    asked += 1;
    const body = rankBody(`r-${String(asked)}`, { splitKey: `user-${String(i)}` });
    const answer = await post(url, `/v1/models/${MODEL}/rank`, body);
    const [first] = answer.body.items;
    found[answer.body.version] = [...new Set([...(found[answer.body.version] ?? []), first?.score ?? NaN])];
  }
  return found;
}

it('answers with each version by the views that it was trained with, through promotion and rollback', async () => {
  const dollars = await apply('1');
  const v1 = await world.addVersion('linear', { stage: 'bake', specRevision: dollars });
  await materialise(dollars);
  await promote(v1, null, 'promotion');
  expect(await scores()).toEqual({ [v1]: [3] });

  const cents = await apply('1 * 100');
  const v2 = await world.addVersion('linear', { stage: 'canary', specRevision: cents });
  await materialise(cents);
  expect(await scores()).toEqual({ [v1]: [3] });
  const { generation } = await world.activities.setRoute({
    model: MODEL,
    environment: world.environment,
    key: 'canary',
    weights: [
      { version: v1, weight: 50 },
      { version: v2, weight: 50 },
    ],
    shadow: [],
    reason: 'test',
    actor: ADA,
  });
  await obeyed(generation);
  expect(await scores()).toEqual({ [v1]: [3], [v2]: [102] });

  await promote(v2, v1, 'promotion');
  await materialise(cents);
  expect(await scores()).toEqual({ [v2]: [102] });
  await promote(v1, v2, 'rollback');
  expect(await scores()).toEqual({ [v1]: [3] });
  await materialise(cents);
  expect(await scores()).toEqual({ [v1]: [3] });
});

it('takes up the definitions of a route that a gateway of before they were has written down', async () => {
  const dollars = await apply('1');
  const v1 = await world.addVersion('linear', { stage: 'bake', specRevision: dollars });
  await materialise(dollars);
  const cents = await apply('1 * 100');
  const v2 = await world.addVersion('linear', { stage: 'bake', specRevision: cents });
  await materialise(cents);
  const { rows } = await world.db.query<{ version: number }>(
    "SELECT version FROM versions WHERE stage = 'champion'",
  );
  await promote(v1, rows[0]?.version ?? null, 'promotion');
  await promote(v2, v1, 'promotion');
  const older = await startGateway(world, { id: 'older' });
  const file = join(older.dataDir, 'gateways', 'older', 'routes.json');
  const read = async (): Promise<string> => (existsSync(file) ? readFileSync(file, 'utf8') : '');
  const written = await until('the route is written down', read, (text) => text.includes('"definition"'));
  await older.stop();
  writeFileSync(file, written.replaceAll(/"definition":"\w+",/g, ''));
  const newer = await startGateway(world, {
    id: 'older',
    dataDir: older.dataDir,
    settings: { featureTtlMs: 1 },
  });
  await until('the route is read anew', read, (text) => text === written);
  expect(await scores(newer.url)).toEqual({ [v2]: [102] });
  await newer.stop();
});
