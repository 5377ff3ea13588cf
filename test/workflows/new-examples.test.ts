import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { produceVersionId } from '../../src/contracts/workflows/ids.ts';
import { productionStateQuery } from '../../src/contracts/workflows/production.ts';
import type { FindingAction } from '../../src/domain/finding.ts';
import { finding } from './builders.ts';
import { live } from './steps.ts';
import type { Life } from './steps.ts';
import { openStage, REF } from './time-skipping.ts';
import type { Stage } from './time-skipping.ts';
import { refused, World } from './world.ts';

const SEEN_UNTIL = Date.UTC(2026, 4, 1, 12);
const BREACH = { actions: ['alert', 'retrain'] as FindingAction[], windowEnd: SEEN_UNTIL };

/** A world whose champion is version 1, and whose examples of the new time the test lets arrive. */
function drifting(maxWait = '2h') {
  const world = new World({
    approval: null,
    retraining: { coolDown: '0s', newExamples: { min: 300, maxWait } },
    // Nobody is there, and weeks pass.
    notifications: { remindEvery: '90d' },
  });
  const examples = { training: 0 };
  const asked: number[] = [];
  world.newExamples = async ({ since }) => {
    asked.push(since);
    return { training: examples.training, heldOut: 7 };
  };
  return { world, examples, asked };
}

