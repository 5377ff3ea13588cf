import { rollbackUpdate } from '../../../src/contracts/workflows/lifecycle.ts';
import { abortRolloutUpdate, promoteNowUpdate } from '../../../src/contracts/workflows/rollout.ts';
import { EMIL, OTTO } from '../../workflows/builders.ts';
import { live, rolloutPhase } from '../../workflows/steps.ts';
import type { Stage } from '../../workflows/time-skipping.ts';
import { refused, World } from '../../workflows/world.ts';
import type { RecordHistory } from '../recorder.ts';

const by = { actor: EMIL, reason: 'I looked at it' };

/** Rollouts whose traffic goes back on the champion, each by another way, and those that people decide. */
export async function tellWaysBack(stage: Stage, record: RecordHistory): Promise<void> {
  const world = new World();
  await live(stage, world, async (life) => {
    const rollout = (version: number, state: string) =>
      record(`rollOut-${state}`, life.rollout(version).workflowId);
    const promotion = (version: number, state: string) =>
      record(`promoteVersion-${state}`, life.promotion(version).workflowId);
    const reach = async (version: number, phase: string): Promise<void> => {
      await life.request(`produce-${version}`);
      await life.passApproval(version);
      await life.until(phase, async () => (await rolloutPhase(life, version)) === phase);
    };
    const ended = (version: number) =>
      life.until(`v${version} is on record`, async () => {
        const { promotion } = await life.state();
        const decision = world.decision('promotion', version) ?? world.decision('abort', version);
        return promotion === null && decision !== undefined;
      });
    world.beforeCall = async (activity, { version }) => {
      const returning = world.route?.key.endsWith('/restore') === true;
      if (activity === 'awaitRoute' && returning && world.versions.size === 2) await rollout(2, 'restoring');
      if (activity === 'setStage' && returning && version === 2) await rollout(2, 'restored');
    };

    await life.promote(1);
    await reach(2, 'canary-5');
    await life.rollout(2).executeUpdate(abortRolloutUpdate, { args: [by] });
    await ended(2);
    await rollout(2, 'rolled-back');
    await promotion(2, 'rolled-back');

    await reach(3, 'canary-5');
    await life.rollout(3).cancel();
    await ended(3);
    await rollout(3, 'cancelled');
    await promotion(3, 'cancelled');

    world.load = () => {
      throw refused('MODEL_UNLOADABLE', 'not an ONNX file');
    };
    await life.request('produce-4');
    await life.passApproval(4);
    await ended(4);
    await rollout(4, 'unloadable');
    await promotion(4, 'failed');
    world.load = () => undefined;

    world.policy = { ...world.policy, rollout: { ...world.policy.rollout, automaticPromotion: false } };
    await reach(5, 'bake-100-paused');
    await life.until('a person is asked', () =>
      world.noticesOf('approval_requested').some(({ title }) => title.includes('is paused')),
    );
    await rollout(5, 'asking');
    await life.rollout(5).executeUpdate(promoteNowUpdate, { args: [by] });
    await life.untilChampion(5);
    await rollout(5, 'promoted-now');

    world.load = () => {
      throw refused('MODEL_UNLOADABLE', 'the file is gone');
    };
    await life.handle
      .executeUpdate(rollbackUpdate, { args: [{ actor: OTTO, reason: 'odd' }] })
      .catch(() => 0);
    await life.until('the rollback failed', async () => {
      const { rollback } = await life.state();
      return rollback?.status === 'rollback_failed';
    });
    await record('modelLifecycle-rollback-failed', life.handle.workflowId);
  });
}
