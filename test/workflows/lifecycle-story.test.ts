import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { promotionId } from '../../src/contracts/workflows/ids.ts';
import { requestVersionUpdate } from '../../src/contracts/workflows/lifecycle.ts';
import { decideUpdate } from '../../src/contracts/workflows/promotion.ts';
import { ADA, EMIL, trigger } from './builders.ts';
import { eventually, lifecycleState, openStage, REF, startLifecycle, withWorkers } from './time-skipping.ts';
import type { Stage } from './time-skipping.ts';
import { World } from './world.ts';

describe('the life of a model', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(async () => {
    await stage.env.teardown();
  });

  it('carries a version from a trigger through gates, approval and rollout to champion', async () => {
    const world = new World();
    await withWorkers(stage, world, async () => {
      const handle = await startLifecycle(stage, REF.model);
      const answer = await handle.executeUpdate(requestVersionUpdate, { args: [trigger('t1')] });
      expect(answer).toEqual({ kind: 'started', version: 1 });
      await eventually(
        stage,
        'v1 waits for approval',
        () => world.noticesOf('approval_requested').length === 1,
      );
      const promotion = stage.env.client.workflow.getHandle(promotionId(REF, 1));
      const vote = { decision: 'approve', reason: 'fine', evidenceHash: 'evidence-of-1' } as const;
      await expect(
        promotion.executeUpdate(decideUpdate, { args: [{ ...vote, actor: ADA }] }),
      ).rejects.toMatchObject({ cause: { type: 'APPROVAL_ROLE' } });
      const decided = await promotion.executeUpdate(decideUpdate, { args: [{ ...vote, actor: EMIL }] });
      expect(decided).toEqual({ status: 'approved', approvals: 1, quorum: 1 });
      await eventually(stage, 'v1 is champion', () => world.champion === 1);
      const state = await lifecycleState(stage, REF.model);
      expect(state.champion).toBe(1);
      expect(world.versions.get(1)?.history).toEqual([
        'producing',
        'candidate',
        'validated',
        'approved',
        'bake',
        'champion',
      ]);
      await handle.terminate();
    });
  });
});
