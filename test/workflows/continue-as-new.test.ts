import { fileURLToPath } from 'node:url';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, DefaultLogger, Runtime } from '@temporalio/worker';
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { TASK_QUEUE } from '../../src/contracts/task-queues.ts';
import { lifecycleId, produceVersionId, promotionId, rolloutId } from '../../src/contracts/workflows/ids.ts';
import {
  lifecycleStateQuery,
  requestVersionUpdate,
  versionRequestedSignal,
} from '../../src/contracts/workflows/lifecycle.ts';
import { modelLifecycle } from '../../workflows/index.ts';
import { trigger } from './builders.ts';
import { runWorkers, WORKFLOWS } from './time-skipping.ts';
import { World } from './world.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const TEMPORAL = fileURLToPath(new URL('../../.venv/bin/temporal', import.meta.url));
/** So few events that every workflow of the story carries itself on several times. */
const SUGGEST_AT_EVENTS = 60;
const ref = { model: 'long-lived', environment: 'prod' };

describe('a lifecycle on a real server', () => {
  let env: TestWorkflowEnvironment;
  let bundle: WorkflowBundleWithSourceMap;
  let workers: Awaited<ReturnType<typeof runWorkers>>;
  const world = new World({
    approval: null,
    rollout: {
      shadow: null,
      weights: [20, 100],
      step: { duration: '10s', minSamples: 10, maxDuration: '60s' },
      bake: { duration: '10s' },
      interval: '500ms',
    },
  });
  beforeAll(async () => {
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    bundle = await bundleWorkflowCode({ workflowsPath: WORKFLOWS, logger: new DefaultLogger('ERROR') });
    const attributes = ['PerennialModel', 'PerennialEnvironment', 'PerennialStage'];
    const limits = {
      'limit.historyCount.suggestContinueAsNew': SUGGEST_AT_EVENTS,
      'history.transferProcessorMaxPollRPS': 5000,
      'history.timerProcessorMaxPollRPS': 5000,
    };
    env = await TestWorkflowEnvironment.createLocal({
      server: {
        executable: { type: 'existing-path', path: TEMPORAL },
        extraArgs: [
          ...attributes.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
          ...Object.entries(limits).flatMap(([key, value]) => ['--dynamic-config-value', `${key}=${value}`]),
        ],
      },
    });
    workers = await runWorkers(env, bundle, new Map([[ref.model, world]]));
  });
  const restartWorkers = async (): Promise<void> => {
    await workers.stop();
    workers = await runWorkers(env, bundle, new Map([[ref.model, world]]));
  };
  afterAll(async () => {
    await workers.stop();
    await env.teardown();
  });

  it('carries itself on mid-way through production, promotion, a storm and restarts of every worker, and loses nothing', async () => {
    let open!: () => void;
    const gate = new Promise<void>((resolve) => (open = resolve));
    world.train = () => gate;
    const handle = await env.client.workflow.start(modelLifecycle, {
      taskQueue: TASK_QUEUE.control,
      workflowId: lifecycleId(ref),
      args: [ref],
    });
    const { workflow } = env.client;
    const current = workflow.getHandle(lifecycleId(ref));
    const runOf = async (id: string) => (await workflow.getHandle(id).describe()).runId;
    const firstRun = handle.firstExecutionRunId;
    expect(await current.executeUpdate(requestVersionUpdate, { args: [trigger('a')] })).toMatchObject({
      version: 1,
    });

    for (let i = 0; i < 200; i += 1) await current.signal(versionRequestedSignal, trigger(`s${i}`));
    await vi.waitFor(async () => expect(await runOf(lifecycleId(ref))).not.toBe(firstRun), 30_000);
    const state = await current.query(lifecycleStateQuery);
    expect(state.production?.version).toBe(1);
    expect(state.waitingTrigger).toMatchObject({ trigger: { key: 's199' } });
    const again = await current.executeUpdate(requestVersionUpdate, {
      args: [trigger('a')],
      updateId: 'other',
    });
    expect(again).toEqual({ kind: 'started', version: 1 });
    expect(await runOf(produceVersionId(ref, 1))).toBeTruthy();

    open();
    await vi.waitFor(() => expect(world.stage(1)).toBe('bake'), { timeout: 30_000, interval: 100 });
    await restartWorkers();
    await vi.waitFor(() => expect(world.stage(2)).toBe('canary'), { timeout: 60_000, interval: 100 });
    await restartWorkers();
    await vi.waitFor(() => expect(world.champion).toBe(2), { timeout: 80_000, interval: 250 });
    expect(world.versions.size).toBe(2);
    expect(world.stage(1)).toBe('retired');
    const rollout = await workflow.getHandle(rolloutId(ref, 2)).describe();
    expect(rollout.status.name).toBe('COMPLETED');
    expect((await workflow.getHandle(promotionId(ref, 2)).describe()).status.name).toBe('COMPLETED');
    const keys = world.routes.map((route) => route.key);
    expect(new Set(keys).size).toBe(keys.length);
    await current.terminate();
  });
});
