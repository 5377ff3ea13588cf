import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { revalidateUpdate, specAppliedSignal } from '../../src/contracts/workflows/lifecycle.ts';
import { EMIL, gateReport } from './builders.ts';
import { live } from './steps.ts';
import type { Life } from './steps.ts';
import { openStage } from './time-skipping.ts';
import type { Stage } from './time-skipping.ts';
import { World } from './world.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** In real time: the server skips none while an activity runs. */
const soon = (holds: () => void | Promise<void>) => vi.waitFor(holds, { timeout: 30_000, interval: 50 });

/** A world in which a spec is applied, and every load of it hangs until it is let go: as on a worker that was lost. */
function slowToLoad(world: World, life: Life) {
  let letGo: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (letGo = resolve));
  const loads = (): number => world.calls.get('loadPolicy') ?? 0;
  return {
    async apply(revision: number): Promise<void> {
      world.beforeCall = (activity) => (activity === 'loadPolicy' ? held : undefined);
      world.policy = { ...world.policy, specRevision: revision };
      const before = loads();
      await life.handle.signal(specAppliedSignal, { revision });
      await soon(() => expect(loads()).toBeGreaterThan(before));
    },
    letGo: () => letGo(),
  };
}

describe('a spec that was applied', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(async () => {
    await stage.close();
  });

  it('rules the version that is asked for next, also where it is slow to load', async () => {
    const world = new World();
    await live(stage, world, async (life) => {
      await life.until('the first one is loaded', async () => (await life.state()).specRevision === 1);
      const spec = slowToLoad(world, life);
      await spec.apply(2);
      const asked = life.request('after');
      await soon(async () => expect((await life.state()).starting).not.toBeNull());
      spec.letGo();
      await asked;
      await life.until('it is started', () => world.decision('trigger', 1) !== undefined);
      expect(world.decision('trigger', 1)?.evidence).toMatchObject({ specRevision: 2 });
    });
  });

  it('judges the version that is validated again next', async () => {
    const world = new World();
    world.gates = (version, champion) => gateReport(version, champion, { kind: 'error', reason: 'bad SQL' });
    await live(stage, world, async (life) => {
      await life.request('first');
      await life.until('it is left', () => world.incidents.size === 1);
      const spec = slowToLoad(world, life);
      await spec.apply(2);
      const command = { version: 1, actor: EMIL, reason: 'the rule is mended' };
      const candidates = world.calls.get('loadCandidate') ?? 0;
      const answer = life.handle.executeUpdate(revalidateUpdate, { args: [command] });
      await soon(() => expect(world.calls.get('loadCandidate')).toBeGreaterThan(candidates));
      spec.letGo();
      expect(await answer).toMatchObject({ specRevision: 2 });
    });
  });

  it('is loaded when it comes while the one before it is loaded', async () => {
    const world = new World();
    await live(stage, world, async (life) => {
      await life.until('the first one is loaded', async () => (await life.state()).specRevision === 1);
      let loads = 0;
      world.beforeCall = async (activity) => {
        if (activity !== 'loadPolicy') return;
        loads += 1;
        // The third is announced while the second is read.
        if (loads === 1) await life.handle.signal(specAppliedSignal, { revision: 3 });
        world.policy = { ...world.policy, specRevision: loads === 1 ? 2 : 3 };
      };
      await life.handle.signal(specAppliedSignal, { revision: 2 });
      await life.until('the newest one is loaded', async () => (await life.state()).specRevision === 3);
    });
  });

  it('does not keep versions from being made where the registry has lost it', async () => {
    const world = new World();
    await live(stage, world, async (life) => {
      await life.handle.signal(specAppliedSignal, { revision: 9 });
      await life.request('after');
      await life.until('it is started', () => world.decision('trigger', 1) !== undefined);
      expect(world.decision('trigger', 1)?.evidence).toMatchObject({ specRevision: 1 });
    });
  });
});
