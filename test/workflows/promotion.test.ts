import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  evidenceChangedSignal,
  decideUpdate,
  promotionStateQuery,
} from '../../src/contracts/workflows/promotion.ts';
import { ADA, EMIL, gateReport, MIRA, OTTO } from './builders.ts';
import { expectRefused, live } from './steps.ts';
import { openStage } from './time-skipping.ts';
import type { Stage } from './time-skipping.ts';
import { World } from './world.ts';

const HOUR_MS = 3_600_000;

describe('promotion of a version', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(async () => {
    await stage.close();
  });

  it('goes from a trigger through gates, approval and bake to the first champion', async () => {
    const world = new World();
    await live(stage, world, async (life) => {
      expect(await life.request('t1')).toEqual({ kind: 'started', version: 1 });
      expect(await life.request('t1')).toEqual({ kind: 'started', version: 1 });
      await life.passApproval(1);
      await life.untilChampion(1);
      expect(world.versions.get(1)?.history).toEqual([
        'producing',
        'candidate',
        'validated',
        'approved',
        'bake',
        'champion',
      ]);
      expect(world.route?.weights).toEqual([{ version: 1, weight: 100 }]);
      expect(world.decision('approval', 1)).toMatchObject({ outcome: 'approve', actor: EMIL });
      expect(world.noticesOf('approval_requested')[0]?.facts['approve']).toContain('evidence-of-1');
      await life.until('people are told', () => world.noticesOf('champion_changed').length === 1);
    });
  });

  it('takes a challenger through shadow, each weight and bake before it becomes champion', async () => {
    const world = new World();
    await live(stage, world, async (life) => {
      await life.promote(1);
      await life.promote(2);
      expect(world.versions.get(2)?.history.slice(-4)).toEqual(['shadow', 'canary', 'bake', 'champion']);
      expect(world.stage(1)).toBe('retired');
      const canary = world.routes.map((route) => route.weights.map(({ weight }) => weight));
      expect(canary).toEqual([[100], [100], [100], [95, 5], [50, 50], [100], [100]]);
      expect(world.routes[2]?.shadow).toEqual([2]);
    });
  });

  it('refuses an approval by the requester, by a wrong role, twice, or on other evidence', async () => {
    const world = new World({ approval: { roles: ['ml-engineer'], quorum: 2 } });
    await live(stage, world, async (life) => {
      await life.request('t1', { requestedBy: MIRA });
      await life.until('approval is open', () => world.noticesOf('approval_requested').length === 1);
      await expectRefused(life.approve(1, MIRA), 'APPROVAL_SELF');
      await expectRefused(life.approve(1, ADA), 'APPROVAL_ROLE');
      await expectRefused(life.approve(1, EMIL, 'older-evidence'), 'APPROVAL_EVIDENCE_STALE');
      expect(await life.approve(1, EMIL)).toEqual({ status: 'open', approvals: 1, quorum: 2 });
      await expectRefused(life.approve(1, EMIL), 'APPROVAL_DUPLICATE');
      expect(world.stage(1)).toBe('validated');
      const nora = { id: 'nora', roles: ['ml-engineer'] } as const;
      expect(await life.approve(1, nora)).toMatchObject({ status: 'approved' });
      await expectRefused(life.approve(1, { ...nora, id: 'late' }), 'APPROVAL_NOT_OPEN');
      await life.untilChampion(1);
    });
  });

  it('ends as denied on one rejection, and keeps the champion', async () => {
    const world = new World();
    await live(stage, world, async (life) => {
      await life.promote(1);
      await life.request('t2');
      await life.until('v2 asks', () => world.noticesOf('approval_requested').length === 2);
      await life.promotion(2).executeUpdate(decideUpdate, {
        args: [
          { actor: EMIL, decision: 'reject', reason: 'unfair to the north', evidenceHash: 'evidence-of-2' },
        ],
      });
      await life.until('v2 is denied', () => world.stage(2) === 'denied');
      await life.until('that is on record', () => world.decision('promotion', 2) !== undefined);
      expect(world.champion).toBe(1);
      expect(world.calls.get('setRoute')).toBe(1);
      expect(world.decision('promotion', 2)?.reason).toContain('unfair to the north');
    });
  });

  it('ends as denied also on a rejection that came while gates were judged that then can not decide', async () => {
    const world = new World();
    await live(stage, world, async (life) => {
      await life.request('t1');
      await life.until('v1 asks', () => world.noticesOf('approval_requested').length === 1);
      let judged = (): void => undefined;
      const held = new Promise<void>((resolve) => {
        judged = resolve;
      });
      const asked = new Promise<void>((resolve) => {
        world.gates = async (version, champion) => {
          resolve();
          await held;
          return gateReport(version, champion, { kind: 'error', reason: 'bad SQL' });
        };
      });
      await life.promotion(1).signal(evidenceChangedSignal, { reason: 'evaluated again' });
      await asked;
      const no = {
        actor: MIRA,
        decision: 'reject',
        reason: 'unfair',
        evidenceHash: 'evidence-of-1',
      } as const;
      await life.promotion(1).executeUpdate(decideUpdate, { args: [no] });
      judged();
      await life.until('that is on record', () => world.decision('promotion', 1) !== undefined);
      expect(world.decision('promotion', 1)).toMatchObject({
        outcome: 'denied',
        reason: 'mira rejected it: unfair',
      });
      expect(world.stage(1)).toBe('denied');
    });
  });

  it('reminds, then fails closed when nobody approves in time', async () => {
    const world = new World({ approval: { timeout: '6h', remindAfter: ['2h', '4h'] } });
    await live(stage, world, async (life) => {
      await life.request('t1');
      await life.until('v1 expired', () => world.stage(1) === 'expired', 7 * HOUR_MS);
      expect(world.noticesOf('approval_reminder')).toHaveLength(2);
      expect(world.champion).toBeNull();
      expect(world.route).toBeUndefined();
    });
  });

  it('reminds though the first message cannot be delivered', async () => {
    const world = new World({ approval: { timeout: '72h', remindAfter: ['24h'] } });
    await live(stage, world, async (life) => {
      world.beforeNotify = ({ kind }) => {
        if (kind === 'approval_requested') throw new Error('the mail server is away');
      };
      await life.request('t1');
      await life.until('approval is open', () => world.decision('approval', 1)?.outcome === 'requested');
      await stage.env.sleep('23h');
      await life.until('reminded', () => world.noticesOf('approval_reminder').length === 1, 2 * HOUR_MS);
      world.beforeNotify = () => undefined;
      await life.passApproval(1);
      await life.untilChampion(1);
    });
  });

  it('voids votes when the evidence changes, and asks anew', async () => {
    const world = new World({ approval: { quorum: 2 } });
    await live(stage, world, async (life) => {
      await life.request('t1');
      await life.until('asks', () => world.noticesOf('approval_requested').length === 1);
      await life.approve(1, EMIL);
      world.gates = (version, champion) => gateReport(version, champion, undefined, 'new-evidence');
      await life.promotion(1).signal(evidenceChangedSignal, { reason: 'evaluated again' });
      await life.until('asks again', () => world.noticesOf('approval_requested').length === 2);
      await expectRefused(life.approve(1, MIRA, 'evidence-of-1'), 'APPROVAL_EVIDENCE_STALE');
      await life.approve(1, MIRA, 'new-evidence');
      const state = await life.promotion(1).query(promotionStateQuery);
      expect(state.approval).toMatchObject({ status: 'open', evidenceHash: 'new-evidence' });
      expect(state.approval?.voidVotes.map((vote) => vote.actor.id)).toEqual(['emil']);
      await life.approve(1, EMIL, 'new-evidence');
      await life.untilChampion(1);
    });
  });

  it('does not act on an approval whose evidence changed between the vote and the act', async () => {
    const world = new World();
    await live(stage, world, async (life) => {
      await life.request('t1');
      await life.until('asks', () => world.noticesOf('approval_requested').length === 1);
      world.gates = (version, champion) => gateReport(version, champion, undefined, 'changed-silently');
      await life.approve(1);
      await life.until('asks again', () => world.noticesOf('approval_requested').length === 2);
      expect(world.stage(1)).toBe('validated');
      expect(world.route).toBeUndefined();
      await life.approve(1, EMIL, 'changed-silently');
      await life.untilChampion(1);
    });
  });

  it('rejects a version whose gate fails, with the reason in the record and the message', async () => {
    const world = new World();
    world.gates = (version, champion) =>
      gateReport(version, champion, { kind: 'fail', reason: 'recommends Ailanthus in NZ' });
    await live(stage, world, async (life) => {
      await life.request('t1');
      await life.until('v1 rejected', () => world.stage(1) === 'rejected');
      await life.until('people are told', () => world.noticesOf('version_rejected').length === 1);
      expect(world.noticesOf('version_rejected')[0]?.text).toContain('Ailanthus');
      expect(world.decision('gates', 1)?.outcome).toBe('reject');
    });
  });

  it.each(['error', 'insufficient_data'] as const)(
    'takes a gate verdict %s neither for a pass nor for a fail: the candidate stays and a person is told',
    async (kind) => {
      const world = new World();
      world.gates = (version, champion) => gateReport(version, champion, { kind, reason: 'holdout is gone' });
      await live(stage, world, async (life) => {
        await life.request('t1');
        await life.until('incident', () => world.incidents.size === 1);
        expect(world.stage(1)).toBe('candidate');
        expect(world.noticesOf('approval_requested')).toHaveLength(0);
      });
    },
  );

  it('records that nobody was asked where the spec says approval: null', async () => {
    const world = new World({ approval: null });
    await live(stage, world, async (life) => {
      await life.request('t1');
      await life.untilChampion(1);
      expect(world.decision('approval', 1)).toMatchObject({ outcome: 'skipped' });
      expect(world.noticesOf('approval_requested')).toHaveLength(0);
    });
  });

  it('lets the newest candidate wait and expires the older one that waited', async () => {
    const world = new World();
    await live(stage, world, async (life) => {
      await life.request('t1');
      await life.until('v1 asks', () => world.noticesOf('approval_requested').length === 1);
      await life.request('t2');
      await life.until('v2 is a candidate', () => world.stage(2) === 'candidate');
      await life.request('t3');
      await life.until('v2 expired', () => world.stage(2) === 'expired');
      const state = await life.state();
      expect(state.promotion?.version).toBe(1);
      expect(state.waitingCandidate?.version).toBe(3);
      await life.approve(1);
      await life.passApproval(3);
      await life.untilChampion(3);
      expect(world.stage(1)).toBe('retired');
    });
  });

  it('pages and puts traffic back when the passed version cannot be made champion', async () => {
    const world = new World();
    await live(stage, world, async (life) => {
      await life.promote(1);
      await life.request('t2');
      await life.passApproval(2);
      await life.until('v2 bakes', () => world.stage(2) === 'bake');
      world.champion = 99;
      await life.until('incident', () => world.incidents.size === 1);
      await life.until('v2 is out', () => world.stage(2) === 'rolled_back');
      await life.until('traffic is back', () => world.route?.key.includes('/restore/') === true);
      expect([...world.incidents.values()][0]?.severity).toBe('critical');
      expect(world.route?.weights).toEqual([{ version: 1, weight: 100 }]);
      expect(OTTO.roles).toContain('on-call');
    });
  });
});
