import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  abortRolloutUpdate,
  pauseRolloutUpdate,
  promoteNowUpdate,
  resumeRolloutUpdate,
  rolloutStateQuery,
} from '../../src/contracts/workflows/rollout.ts';
import { systemActor } from '../../src/domain/actor.ts';
import { arm, EMIL, samplesOf } from './builders.ts';
import { expectRefused, live, rolloutPhase } from './steps.ts';
import type { Life } from './steps.ts';
import { openStage } from './time-skipping.ts';
import type { Stage } from './time-skipping.ts';
import { refused, World } from './world.ts';

const onV1 = [{ version: 1, weight: 100 }];
const by = { actor: EMIL, reason: 'I looked at it' };

describe('rollout of a version', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(async () => {
    await stage.close();
  });

  /** v1 is champion, v2 is approved and about to be rolled out. */
  async function beginV2(world: World, life: Life): Promise<void> {
    await life.promote(1);
    await life.request('t2');
    await life.passApproval(2);
  }
  const at = (life: Life, phase: string) =>
    life.until(`v2 at ${phase}`, async () => (await rolloutPhase(life, 2)) === phase);

  it('aborts a canary that loses conversions, with all traffic back and the samples on record', async () => {
    const world = new World();
    await live(stage, world, async (life) => {
      world.samples = (challenger, champion, route) => ({
        ...samplesOf(challenger, champion, route),
        challenger: arm(challenger, { rate: challenger === 2 ? 0.1 : 0.2 }),
      });
      await beginV2(world, life);
      await life.until('v2 is rolled back', () => world.stage(2) === 'rolled_back');
      await life.until('decision', () => world.decision('rollout', 2)?.outcome === 'rolled_back');
      expect(world.route?.weights).toEqual(onV1);
      expect(world.champion).toBe(1);
      expect(world.decision('rollout', 2)?.evidence).toMatchObject({
        lastLook: { verdict: { kind: 'fail' }, samples: { challenger: { version: 2 } } },
      });
      expect(world.incidents.size).toBe(0);
    });
  });

  it('never calls a canary without traffic good or bad: it extends, pauses, and asks a person', async () => {
    const world = new World();
    await live(stage, world, async (life) => {
      world.samples = (challenger, champion, route) => ({
        ...samplesOf(challenger, champion, route),
        challenger: arm(challenger, { requests: challenger === 2 && route.weights.length > 1 ? 42 : 5_000 }),
      });
      await beginV2(world, life);
      await at(life, 'canary-5-paused');
      const state = await life.rollout(2).query(rolloutStateQuery);
      expect(state.looks.at(-1)?.verdict.kind).toBe('insufficient_data');
      expect(state.paused?.reason).toContain('42 samples');
      expect(world.stage(2)).toBe('canary');
      await life.until('a person is asked', () =>
        world.noticesOf('approval_requested').some((notice) => notice.title.includes('paused')),
      );
      world.samples = samplesOf;
      await life.rollout(2).executeUpdate(resumeRolloutUpdate, { args: [by] });
      await life.untilChampion(2);
    });
  });

  it('pauses, and does not abort, when the numbers cannot be had', async () => {
    const world = new World();
    await live(stage, world, async (life) => {
      await beginV2(world, life);
      await at(life, 'canary-5');
      world.samples = () => {
        throw refused('DEPENDENCY_UNAVAILABLE', 'the log is away');
      };
      await at(life, 'canary-5-paused');
      const state = await life.rollout(2).query(rolloutStateQuery);
      expect(state.consecutiveErrors).toBeGreaterThanOrEqual(4);
      expect(state.outcome).toBeNull();
      expect(world.stage(2)).toBe('canary');
      await life.rollout(2).executeUpdate(abortRolloutUpdate, { args: [by] });
      await life.until('v2 is rolled back', () => world.stage(2) === 'rolled_back');
      expect(world.route?.weights).toEqual(onV1);
    });
  });

  it('is aborted by a person at once, also while gateways have not confirmed a step', async () => {
    const world = new World();
    await live(stage, world, async (life) => {
      await beginV2(world, life);
      let stuck = false;
      world.confirmRoute = (generation) => {
        const route = world.routes.find((r) => r.generation === generation);
        if (route?.weights.length !== 2) return;
        stuck = true;
        throw new Error('gateway is away');
      };
      await life.until('the canary route is not confirmed', () => stuck);
      await life.rollout(2).executeUpdate(abortRolloutUpdate, { args: [by] });
      await life.until('v2 is out', () => world.stage(2) === 'aborted' || world.stage(2) === 'rolled_back');
      expect(world.route?.weights).toEqual(onV1);
      await life.until('decision', () => world.decision('rollout', 2)?.actor.id === 'emil');
    });
  });

  it('holds its step while paused, goes on when resumed, and refuses what makes no sense', async () => {
    const world = new World();
    await live(stage, world, async (life) => {
      await beginV2(world, life);
      await at(life, 'canary-5');
      await expectRefused(
        life.rollout(2).executeUpdate(resumeRolloutUpdate, { args: [by] }),
        'ROLLOUT_NOT_PAUSED',
      );
      await life.rollout(2).executeUpdate(pauseRolloutUpdate, { args: [by] });
      await stage.env.sleep('2h');
      expect(await rolloutPhase(life, 2)).toBe('canary-5-paused');
      await life.rollout(2).executeUpdate(resumeRolloutUpdate, { args: [by] });
      await life.untilChampion(2);
      const steered = [...world.decisions.values()].filter(({ actor }) => actor.id === 'emil');
      const outcomes = steered.filter(({ kind }) => kind === 'rollout').map(({ outcome }) => outcome);
      expect(outcomes).toEqual(['paused', 'resumed']);
    });
  });

  it('keeps a pause that came in the middle of a look', async () => {
    const world = new World();
    await live(stage, world, async (life) => {
      await beginV2(world, life);
      await at(life, 'canary-5');
      let paused: Promise<unknown> | undefined;
      world.samples = async (challenger, champion, route) => {
        paused ??= life.rollout(2).executeUpdate(pauseRolloutUpdate, { args: [by] });
        await paused;
        return samplesOf(challenger, champion, route);
      };
      await life.until('the look is over', async () => {
        const { looks } = await life.rollout(2).query(rolloutStateQuery);
        return paused !== undefined && looks.some((look) => look.weight === 5);
      });
      expect(await rolloutPhase(life, 2)).toBe('canary-5-paused');
    });
  });

  it('still aborts a failing canary while it is paused', async () => {
    const world = new World();
    await live(stage, world, async (life) => {
      await beginV2(world, life);
      await at(life, 'canary-5');
      await life.rollout(2).executeUpdate(pauseRolloutUpdate, { args: [by] });
      world.samples = (challenger, champion, route) => ({
        ...samplesOf(challenger, champion, route),
        challenger: arm(challenger, { errors: 2_000 }),
      });
      await life.until('v2 is rolled back', () => world.stage(2) === 'rolled_back');
      expect(world.route?.weights).toEqual(onV1);
    });
  });

  it('lets a person promote now, on record, and never automation', async () => {
    const world = new World();
    await live(stage, world, async (life) => {
      await beginV2(world, life);
      await at(life, 'canary-5');
      await expectRefused(
        life.rollout(2).executeUpdate(promoteNowUpdate, { args: [{ ...by, actor: systemActor('ci') }] }),
        'PERSON_REQUIRED',
      );
      await life.rollout(2).executeUpdate(promoteNowUpdate, { args: [by] });
      await life.untilChampion(2);
      expect(world.decision('rollout', 2)?.reason).toContain('emil promoted it without the rest');
    });
  });

  it('waits for a person at the end where the spec forbids automatic promotion', async () => {
    const world = new World({ rollout: { automaticPromotion: false, bake: { duration: '5m' } } });
    await live(stage, world, async (life) => {
      await life.request('t1');
      await life.passApproval(1);
      await life.until('v1 waits', async () => (await rolloutPhase(life, 1)) === 'bake-100-paused');
      await stage.env.sleep('2h');
      expect(world.champion).toBeNull();
      await life.rollout(1).executeUpdate(promoteNowUpdate, { args: [by] });
      await life.untilChampion(1);
    });
  });

  it('does not touch the route when the version does not load', async () => {
    const world = new World();
    await live(stage, world, async (life) => {
      await life.promote(1);
      world.load = (version) => {
        if (version === 2) throw refused('MODEL_UNLOADABLE', 'not an ONNX file');
      };
      await life.request('t2');
      await life.passApproval(2);
      await life.until('v2 is aborted', () => world.stage(2) === 'aborted');
      expect(world.routes.map((route) => route.weights)).toEqual([onV1, onV1]);
      await life.until('incident', () => world.incidents.size === 1);
    });
  });

  it('puts traffic back when the workflow is cancelled', async () => {
    const world = new World();
    await live(stage, world, async (life) => {
      await beginV2(world, life);
      await at(life, 'canary-5');
      await life.rollout(2).cancel();
      await life.until('v2 is rolled back', () => world.stage(2) === 'rolled_back');
      expect(world.route?.weights).toEqual(onV1);
    });
  });

  it('fails for a person when the first version ever fails its bake: nothing else could serve', async () => {
    const world = new World();
    await live(stage, world, async (life) => {
      world.samples = (challenger, champion, route) => ({
        ...samplesOf(challenger, champion, route),
        challenger: arm(challenger, { errors: 5_000 }),
      });
      await life.request('t1');
      await life.passApproval(1);
      await life.until('incident', () => world.incidents.size === 1);
      expect([...world.incidents.values()][0]?.severity).toBe('critical');
      expect(world.champion).toBeNull();
      expect(world.stage(1)).toBe('aborted');
    });
  });
});
