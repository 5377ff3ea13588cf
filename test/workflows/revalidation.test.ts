import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { TASK_QUEUE } from '../../src/contracts/task-queues.ts';
import { revalidateUpdate } from '../../src/contracts/workflows/lifecycle.ts';
import { promotionStateQuery } from '../../src/contracts/workflows/promotion.ts';
import { modelLifecycle } from '../../workflows/index.ts';
import { EMIL, gateReport, MIRA } from './builders.ts';
import { expectRefused, live } from './steps.ts';
import type { Life } from './steps.ts';
import { openStage, REF } from './time-skipping.ts';
import type { Stage } from './time-skipping.ts';
import { refused, World } from './world.ts';

const revalidate = (life: Life, version: number) =>
  life.handle.executeUpdate(revalidateUpdate, {
    args: [{ version, actor: EMIL, reason: 'the rule is mended' }],
  });

describe('a version that is validated again', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(async () => {
    await stage.close();
  });

  it('that was left a candidate is evaluated and judged anew, by the newest spec, and promoted', async () => {
    const world = new World();
    world.gates = (version, champion) => gateReport(version, champion, { kind: 'error', reason: 'bad SQL' });
    await live(stage, world, async (life) => {
      await life.request('t1', { requestedBy: MIRA });
      await life.until('it is left', () => world.incidents.size === 1);
      world.gates = (version, champion) => gateReport(version, champion);
      expect(await revalidate(life, 1)).toEqual({ specRevision: 1, approvalOpen: false });
      await life.until('v1 asks', () => world.noticesOf('approval_requested').length === 1);
      expect(world.evaluations.get(1)).toMatch(/^evaluation-1-revalidation-\d+$/);
      await life.until('the request is on record', () => world.decision('approval', 1) !== undefined);
      expect(world.decision('approval', 1)).toMatchObject({ outcome: 'requested', actor: MIRA });
      // Who asked for the version may still not approve it, whoever had it validated again.
      await expectRefused(life.approve(1, MIRA), 'APPROVAL_SELF');
      await life.approve(1, EMIL);
      await life.untilChampion(1);
      expect(world.decision('revalidation', 1)).toMatchObject({ outcome: 'started', actor: EMIL });
      const outcomes = () => [...world.decisions.values()].filter((one) => one.kind === 'promotion');
      await life.until('the end is on record', () => outcomes().length > 2);
      expect(outcomes().map(({ outcome }) => outcome)).toEqual(['failed', 'passed', 'champion']);
    });
  });

  it('that still cannot be decided opens an incident of its own', async () => {
    const world = new World();
    world.gates = (version, champion) =>
      gateReport(version, champion, { kind: 'insufficient_data', reason: '3 rows' });
    await live(stage, world, async (life) => {
      await life.request('t1');
      await life.until('it is left', () => world.incidents.size === 1);
      await revalidate(life, 1);
      await life.until('it is left again', () => world.incidents.size === 2);
      expect(world.stage(1)).toBe('candidate');
    });
  });

  it('while people decide voids the votes so far', async () => {
    const world = new World({ approval: { quorum: 2 } });
    await live(stage, world, async (life) => {
      await life.request('t1');
      await life.until('v1 asks', () => world.noticesOf('approval_requested').length === 1);
      await life.approve(1, EMIL);
      world.evaluateAgain = () => {
        world.gates = (version, champion) => gateReport(version, champion, undefined, 'new-evidence');
      };
      expect(await revalidate(life, 1)).toMatchObject({ approvalOpen: true });
      await life.until('v1 asks again', () => world.noticesOf('approval_requested').length === 2);
      const { approval } = await life.promotion(1).query(promotionStateQuery);
      expect(approval).toMatchObject({ status: 'open', evidenceHash: 'new-evidence', votes: [] });
      expect(approval?.voidVotes.map((vote) => vote.actor.id)).toEqual(['emil']);
      expect(world.calls.get('allocateVersion')).toBe(1);
    });
  });

  it('whose promotion was terminated after its lifecycle had carried on is given up, and not left waiting', async () => {
    const world = new World();
    await live(stage, world, async (life) => {
      await life.request('t1');
      await life.until('v1 asks', () => world.noticesOf('approval_requested').length === 1);
      // A new history can't wait for the results of children that the one before it started.
      const state = await life.state();
      await life.handle.terminate();
      const { workflow } = stage.env.client;
      const { workflowId } = life.handle;
      const args = [{ model: life.model, environment: REF.environment, state }] as const;
      await workflow.start(modelLifecycle, { taskQueue: TASK_QUEUE.control, workflowId, args: [...args] });
      await life.until('v1 is probed', async () => {
        const { events } = await life.promotion(1).fetchHistory();
        return JSON.stringify(events).includes('"signalName":"probe"');
      });
      await life.promotion(1).terminate('by hand');
      const again = { version: 1, actor: EMIL, reason: 'the rule is mended' };
      const carriedOn = workflow.getHandle(workflowId);
      expect(await carriedOn.executeUpdate(revalidateUpdate, { args: [again] })).toMatchObject({
        approvalOpen: true,
      });
      await life.until('v1 is given up', () => world.stage(1) === 'aborted');
      await life.until('that is on record', () => world.decision('promotion', 1)?.outcome === 'failed');
    });
  });

  it('is refused unless it is a candidate, one at a time, and behind one that waits', async () => {
    const world = new World();
    await live(stage, world, async (life) => {
      await expectRefused(revalidate(life, 7), 'VERSION_NOT_FOUND');
      await life.promote(1);
      await expectRefused(revalidate(life, 1), 'VERSION_NOT_CANDIDATE');
      let finish = (): void => undefined;
      world.gates = (version, champion) =>
        gateReport(version, champion, { kind: 'error', reason: 'bad SQL' });
      await life.request('t2');
      await life.until('v2 is left', () => world.incidents.size === 1);
      world.gates = (version, champion) => gateReport(version, champion);
      const held = new Promise<void>((resolve) => {
        finish = resolve;
      });
      world.evaluateAgain = () => held;
      await revalidate(life, 2);
      await expectRefused(revalidate(life, 2), 'REVALIDATION_RUNNING');
      await life.request('t3');
      // While an activity runs the test server's clock does not skip, so this waits in real time.
      await vi.waitFor(() => expect(world.stage(3)).toBe('validated'), { timeout: 200_000 });
      finish();
      await life.until('v2 waits', async () => {
        const { waitingCandidate } = await life.state();
        return waitingCandidate?.version === 2;
      });
      await expectRefused(revalidate(life, 3), 'REVALIDATION_SUPERSEDED');
      await life.passApproval(3);
      await life.passApproval(2);
      await life.untilChampion(2);
    });
  });

  it('stays as it was when it cannot be evaluated, and somebody is told', async () => {
    const world = new World();
    world.gates = (version, champion) => gateReport(version, champion, { kind: 'error', reason: 'bad SQL' });
    world.evaluateAgain = () => {
      throw refused('MODEL_UNLOADABLE', 'the file is gone');
    };
    await live(stage, world, async (life) => {
      await life.request('t1');
      await life.until('it is left', () => world.incidents.size === 1);
      await revalidate(life, 1);
      await life.until('people are told', () => world.noticesOf('version_rejected').length === 1);
      expect(world.noticesOf('version_rejected')[0]?.text).toBe('MODEL_UNLOADABLE: the file is gone');
      await life.until('it is on record', () => world.decision('revalidation', 1)?.outcome === 'failed');
      expect(world.stage(1)).toBe('candidate');
      expect((await life.state()).revalidation).toBeNull();
    });
  });
});