describe('a retraining that a finding asked for', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(async () => {
    await stage.close();
  });
  const production = (life: Life, version: number) =>
    stage.env.client.workflow.getHandle(
      produceVersionId({ model: life.model, environment: REF.environment }, version),
    );
  const stateOf = (life: Life, version = 2) => production(life, version).query(productionStateQuery);
  const untilItWaits = (life: Life, world: World) =>
    life.until(
      'v2 waits',
      async () => world.versions.size === 2 && ((await stateOf(life)).newExamples?.count ?? null) !== null,
    );
  const champion = async (life: Life, version: number) => (await life.state()).champion === version;
  /** Version 1 is champion, and a breach is found: version 2 begins. */
  async function drift(world: World, life: Life): Promise<void> {
    await life.request('first');
    await life.until('v1 is champion', () => champion(life, 1));
    expect(world.calls.get('countNewExamples')).toBeUndefined();
    world.calls.clear();
    await life.report(finding('kpi', 1, BREACH));
  }
  const ofExamples = (world: World) =>
    [...world.decisions.values()].filter(
      ({ decisionId, version }) => version === 2 && decisionId.includes('/examples/'),
    );
  const made = (world: World, version: number) =>
    world.versions.get(version)?.history.includes('candidate') === true;

  it('trains at once when enough examples of the new time are there', async () => {
    const { world, examples, asked } = drifting();
    examples.training = 300;
    await live(stage, world, async (life) => {
      await drift(world, life);
      await life.until('v2 is made', () => made(world, 2));
      expect(asked).toEqual([SEEN_UNTIL]);
      expect(world.calls.get('ingestSource')).toBe(2);
      expect(ofExamples(world)).toMatchObject([
        { kind: 'production', outcome: 'enough_examples', evidence: { min: 300, since: SEEN_UNTIL } },
      ]);
    });
  });

  it('waits for them, says so, and reads the sources at each look', async () => {
    const { world, examples, asked } = drifting();
    await live(stage, world, async (life) => {
      await drift(world, life);
      examples.training = 120;
      await untilItWaits(life, world);
      await stage.env.sleep('20m');
      const state = await stateOf(life);
      expect(state).toMatchObject({ step: 'wait', newExamples: { count: { training: 120, heldOut: 7 } } });
      expect(state.detail).toMatch(
        /^waits for 120 of 300 new examples to train on since 2026-05-01 12:00:00 UTC \(7 are held out\), at most until /,
      );
      expect(world.calls.get('materialiseFeatures')).toBeUndefined();
      examples.training = 310;
      await life.until('v2 is made', () => made(world, 2));
      expect(world.calls.get('ingestSource')).toBe(2 * asked.length);
      expect(ofExamples(world).map(({ outcome }) => outcome)).toEqual(['waiting', 'enough_examples']);
      expect((await stateOf(life)).newExamples?.end).toEqual({ kind: 'enough' });
    });
  });

  it('goes on with what there is when maxWait is over, and says so; a wait of weeks looks a hundred times', async () => {
    const { world, examples, asked } = drifting('21d');
    examples.training = 299;
    await live(stage, world, async (life) => {
      await drift(world, life);
      await untilItWaits(life, world);
      await stage.env.sleep('20d');
      expect(world.stage(2)).toBe('producing');
      await life.until('v2 is made', () => made(world, 2), 30 * 3_600_000);
      expect(asked.length).toBeGreaterThan(90);
      expect(asked.length).toBeLessThanOrEqual(102);
      expect(ofExamples(world).at(-1)).toMatchObject({
        outcome: 'too_few_examples',
        reason: expect.stringMatching(/^299 of 300 new examples .*no more came within maxWait$/) as string,
      });
    });
  });

  it('goes on for a person with what has landed until then: one version serves both', async () => {
    const { world, asked } = drifting();
    await live(stage, world, async (life) => {
      await drift(world, life);
      await untilItWaits(life, world);
      const looks = asked.length;
      expect(await life.request('now', { reason: 'the fair opens' })).toMatchObject({
        kind: 'waiting',
        reason: expect.stringContaining('serves this too') as string,
      });
      await life.until('v2 is made', () => made(world, 2), 60_000);
      expect(asked.length).toBe(looks + 1);
      expect(world.calls.get('ingestSource')).toBe(2 * asked.length);
      expect(await life.request('now')).toEqual({ kind: 'started', version: 2 });
      expect(ofExamples(world).at(-1)?.reason).toMatch(/ada wanted a version now \(the fair opens\)$/);
      await stage.env.sleep('6h');
      expect(world.decision('trigger', 2)).toMatchObject({ outcome: 'taken', actor: { id: 'ada' } });
      expect(world.versions.size).toBe(2);
    });
  });

  it('leaves what is asked during its last look to a version of its own', async () => {
    const { world } = drifting();
    await live(stage, world, async (life) => {
      await drift(world, life);
      await untilItWaits(life, world);
      // No time passes while an activity runs: the request comes in the very look that ends the wait.
      let answer: unknown;
      world.newExamples = async () => {
        answer = await life.request('too late');
        return { training: 300, heldOut: 0 };
      };
      await life.until('it looked', () => answer !== undefined);
      expect(answer).toMatchObject({ kind: 'waiting' });
      await life.until('v3 is made', () => made(world, 3));
      expect(world.versions.get(3)?.key).toBe('too late');
      expect(world.decision('trigger', 2)?.outcome).toBe('started');
    });
  });

  it('looks again where a look failed, and fails with the first one', async () => {
    const { world, examples } = drifting();
    await live(stage, world, async (life) => {
      await drift(world, life);
      await untilItWaits(life, world);
      const { ingest } = world;
      world.ingest = async () => Promise.reject(refused('SOURCE_UNREADABLE', 'the shop is closed'));
      await life.until('a look failed', async () =>
        (await stateOf(life)).detail.endsWith(
          'the newest look failed: SOURCE_UNREADABLE: the shop is closed',
        ),
      );
      world.ingest = ingest;
      examples.training = 300;
      await life.until('v2 is made', () => made(world, 2));
      world.newExamples = async () => Promise.reject(refused('SQL_INVALID', 'no such column'));
      await life.until('v2 is champion', () => champion(life, 2));
      await life.report(finding('kpi', 2, { ...BREACH, windowEnd: SEEN_UNTIL + 1 }));
      await life.until('v3 failed', () => world.decision('production', 3) !== undefined);
      expect(world.stage(3)).toBe('failed');
      expect(world.decision('production', 3)?.evidence).toMatchObject({ step: 'wait', code: 'SQL_INVALID' });
    });
  });

  it('can be cancelled while it waits, which is a strike of its episode', async () => {
    const { world } = drifting();
    await live(stage, world, async (life) => {
      await drift(world, life);
      await untilItWaits(life, world);
      await production(life, 2).cancel();
      await life.until('v2 is aborted', () => world.stage(2) === 'aborted');
      const state = () => life.state();
      await life.until('v3 waits', async () => (await state()).production?.version === 3);
      const { episode, production: next } = await state();
      expect(episode).toMatchObject({ strikes: 1, since: SEEN_UNTIL });
      expect(next?.newExamples).toEqual({ since: SEEN_UNTIL, told: false });
      expect(world.decision('production', 2)).toMatchObject({
        outcome: 'aborted',
        reason: 'In step wait: the production was cancelled',
      });
    });
  });
});
