import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import type { WorkflowBundle } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createLifecycleClient } from '../../src/api/lifecycle-client.ts';
import { TASK_QUEUE } from '../../src/contracts/task-queues.ts';
import { lifecycleId, produceVersionId, promotionId, rolloutId } from '../../src/contracts/workflows/ids.ts';
import {
  findingsReportedSignal,
  lifecycleStateQuery,
  requestVersionUpdate,
  versionRequestedSignal,
} from '../../src/contracts/workflows/lifecycle.ts';
import { abortRolloutUpdate } from '../../src/contracts/workflows/rollout.ts';
import { productionStateQuery } from '../../src/contracts/workflows/production.ts';
import { initialLifecycle } from '../../src/domain/lifecycle/state.ts';
import type { TriggerAnswer } from '../../src/domain/trigger.ts';
import { modelLifecycle } from '../../workflows/index.ts';
import { accountOfAnswers } from '../integration/api/storm-account.ts';
import { EMIL, finding, trigger } from './builders.ts';
import { bundledWorkflows } from './bundled-workflows.ts';
import { openRealServer } from './real-server.ts';
import { runWorkers } from './time-skipping.ts';
import { refused, World } from './world.ts';
import { livedRuns } from './year/lived-runs.ts';

/** For one thing to come true on a machine busy with much else; far more than it takes on an idle one. */
const DEADLINE_MS = 90_000;
vi.setConfig({ testTimeout: 600_000 });

/** So few events that every workflow of the story carries itself on several times. */
const SUGGEST_AT_EVENTS = 60;
const ref = { model: 'long-lived', environment: 'prod' };

const SHORT_STEPS = {
  shadow: null,
  weights: [20, 100],
  step: { duration: '1s', minSamples: 10, maxDuration: '60s' },
  bake: { duration: '1s' },
  interval: '500ms',
};

