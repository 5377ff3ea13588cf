import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import type { Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { restartWorkers } from '../../../examples/plantly/chaos/restart-workers.ts';
import { copyBuild } from '../../../examples/plantly/deploys/deployable-build.ts';
import type { DeployableBuild } from '../../../examples/plantly/deploys/deployable-build.ts';
import { productRoot } from '../../../src/embedded/binaries.ts';
import { Rollout } from '../../../src/contracts/spec/operation.ts';
import { TASK_QUEUE } from '../../../src/contracts/task-queues.ts';
import { rolloutId } from '../../../src/contracts/workflows/ids.ts';
import { promoteNowUpdate, rolloutStateQuery } from '../../../src/contracts/workflows/rollout.ts';
import { startStack } from '../../../src/embedded/stack.ts';
import type { Stack } from '../../../src/embedded/stack.ts';
import { loadConfig } from '../../../src/platform/config.ts';
import { connectTemporal } from '../../../src/platform/temporal-connection.ts';
import { withTransaction } from '../../../src/registry/database.ts';
import { applySpec } from '../../../src/registry/specs.ts';
import { rollOut } from '../../../workflows/index.ts';
import { ensureBuilt } from '../built-product.ts';
import { ADA, get, MODEL, post, rankBody, servingWorld, SPEC } from '../serving/serving-fixture.ts';
import type { ServingWorld } from '../serving/serving-fixture.ts';
import { until } from '../../until.ts';
import { CUSTOMERS, customerOf, startTraffic } from './steady-traffic.ts';
import type { Answered } from './steady-traffic.ts';

// Nine processes start here, four of them twice.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const EVERY_MS = 20;
/** A caller gives up then: generous, for machines busy with much else. */
const LIMIT_MS = 20_000;
const RESTART_PATIENCE_MS = 90_000;
const STEP = { duration: '8s', minSamples: 20, maxDuration: '10m' };

let world: ServingWorld;
let build: DeployableBuild;
let stack: Stack;
let client: Client;
let dataDir: string;

/** Every worker and the gateway of the product, each a process of its own, over this run's PostgreSQL and S3. */
beforeAll(async () => {
  ensureBuilt('workers/control.js');
  world = await servingWorld();
  const rollout = Rollout.parse({
    shadow: null,
    weights: [20, 50, 100],
    step: STEP,
    // It waits in its last step until somebody promotes it, however long the deploy takes.
    bake: { duration: '1h' },
    interval: '500ms',
  });
  const { environment } = world;
  await withTransaction(world.db, (tx) =>
    applySpec(tx, { environment, spec: { ...SPEC, rollout }, bundle: null, actor: ADA }),
  );
  for (let i = 0; i < CUSTOMERS; i += 1)
    await world.setFeatures('customer', [customerOf(i)], { spend: 1, region: 'north' });
  dataDir = mkdtempSync(join(tmpdir(), 'perennial-deploy-'));
  const builds = join(productRoot(), '.perennial');
  mkdirSync(builds, { recursive: true });
  build = copyBuild(mkdtempSync(join(builds, 'build-')));
  stack = await startStack({
    dataDir,
    environment,
    services: ['temporal', 'sinks'],
    products: build.products.filter(({ name }) => name !== 'api'),
    productEnv: storesOf(world),
    durable: false,
  });
  const { temporal } = loadConfig(stack.env);
  const connection = await connectTemporal(temporal);
  client = new Client({ connection, namespace: temporal.namespace });
});
afterAll(async () => {
  await (client?.connection as Connection | undefined)?.close();
  await stack?.stop();
  build?.remove();
  if (dataDir !== undefined) rmSync(dataDir, { recursive: true, force: true });
  await world?.close();
});

it('replaces all workers in the middle of a rollout: no request fails, and nothing is lost or done twice', async () => {
  const gateway = stack.endpoints['gateway'] ?? '';
  const champion = await world.addVersion('linear', { stage: 'champion', specRevision: 2 });
  const challenger = await world.addVersion('reversed', { specRevision: 2 });
  const ref = { model: MODEL, environment: world.environment };
  await world.activities.setRoute({
    ...ref,
    key: 'first',
    weights: [{ version: champion, weight: 100 }],
    shadow: [],
    reason: 'test',
    actor: ADA,
  });
  const routes = async () => (await get(gateway, '/v1/routes')).body.routes;
  await until('the gateway has the first route', async () => (await routes()).length === 1);

  const rank = `/v1/models/${MODEL}/rank`;
  // A gateway waits for features that it has not seen no longer than a second: from here on it has seen them all.
  for (let i = 0; i < CUSTOMERS; i += 1) {
    const entity = { customer_id: customerOf(i) };
    await until(
      `the gateway knows ${entity.customer_id}`,
      async () => (await post(gateway, rank, rankBody(`first-of-${String(i)}`, { entity }))).status === 200,
    );
  }

  const traffic = startTraffic(`${gateway}${rank}`, {
    everyMs: EVERY_MS,
    limitMs: LIMIT_MS,
    name: 'steady',
  });
  const handle = await client.workflow.start(rollOut, {
    workflowId: rolloutId(ref, challenger),
    taskQueue: TASK_QUEUE.control,
    args: [{ ...ref, version: challenger, champion, specRevision: 2 }],
  });
  const state = () => handle.query(rolloutStateQuery);
  await until('the canary takes traffic', async () => (await state()).phase === 'canary');
  build.deployNext();
  const before = stack.processes();
  const deployedFrom = traffic.seen();
  const stopped = await restartWorkers(stack, RESTART_PATIENCE_MS, new AbortController().signal);
  const deployedTo = traffic.seen();
  expect((await state()).outcome).toBeNull();
  await until('all traffic is on the challenger', async () => {
    const { phase, paused, outcome } = await state();
    return phase === 'bake' || paused !== null || outcome !== null;
  });
  expect(await state()).toMatchObject({ phase: 'bake', paused: null, outcome: null });
  await handle.executeUpdate(promoteNowUpdate, { args: [{ actor: ADA, reason: 'the deploy is over' }] });
  const { kind } = await handle.result();
  const sent = traffic.seen();
  await until('the last route has been asked', () => traffic.seen() > sent);
  const answers = await traffic.stop();
  console.log(summaryOf(answers, deployedTo - deployedFrom));

  expect(stopped).toBe(4);
  for (const { name, pid, restarts } of stack.processes()) {
    const then = before.find((one) => one.name === name);
    if (name.startsWith('worker-')) expect([name, restarts, pid === then?.pid]).toEqual([name, 1, false]);
    else expect([name, restarts, pid]).toEqual([name, 0, then?.pid]);
  }
  expect(kind).toBe('passed');

  expect(answers.filter(({ problem }) => problem !== null)).toEqual([]);
  expect(deployedTo - deployedFrom).toBeGreaterThan(50);
  const generations = answers.map(({ generation }) => generation ?? 0);
  // The champion alone, two canaries, and all traffic on the challenger: in its bake, and as it was promoted.
  expect(new Set(generations).size).toBe(5);
  expect(Math.max(...generations)).toBe((await routes())[0]?.generation);
  expect(answers.at(-1)?.version).toBe(challenger);

  const events = (await handle.fetchHistory()).events ?? [];
  const builds = events.flatMap(
    ({ workflowTaskCompletedEventAttributes: task }) => task?.workerVersion?.buildId ?? [],
  );
  expect(new Set(builds).size).toBe(2);
  const begun = events.flatMap(({ activityTaskStartedEventAttributes: start }) =>
    start ? [start.attempt ?? 1] : [],
  );
  const ended = events.filter((event) => event.activityTaskCompletedEventAttributes);
  expect(ended).toHaveLength(begun.length);
  expect(Math.max(...begun)).toBeLessThanOrEqual(2);

  const everything = { ...ref, from: 0, to: Date.now() + 60_000 };
  const logged = () =>
    world.log.query<{ id: string }>(
      everything,
      `SELECT request_id AS id FROM requests WHERE starts_with(request_id, 'steady-')`,
    );
  await until('every answer is in the log', async () => (await logged()).length >= answers.length);
  const ids = (await logged()).map(({ id }) => id).sort();
  expect(ids).toEqual(answers.map(({ requestId }) => requestId).sort());
});

/** Temporal and the folder for files are the stack's own. */
function storesOf({ env }: ServingWorld): Readonly<Record<string, string>> {
  const isStore = (name: string): boolean => name === 'DATABASE_URL' || name.startsWith('S3_');
  return Object.fromEntries(Object.entries(env).filter(([name]) => isStore(name)));
}

function summaryOf(answers: readonly Answered[], duringDeploy: number) {
  const latencies = answers.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b);
  const at = (share: number): number =>
    Math.round(latencies[Math.floor(share * (latencies.length - 1))] ?? 0);
  const failed = answers.filter(({ problem }) => problem !== null).length;
  const latencyMs = { p50: at(0.5), p99: at(0.99), most: at(1) };
  return { requests: answers.length, duringDeploy, failed, latencyMs };
}
