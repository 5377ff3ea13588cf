import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { incidentWorkflowId, noticeWorkflowId } from '../../src/contracts/workflows/ids.ts';
import {
  acknowledgeUpdate,
  incidentStateQuery,
  resolveUpdate,
} from '../../src/contracts/workflows/incident.ts';
import {
  pauseUpdate,
  requestVersionUpdate,
  resumeUpdate,
  rollbackUpdate,
  versionRequestedSignal,
} from '../../src/contracts/workflows/lifecycle.ts';
import type { FindingAction } from '../../src/domain/finding.ts';
import { EMIL, finding, gateReport, OTTO, trigger } from './builders.ts';
import { expectRefused, live, rolloutPhase } from './steps.ts';
import { openStage } from './time-skipping.ts';
import type { Stage } from './time-skipping.ts';
import { refused, World } from './world.ts';

const HOUR_MS = 3_600_000;
const by = { actor: OTTO, reason: 'conversion collapsed' };
const CRITICAL = {
  severity: 'critical' as const,
  actions: ['alert', 'rollback', 'retrain'] as FindingAction[],
};

describe('a lifecycle', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(async () => {
    await stage.close();
  });
  const incident = (world: World, title: string) =>
    [...world.incidents].find(([, row]) => row.title.includes(title))?.[0] ?? null;

  it('rolls back to an earlier champion on command, with no new analysis', async () => {
    const world = new World();
    await live(stage, world, async (life) => {
      await life.promote(1);
      await expectRefused(
        life.handle.executeUpdate(rollbackUpdate, { args: [by] }),
        'ROLLBACK_TARGET_INVALID',
      );
      await life.promote(2);
      await expectRefused(
        life.handle.executeUpdate(rollbackUpdate, { args: [{ ...by, to: 7 }] }),
        'ROLLBACK_TARGET_INVALID',
      );
      const measured = world.calls.get('measureRollout');
      const answer = await life.handle.executeUpdate(rollbackUpdate, { args: [by] });
      expect(answer).toMatchObject({ from: 2, to: 1 });
      expect(world.champion).toBe(1);
      expect(world.stage(2)).toBe('rolled_back');
      expect(world.route).toMatchObject({
        generation: answer.generation,
        weights: [{ version: 1, weight: 100 }],
      });
      expect(world.calls.get('measureRollout')).toBe(measured);
      expect((await life.state()).rolledBack).toEqual([2]);
    });
  });

  it('keeps the champion, pages, and answers with an error when the target is broken', async () => {
    const world = new World();
    await live(stage, world, async (life) => {
      await life.promote(1);
      await life.promote(2);
      world.load = (version) => {
        if (version === 1) throw refused('MODEL_UNLOADABLE', 'artifact is gone');
      };
      await expectRefused(life.handle.executeUpdate(rollbackUpdate, { args: [by] }), 'ROLLBACK_FAILED');
      expect(world.champion).toBe(2);
      expect(world.stage(2)).toBe('champion');
      await life.until('paged', () => incident(world, 'rollback of') !== null);
      expect((await life.state()).rollback).toMatchObject({ status: 'rollback_failed' });
      await life.until('recorded', () => world.decision('rollback', 2)?.outcome === 'rollback_failed');
    });
  });

  it('aborts a canary under way before it rolls back', async () => {
    const world = new World();
    await live(stage, world, async (life) => {
      await life.promote(1);
      await life.promote(2);
      await life.request('t3');
      await life.passApproval(3);
      await life.until('v3 canaries', async () => (await rolloutPhase(life, 3)) === 'canary-5');
      await life.handle.executeUpdate(rollbackUpdate, { args: [by] });
      expect(world.stage(3)).toBe('rolled_back');
      expect(world.champion).toBe(1);
      expect(world.route?.weights).toEqual([{ version: 1, weight: 100 }]);
    });
  });

  it('rolls back by itself on a confirmed critical finding, retrains, and replaces the champion', async () => {
    const world = new World({ retraining: { coolDown: '10m' } });
    await live(stage, world, async (life) => {
      await life.promote(1);
      await life.promote(2);
      await stage.env.sleep('1h');
      await life.report(finding('kpi', 2, { ...CRITICAL, confirmed: false }));
      await life.report(finding('kpi', 2, CRITICAL));
      await life.report(finding('kpi', 2, CRITICAL));
      await life.until('v2 is rolled back', () => world.champion === 1);
      await life.until('an incident is open', () => world.incidents.size > 0);
      expect(world.stage(2)).toBe('rolled_back');
      expect(world.incidents.size).toBe(1);
      await life.passApproval(3);
      await life.untilChampion(3);
      const state = await life.state();
      expect(state.episode).toBeNull();
      expect(world.versions.get(3)?.key).toMatch(/^episode\/.*\/retraining-1$/);
      expect([...world.promotions.values()].filter(({ kind }) => kind === 'rollback')).toHaveLength(1);
      await life.report(finding('kpi', 3, { status: 'ok', confirmed: false }));
      await life.until('resolved', () =>
        [...world.incidents.values()].every((row) => row.status === 'resolved'),
      );
    });
  });

  it('says so where a critical finding has no earlier champion to go back to', async () => {
    const world = new World();
    await live(stage, world, async (life) => {
      await life.promote(1);
      await life.report(finding('kpi', 1, { ...CRITICAL, actions: ['rollback'] }));
      await life.until('note', () =>
        world.noticesOf('incident_note').some((notice) => notice.text.includes('no earlier champion')),
      );
      expect(world.champion).toBe(1);
    });
  });

  it('stops an episode and pages a person after three retrainings that lost', async () => {
    const world = new World({ retraining: { coolDown: '1h', maxStrikes: 3 } });
    await live(stage, world, async (life) => {
      await life.promote(1);
      world.gates = (version, champion) =>
        gateReport(version, champion, { kind: 'fail', reason: 'not better than the champion' });
      const drift = { actions: ['alert', 'retrain'] as FindingAction[] };
      await life.report(finding('drift', 1, drift));
      await life.until('paged', () => incident(world, 'does not help') !== null, 12 * 3_600_000);
      expect([2, 3, 4].map((version) => world.stage(version))).toEqual(['rejected', 'rejected', 'rejected']);
      await life.report(finding('drift', 1, drift));
      await stage.env.sleep('6h');
      expect(world.versions.size).toBe(4);
      expect(world.champion).toBe(1);
      expect((await life.state()).episode).toMatchObject({ strikes: 3 });
      expect(world.decision('retraining')?.outcome).toBe('stopped');
    });
  });

  it('takes a storm of 1,000 triggers as two productions', async () => {
    const world = new World();
    let open!: () => void;
    const gate = new Promise<void>((resolve) => (open = resolve));
    world.train = () => gate;
    await live(stage, world, async (life) => {
      await life.request('first');
      const storm = Array.from({ length: 1_000 }, (_, i) => trigger(`storm-${i}`, { source: 'webhook' }));
      for (let i = 0; i < storm.length; i += 50) {
        await Promise.all(storm.slice(i, i + 50).map((t) => life.handle.signal(versionRequestedSignal, t)));
      }
      const last = await life.handle.executeUpdate(requestVersionUpdate, { args: [trigger('last')] });
      expect(last).toMatchObject({ kind: 'coalesced' });
      const waiting = (await life.state()).waitingTrigger;
      expect(waiting?.trigger.key).toBe('last');
      expect(await life.request('storm-700')).toMatchObject({ kind: 'coalesced' });
      open();
      await life.until(
        'both are candidates',
        () => world.versions.size === 2 && world.stage(2) === 'candidate',
      );
      await stage.env.sleep('3h');
      expect(world.versions.size).toBe(2);
      expect((await life.state()).processedKeys.length).toBeLessThanOrEqual(500);
    });
  });

  it('holds schedules back by cool-down and everybody by budget, and starts what waited by itself', async () => {
    const world = new World({ retraining: { coolDown: '3h', dailyBudget: 3 }, approval: null });
    await live(stage, world, async (life) => {
      expect(await life.request('a')).toMatchObject({ kind: 'started' });
      await life.untilChampion(1);
      expect(await life.request('s1', { source: 'schedule' })).toMatchObject({ kind: 'waiting' });
      await stage.env.sleep('1h');
      expect(world.versions.size).toBe(1);
      await life.until('v2 by timer', () => world.versions.size === 2, 4 * 3_600_000);
      await life.untilChampion(2);
      expect(await life.request('b')).toMatchObject({ kind: 'started', version: 3 });
      await life.untilChampion(3);
      const answer = await life.request('c');
      expect(['started', 'waiting']).toContain((answer as { kind: string }).kind);
      await life.until('v4 on the next day', () => world.versions.size === 4, 26 * 3_600_000);
    });
  });

  it('starts nothing while paused, keeps protecting traffic, and goes on with what waited', async () => {
    const world = new World();
    await live(stage, world, async (life) => {
      await life.promote(1);
      await life.promote(2);
      await life.handle.executeUpdate(pauseUpdate, { args: [{ actor: EMIL, reason: 'holiday' }] });
      await expectRefused(life.handle.executeUpdate(pauseUpdate, { args: [by] }), 'LIFECYCLE_PAUSED');
      expect(await life.request('s', { source: 'schedule' })).toMatchObject({ kind: 'refused' });
      expect(await life.request('h', { source: 'webhook' })).toMatchObject({ kind: 'waiting' });
      await life.report(finding('kpi', 2, { ...CRITICAL, actions: ['alert', 'rollback'] }));
      await life.until('v2 is rolled back', () => world.champion === 1);
      await stage.env.sleep('5h');
      expect(world.versions.size).toBe(2);
      await life.handle.executeUpdate(resumeUpdate, { args: [by] });
      await expectRefused(life.handle.executeUpdate(resumeUpdate, { args: [by] }), 'LIFECYCLE_NOT_PAUSED');
      await life.until('v3 is made', () => world.versions.size === 3);
    });
  });

  it('records which step of a production failed and why, tells it, and goes on', async () => {
    const world = new World();
    world.train = (version) => {
      if (version === 1) throw refused('TRAINER_REFUSED_INPUT', 'no positive labels');
    };
    await live(stage, world, async (life) => {
      await life.request('t1');
      await life.until('v1 failed', () => world.stage(1) === 'failed');
      await life.until('told', () => world.noticesOf('version_rejected').length === 1);
      expect(world.decision('production', 1)?.evidence).toMatchObject({
        code: 'TRAINER_REFUSED_INPUT',
        step: 'train',
      });
      world.train = () => undefined;
      await life.promote(2);
    });
  });

  it('counts the GPU hours of a training that failed without its time in the queue', async () => {
    const world = new World();
    world.policy = { ...world.policy, trainer: { ...world.policy.trainer, gpus: 2 } };
    world.train = () => {
      const told = { status: 422, problems: [], details: { trainedMs: 3_600_000 } };
      throw ApplicationFailure.create({ type: 'TRAINER_FAILED', nonRetryable: true, details: [told] });
    };
    await live(stage, world, async (life) => {
      await life.request('t1');
      await life.until('v1 failed', () => world.stage(1) === 'failed');
      await life.until('it is counted', async () => (await life.state()).budget.gpuMs === 2 * 3_600_000);
    });
  });

  it('outlives a database or a store that is away for an hour, before and after a training', async () => {
    for (const step of ['buildFrame', 'train', 'evaluateVersion', 'assessGates']) {
      const world = new World();
      let awayUntil: number | undefined;
      world.beforeCall = async (activity) => {
        if (activity !== step) return;
        const now = await stage.env.currentTimeMs();
        awayUntil ??= now + 3_600_000;
        if (now < awayUntil) throw new Error('connect ECONNREFUSED');
      };
      await live(stage, world, async (life) => {
        await life.request('t1');
        await life.until(`v1 is validated in spite of ${step}`, () => world.stage(1) === 'validated');
      });
    }
  });

  it('trains on the last good data when a batch is quarantined, and refuses where there never was any', async () => {
    const world = new World();
    world.ingest = async ({ source }) => ({
      source,
      dataset: world.versions.size === 1 && source === 'orders' ? null : 'good',
      rows: 10,
      newRows: 0,
      quarantined: [{ batchId: `b-${source}`, source, rows: 3, failures: ['price >= 0: 3 rows'] }],
    });
    await live(stage, world, async (life) => {
      await life.request('t1');
      await life.until('v1 failed', () => world.decision('production', 1) !== undefined);
      expect(world.stage(1)).toBe('failed');
      expect(world.decision('production', 1)?.evidence).toMatchObject({ code: 'SOURCE_WITHOUT_DATASET' });
      await life.request('t2');
      await life.until(
        'v2 is a candidate',
        () => world.versions.get(2)?.history.includes('candidate') === true,
      );
      await life.until('told', () => world.noticesOf('batch_quarantined').length === 2);
    });
  });

  it('never lets a message that cannot be delivered hold up a rollback', async () => {
    const world = new World();
    await live(stage, world, async (life) => {
      await life.promote(1);
      await life.promote(2);
      world.beforeNotify = () => {
        throw new Error('Slack is away');
      };
      await life.report(finding('kpi', 2, CRITICAL));
      await life.until('v2 is rolled back', () => world.champion === 1, 600_000);
      world.beforeNotify = () => undefined;
      await life.until('delivered later', () => world.noticesOf('incident_opened').length === 1);
    });
  });

  it('escalates an incident in time though its first message cannot be delivered, and makes up for no reminders', async () => {
    const world = new World({
      notifications: { remindEvery: '30m', escalation: { after: '1h', email: ['boss@plantly.shop'] } },
    });
    await live(stage, world, async (life) => {
      await life.promote(1);
      world.beforeNotify = ({ kind }) => {
        if (kind === 'incident_opened' || kind === 'incident_reminder')
          throw new Error('the mail server is away');
      };
      await life.report(finding('kpi', 1));
      await life.until('escalated', () => world.noticesOf('incident_escalated').length === 1, 2 * HOUR_MS);
      await stage.env.sleep('5h');
      world.beforeNotify = () => undefined;
      await life.until('told', () => world.noticesOf('incident_opened').length === 1);
      expect(world.noticesOf('incident_reminder').length).toBeLessThanOrEqual(1);
      const [id] = [...world.incidents.keys()];
      // Given up, which is no failure.
      await stage.env.client.workflow.getHandle(noticeWorkflowId(`${id ?? ''}/reminder/1`)).result();
      const handle = stage.env.client.workflow.getHandle(incidentWorkflowId(id ?? ''));
      await handle.executeUpdate(acknowledgeUpdate, { args: [by] });
      await life.until('on it', () => world.noticesOf('incident_acknowledged').length === 1);
    });
  });

  it('reminds of an incident, escalates it, and stops once somebody acknowledged', async () => {
    const world = new World({
      notifications: { remindEvery: '30m', escalation: { after: '1h', email: ['boss@plantly.shop'] } },
    });
    await live(stage, world, async (life) => {
      await life.promote(1);
      await life.report(finding('kpi', 1));
      await life.until('escalated', () => world.noticesOf('incident_escalated').length === 1);
      // The second reminder falls due with the escalation, and comes after it.
      await life.until('reminded', () => world.noticesOf('incident_reminder').length === 2);
      const [id] = [...world.incidents.keys()];
      const handle = stage.env.client.workflow.getHandle(incidentWorkflowId(id ?? ''));
      await handle.executeUpdate(acknowledgeUpdate, { args: [by] });
      await expectRefused(handle.executeUpdate(acknowledgeUpdate, { args: [by] }), 'INCIDENT_NOT_OPEN');
      const reminders = world.noticesOf('incident_reminder').length;
      await stage.env.sleep('5h');
      expect(world.noticesOf('incident_reminder')).toHaveLength(reminders);
      await handle.executeUpdate(resolveUpdate, { args: [by] });
      expect(await handle.query(incidentStateQuery)).toMatchObject({
        status: 'resolved',
        resolvedBy: 'otto',
      });
      await life.until(
        'the lifecycle knows',
        async () => Object.keys((await life.state()).incidents).length === 0,
      );
      await life.report(finding('kpi', 1));
      await life.until('a new incident', () => world.incidents.size === 2);
    });
  });
});
