import { Worker } from '@temporalio/worker';
import { expect } from 'vitest';
import { Approval, Notifications, Retraining, Rollout } from '../../../src/contracts/spec/operation.ts';
import { live } from '../steps.ts';
import type { Life } from '../steps.ts';
import type { Stage } from '../time-skipping.ts';
import { World } from '../world.ts';
import { liveThrough } from './live-through.ts';
import type { Lived } from './live-through.ts';
import { livedRuns } from './lived-runs.ts';
import { planLife } from './plan-life.ts';
import type { LifeShape } from './plan-life.ts';

/** Temporal suggests a new history at 4,096 events or 4 MiB; what is under way then may still end in the old one. */
const EVENTS_LIMIT = 4_096 + 400;
const SIZE_LIMIT_BYTES = 4 * 1024 ** 2 + 200 * 1024;
/** The 500 newest keys with their answers, and all that is not a list. */
const STATE_LIMIT_BYTES = 96 * 1024;
/** What a state of the end may be larger than one of the beginning: texts differ in length. */
const STATE_TOLERANCE = 1.15;
const ENDS = ['champion', 'retired', 'rejected', 'denied', 'expired', 'aborted', 'rolled_back', 'failed'];

export interface LifeStory extends LifeShape {
  /** Between two looks of a rollout; the other times are those that a spec has by default. */
  readonly lookEvery: string;
  /** Hears how far it is, every thirtieth day. */
  readonly tell?: (progress: string) => void;
}

/** Lives a life, holds it to what is promised of it, and answers what it came to. */
export async function expectBoundedLife(stage: Stage, { lookEvery, tell, ...shape }: LifeStory) {
  const world = new World();
  world.policy = {
    ...world.policy,
    approval: Approval.parse({}),
    rollout: Rollout.parse({ interval: lookEvery }),
    retraining: Retraining.parse({ schedule: { every: '7d' } }),
    notifications: Notifications.parse({}),
  };
  const championsAtOnce = watchChampions(world);
  const startedAt = Date.now();
  return await live(stage, world, async (life) => {
    const lived = await liveThrough(stage, world, life, planLife(shape), tell);
    const livedMs = Date.now() - startedAt;
    await expectNothingStuck(stage, world, life, lived);
    expectEverythingDecided(world, lived);
    expect(championsAtOnce()).toBe(1);
    return { ...(await expectBounded(stage, life, lived)), ...countsOf(world, lived), livedMs };
  });
}

/** The most versions that were champion at once, looked at before every activity. */
function watchChampions(world: World): () => number {
  let most = 0;
  world.beforeCall = () => {
    const champions = [...world.versions].filter(([, { stage }]) => stage === 'champion');
    expect(champions.map(([version]) => version)).toEqual(world.champion === null ? [] : [world.champion]);
    most = Math.max(most, champions.length);
  };
  return () => most;
}

async function expectNothingStuck(stage: Stage, world: World, life: Life, lived: Lived): Promise<void> {
  const { workflow } = stage.env.client;
  const state = await life.state();
  const { starting, production, promotion, waitingCandidate, waitingTrigger, paused } = state;
  expect({ starting, production, promotion, waitingCandidate, waitingTrigger, paused }).toEqual({
    starting: null,
    production: null,
    promotion: null,
    waitingCandidate: null,
    waitingTrigger: null,
    paused: null,
  });
  expect(state.champion).toBe(world.champion);
  expect(world.passes.size).toBe(lived.passes);
  const open: string[] = [];
  for (const id of lived.workflowIds) {
    const status = await workflow
      .getHandle(id)
      .describe()
      .then(
        (it) => it.status.name,
        () => 'NONE',
      );
    if (status !== 'COMPLETED' && status !== 'NONE') open.push(`${id} ${status}`);
  }
  expect(open).toEqual([]);
}

function expectEverythingDecided(world: World, lived: Lived): void {
  const decisions = [...world.decisions.values()];
  const decided = new Set(
    decisions.flatMap(({ kind, evidence }) => {
      if (kind !== 'trigger') return [];
      const { trigger, absorbed } = evidence as { trigger: { key: string }; absorbed: readonly string[] };
      return [trigger.key, ...absorbed];
    }),
  );
  expect([...lived.accepted].filter((key) => !decided.has(key))).toEqual([]);
  for (const [version, { stage }] of world.versions) {
    expect(ENDS, `version ${String(version)}`).toContain(stage);
    expect(decisions.some((decision) => decision.version === version)).toBe(true);
  }
}

async function expectBounded(stage: Stage, life: Life, lived: Lived) {
  const runs = await livedRuns(stage.env.client, life.handle.workflowId, life.handle.firstExecutionRunId);
  const most = (of: (run: (typeof runs)[number]) => number): number => Math.max(...runs.map(of));
  const quarter = Math.floor(lived.stateSizes.length / 4);
  const first = Math.max(...lived.stateSizes.slice(0, quarter));
  const last = Math.max(...lived.stateSizes.slice(-quarter));
  const measured = {
    runs: runs.length,
    longestHistoryEvents: most((run) => run.events),
    largestHistoryBytes: most((run) => run.sizeBytes),
    largestStateCarriedBytes: most((run) => run.stateBytes),
    largestStateFirstQuarter: first,
    largestStateLastQuarter: last,
  };
  expect(measured.longestHistoryEvents).toBeLessThan(EVENTS_LIMIT);
  expect(measured.largestHistoryBytes).toBeLessThan(SIZE_LIMIT_BYTES);
  expect(measured.largestStateCarriedBytes).toBeLessThan(STATE_LIMIT_BYTES);
  expect(last).toBeLessThan(first * STATE_TOLERANCE);
  const histories = runs.map(({ runId, history }) => ({ workflowId: `lifecycle-${runId}`, history }));
  for await (const { error, workflowId } of Worker.runReplayHistories(
    { workflowBundle: stage.bundle },
    histories,
  )) {
    expect(error, workflowId).toBeUndefined();
  }
  return measured;
}

function countsOf(world: World, lived: Lived) {
  const stages = [...world.versions.values()].flatMap(({ history }) => history);
  const count = (stage: string): number => stages.filter((it) => it === stage).length;
  return {
    acceptedTriggers: lived.accepted.size,
    decisions: world.decisions.size,
    versions: world.versions.size,
    champions: count('champion'),
    rejected: count('rejected'),
    denied: count('denied'),
    expired: count('expired'),
    rolledBack: count('rolled_back'),
    aborted: count('aborted'),
    rollbacks: [...world.promotions.values()].filter(({ kind }) => kind === 'rollback').length,
    incidents: world.incidents.size,
    passes: lived.passes,
    looks: world.calls.get('measureRollout') ?? 0,
    commands: lived.commands,
    commandsRefused: lived.refusals,
  };
}