describe('a lifecycle on a real server', () => {
  let env: TestWorkflowEnvironment;
  let bundle: WorkflowBundle;
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
  const other = new World({ approval: null });
  const third = new World({ approval: null, rollout: SHORT_STEPS });
  const fourth = new World();
  const unheard = new World({ approval: null, rollout: { ...SHORT_STEPS, errorLimit: 1 } });
  const drifting = new World({
    approval: null,
    retraining: { coolDown: '0s', newExamples: { min: 300, maxWait: '6m' } },
  });
  const worlds = new Map([
    ['drifting', drifting],
    [ref.model, world],
    ['unlucky', other],
    ['orphaned', third],
    ['stormed', fourth],
    ['unheard', unheard],
  ]);
  beforeAll(async () => {
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    bundle = bundledWorkflows();
    env = await openRealServer(SUGGEST_AT_EVENTS);
    workers = await runWorkers(env, bundle, worlds);
  });
  const restartWorkers = async (): Promise<void> => {
    await workers.stop();
    workers = await runWorkers(env, bundle, worlds);
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
    await vi.waitFor(async () => expect(await runOf(lifecycleId(ref))).not.toBe(firstRun), DEADLINE_MS);
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
    await vi.waitFor(() => expect(world.stage(1)).toBe('bake'), { timeout: DEADLINE_MS, interval: 100 });
    await restartWorkers();
    await vi.waitFor(() => expect(world.stage(2)).toBe('canary'), { timeout: DEADLINE_MS, interval: 100 });
    await restartWorkers();
    await vi.waitFor(() => expect(world.champion).toBe(2), { timeout: DEADLINE_MS, interval: 250 });
    expect(world.versions.size).toBe(2);
    expect(world.stage(1)).toBe('retired');
    // Each ends after it has told its parent, who makes the champion meanwhile.
    const statusOf = async (id: string) => (await workflow.getHandle(id).describe()).status.name;
    for (const id of [rolloutId(ref, 2), promotionId(ref, 2)])
      await vi.waitFor(async () => expect(await statusOf(id)).toBe('COMPLETED'), { timeout: DEADLINE_MS });
    const keys = world.routes.map((route) => route.key);
    expect(new Set(keys).size).toBe(keys.length);
    await current.terminate();
  });

  it('answers each of 1,000 callers once while it carries itself on in their midst, and makes two versions of them', async () => {
    const stormed = { model: 'stormed', environment: 'prod' };
    let open!: () => void;
    const gate = new Promise<void>((resolve) => (open = resolve));
    fourth.train = () => gate;
    // Four API servers with 25 callers each, of whom everyone asks ten times: the first of all starts the lifecycle.
    const answers = new Map<string, TriggerAnswer>();
    const servers = Array.from({ length: 4 }, () => createLifecycleClient(env.client));
    const callers = servers.flatMap((api, server) =>
      Array.from({ length: 25 }, async (_, caller) => {
        for (let turn = 0; turn < 10; turn += 1) {
          const key = `${String(server)}/${String(caller)}/${String(turn)}`;
          answers.set(key, await api.requestVersion(stormed, trigger(key, { source: 'webhook' })));
        }
      }),
    );
    await Promise.all(callers);

    const handle = env.client.workflow.getHandle(lifecycleId(stormed));
    const state = await handle.query(lifecycleStateQuery);
    expect(accountOfAnswers(answers, state)).toEqual({
      answered: 1_000,
      started: 1,
      waiting: 1,
      coalesced: 998,
      problems: [],
    });
    const { raw } = await handle.describe();
    const first = raw.workflowExecutionInfo?.firstRunId ?? '';
    expect((await livedRuns(env.client, lifecycleId(stormed), first)).length).toBeGreaterThan(3);

    open();
    await vi.waitFor(() => expect(fourth.stage(2)).toBe('candidate'), { timeout: DEADLINE_MS });
    expect(fourth.versions.size).toBe(2);
    await handle.terminate();
  });

  it('waits for new examples through new histories and restarts of every worker, and goes on for who asks', async () => {
    const waiting = { model: 'drifting', environment: 'prod' };
    const { workflow } = env.client;
    const started = await workflow.start(modelLifecycle, {
      taskQueue: TASK_QUEUE.control,
      workflowId: lifecycleId(waiting),
      args: [{ ...waiting, state: { ...initialLifecycle(), champion: 7 } }],
    });
    const handle = workflow.getHandle(started.workflowId);
    const breach = finding('kpi', 7, { actions: ['retrain'], windowEnd: Date.now() });
    await handle.signal(findingsReportedSignal, { passId: 'p', version: 7, findings: [breach] });
    const production = workflow.getHandle(produceVersionId(waiting, 1));
    const describe = () => production.describe().catch(() => null);
    const firstRun = await vi.waitFor(
      async () => {
        const { newExamples } = await production.query(productionStateQuery);
        expect(newExamples?.count).toEqual({ training: 0, heldOut: 0 });
        return (await describe())?.runId;
      },
      { timeout: DEADLINE_MS, interval: 100 },
    );
    const { newExamples: before, startedAt } = await production.query(productionStateQuery);
    await restartWorkers();
    await vi.waitFor(async () => expect((await describe())?.runId).not.toBe(firstRun), {
      timeout: DEADLINE_MS,
      interval: 250,
    });
    await restartWorkers();
    const { newExamples, ...state } = await production.query(productionStateQuery);
    expect(newExamples).toMatchObject({ since: before?.since, until: before?.until, end: null });
    expect(state).toMatchObject({ step: 'wait', startedAt });

    await handle.executeUpdate(requestVersionUpdate, { args: [trigger('now')] });
    await vi.waitFor(async () => expect((await production.describe()).status.name).toBe('COMPLETED'), {
      timeout: DEADLINE_MS,
      interval: 100,
    });
    expect(drifting.versions.get(1)?.history).toContain('candidate');
    expect(drifting.decision('trigger', 1)).toMatchObject({ outcome: 'taken', evidence: { absorbed: [] } });
    expect(drifting.versions.size).toBe(1);
    await handle.terminate();
  });

  it('counts a production that was terminated as failed, and makes the next', async () => {
    const unlucky = { model: 'unlucky', environment: 'prod' };
    let open!: () => void;
    const gate = new Promise<void>((resolve) => (open = resolve));
    other.train = () => gate;
    const handle = await env.client.workflow.start(modelLifecycle, {
      taskQueue: TASK_QUEUE.control,
      workflowId: lifecycleId(unlucky),
      args: [unlucky],
    });
    await handle.executeUpdate(requestVersionUpdate, { args: [trigger('a')] });
    await vi.waitFor(() => expect(other.calls.get('train')).toBe(1), { timeout: DEADLINE_MS });
    await handle.executeUpdate(requestVersionUpdate, { args: [trigger('b')] });
    await env.client.workflow.getHandle(produceVersionId(unlucky, 1)).terminate('by hand');
    await vi.waitFor(() => expect(other.stage(1)).toBe('failed'), { timeout: DEADLINE_MS });
    open();
    await vi.waitFor(() => expect(other.stage(2)).toBe('bake'), { timeout: DEADLINE_MS });
    await env.client.workflow.getHandle(lifecycleId(unlucky)).terminate();
  });

  it('looks on, and can be aborted, though nobody can be told that a rollout is paused', async () => {
    const muted = { model: 'unheard', environment: 'prod' };
    const handle = await env.client.workflow.start(modelLifecycle, {
      taskQueue: TASK_QUEUE.control,
      workflowId: lifecycleId(muted),
      args: [muted],
    });
    await handle.executeUpdate(requestVersionUpdate, { args: [trigger('a')] });
    await vi.waitFor(() => expect(unheard.champion).toBe(1), { timeout: DEADLINE_MS });
    unheard.beforeNotify = ({ title }) => {
      if (title.includes('paused')) throw new Error('the mail server is away');
    };
    unheard.samples = () => {
      throw refused('DEPENDENCY_UNAVAILABLE', 'the log is away');
    };
    const current = env.client.workflow.getHandle(lifecycleId(muted));
    await current.executeUpdate(requestVersionUpdate, { args: [trigger('b')] });
    await vi.waitFor(() => expect(unheard.decision('rollout', 2)?.outcome).toBe('paused'), {
      timeout: DEADLINE_MS,
    });
    const rollout = env.client.workflow.getHandle(rolloutId(muted, 2));
    const { runId } = await rollout.describe();
    await vi.waitFor(async () => expect((await rollout.describe()).runId).not.toBe(runId), {
      timeout: DEADLINE_MS,
    });
    const by = { actor: EMIL, reason: 'I looked at it' };
    await rollout.executeUpdate(abortRolloutUpdate, { args: [by] });
    await vi.waitFor(() => expect(unheard.stage(2)).toBe('rolled_back'), { timeout: DEADLINE_MS });
    expect(unheard.route?.weights).toEqual([{ version: 1, weight: 100 }]);
    await current.terminate();
  });

  it('puts traffic back and tells a person when a promotion is terminated under its canary', async () => {
    const orphaned = { model: 'orphaned', environment: 'prod' };
    const handle = await env.client.workflow.start(modelLifecycle, {
      taskQueue: TASK_QUEUE.control,
      workflowId: lifecycleId(orphaned),
      args: [orphaned],
    });
    await handle.executeUpdate(requestVersionUpdate, { args: [trigger('a')] });
    await vi.waitFor(() => expect(third.champion).toBe(1), { timeout: DEADLINE_MS });
    third.policy = {
      ...third.policy,
      rollout: { ...third.policy.rollout, step: { ...third.policy.rollout.step, duration: 600_000 } },
    };
    await env.client.workflow
      .getHandle(lifecycleId(orphaned))
      .executeUpdate(requestVersionUpdate, { args: [trigger('b')] });
    await vi.waitFor(() => expect(third.route?.weights).toHaveLength(2), { timeout: DEADLINE_MS });
    await env.client.workflow.getHandle(promotionId(orphaned, 2)).terminate('by hand');
    await vi.waitFor(() => expect(third.route?.weights).toEqual([{ version: 1, weight: 100 }]), {
      timeout: DEADLINE_MS,
    });
    await vi.waitFor(() => expect(third.incidents.size).toBe(1), { timeout: DEADLINE_MS });
    await vi.waitFor(() => expect(['rolled_back', 'aborted']).toContain(third.stage(2)), {
      timeout: DEADLINE_MS,
    });
    await env.client.workflow.getHandle(lifecycleId(orphaned)).terminate();
  });
});
