import { describe, expect, it } from 'vitest';
import type { Effect } from '../../../../src/domain/lifecycle/effects.ts';
import { offerCandidate } from '../../../../src/domain/lifecycle/candidates.ts';
import { applyFindings } from '../../../../src/domain/lifecycle/findings.ts';
import { pauseLifecycle, resumeLifecycle } from '../../../../src/domain/lifecycle/pause.ts';
import {
  productionFinished,
  productionNotStarted,
  productionStarted,
} from '../../../../src/domain/lifecycle/productions.ts';
import {
  championMoved,
  championNotMoved,
  promotionFinished,
  promotionLost,
} from '../../../../src/domain/lifecycle/promotions.ts';
import { beginRollback } from '../../../../src/domain/lifecycle/rollbacks.ts';
import { initialLifecycle } from '../../../../src/domain/lifecycle/state.ts';
import type { LifecycleState } from '../../../../src/domain/lifecycle/state.ts';
import { applyTrigger } from '../../../../src/domain/lifecycle/triggers.ts';
import { nextWake, wake } from '../../../../src/domain/lifecycle/wake.ts';
import { finding, OTTO, trigger } from '../../../workflows/builders.ts';

const HOUR = 3_600_000;
const NOON = Date.UTC(2026, 4, 1, 12);
const at = (now: number) => ({
  model: 'm',
  environment: 'prod',
  retraining: { coolDown: 24 * HOUR, dailyBudget: 9, maxStrikes: 3 },
  now,
});
const now = at(NOON);
const by = { actor: OTTO, reason: 'r' };
const order = { ...by, automatic: false, incidentId: null };
const serving: LifecycleState = { ...initialLifecycle(), champion: 2, formerChampions: [1] };
const passed = { kind: 'passed', version: 3, reason: 'r', decisionId: null, baseline: null } as const;

function decisions(effects: readonly Effect[]) {
  return effects.flatMap((effect) => (effect.kind === 'record_decision' ? [effect.decision] : []));
}
const produced = (state: LifecycleState, key: string, version: number): LifecycleState => {
  const asked = applyTrigger(state, trigger(key), now).state;
  const running = productionStarted(asked, { version, specRevision: 1, deadline: NOON + HOUR }, now).state;
  return productionFinished(running, { kind: 'candidate', version }, now).state;
};
const promoting = produced(serving, 'a', 3);

describe('what ends without a word of its own is on record all the same:', () => {
  it('a trigger whose production could not be started, with those that it absorbed', () => {
    const starting = applyTrigger(serving, trigger('a'), now).state;
    const { effects } = productionNotStarted(starting, 'no database', now);
    expect(decisions(effects)).toMatchObject([
      { kind: 'trigger', outcome: 'refused', evidence: { trigger: { key: 'a' }, absorbed: [] } },
    ]);
  });

  it('a candidate that another one superseded', () => {
    const waiting = produced(promoting, 'b', 4);
    const asked = applyTrigger(waiting, trigger('c'), now).state;
    const running = productionStarted(asked, { version: 5, specRevision: 1, deadline: NOON }, now).state;
    const { effects } = productionFinished(running, { kind: 'candidate', version: 5 }, now);
    expect(decisions(effects)).toMatchObject([{ version: 4, kind: 'promotion', outcome: 'expired' }]);
  });

  it('a promotion that is gone, or whose champion could not be moved', () => {
    const lost = promotionLost(promoting, 'terminated', now);
    expect(decisions(lost.effects)).toMatchObject([{ version: 3, kind: 'promotion', outcome: 'failed' }]);
    const finishing = promotionFinished(promoting, passed, now).state;
    const stuck = championNotMoved(finishing, 3, 'conflict', now);
    expect(decisions(stuck.effects)).toMatchObject([{ version: 3, kind: 'promotion', outcome: 'failed' }]);
  });

  it('a promotion that could not decide, and the next of the same version that passed in vain: two incidents', () => {
    const incidents = (effects: readonly Effect[]) =>
      effects.flatMap((effect) => (effect.kind === 'open_incident' ? [effect.incident.incidentId] : []));
    const failed = { ...passed, kind: 'failed' } as const;
    const undecided = promotionFinished(promoting, failed, now);
    const candidate = { version: 3, trigger: trigger('a'), specRevision: 1, round: 'revalidation-1' };
    const again = offerCandidate(undecided.state, candidate, now).state;
    const stuck = championNotMoved(promotionFinished(again, passed, now).state, 3, 'conflict', now);
    const ids = [...incidents(undecided.effects), ...incidents(stuck.effects)];
    expect(new Set(ids).size, ids.join(', ')).toBe(2);
  });

  it('a promotion that passed while a rollback waited; its traffic goes back before the rollback', () => {
    const waiting = beginRollback(promoting, order, now).state;
    const { effects } = promotionFinished(waiting, passed, now);
    expect(effects.map(({ kind }) => kind)).toEqual([
      'set_stage',
      'restore_route',
      'record_decision',
      'roll_back',
    ]);
    expect(decisions(effects)).toMatchObject([{ version: 3, kind: 'promotion', outcome: 'rolled_back' }]);
  });

  it('a rollback that another champion overtook', () => {
    const finishing = promotionFinished(promoting, passed, now).state;
    const waiting = beginRollback(finishing, order, now).state;
    const moved = championMoved(waiting, { version: 3, generation: 9, reason: 'r' }, now);
    expect(moved.state.rollback?.status).toBe('rollback_failed');
    expect(decisions(moved.effects)).toMatchObject([
      { kind: 'promotion', outcome: 'champion' },
      { kind: 'rollback', outcome: 'moot', actor: OTTO },
    ]);
  });

  it('two pauses in the same millisecond, under different ids', () => {
    const first = pauseLifecycle(serving, by, now);
    const second = pauseLifecycle(resumeLifecycle(first.state, by, now).state, by, now);
    const ids = [...decisions(first.effects), ...decisions(second.effects)].map((one) => one.decisionId);
    expect(new Set(ids).size).toBe(2);
  });
});

describe('a drift episode', () => {
  it('asks again when a retraining could not be started, and counts a strike', () => {
    const drift = finding('drift', 2, { actions: ['retrain'] });
    const starting = applyFindings(serving, { passId: '1', version: 2, findings: [drift] }, now).state;
    const { state } = productionNotStarted(starting, 'no database', now);
    expect(state.episode).toMatchObject({ strikes: 1, version: null });
    expect(state.waitingTrigger?.trigger.key).toMatch(/\/retraining-2$/);
    expect(wake(state, at(NOON + 24 * HOUR)).state.starting).not.toBeNull();
  });
});

describe('a promotion that is overdue', () => {
  const deadline = promoting.promotion!.deadline;

  it('is asked to end, since it may still live, and given up an hour later', () => {
    const asked = wake(promoting, at(deadline));
    expect(asked.effects).toMatchObject([{ kind: 'abort_promotion', version: 3 }]);
    expect(asked.state.promotion?.status).toBe('aborting');
    expect(nextWake(asked.state, at(deadline))).toBe(deadline + HOUR);
    const lost = wake(asked.state, at(deadline + HOUR));
    expect(lost.state.promotion).toBeNull();
    expect(lost.effects.map(({ kind }) => kind)).toContain('restore_route');
  });

  it('holds a rollback up for an hour at most', () => {
    const waiting = beginRollback(promoting, order, now).state;
    const lost = wake(waiting, at(NOON + HOUR));
    expect(lost.state.rollback?.status).toBe('running');
    expect(lost.effects.at(-1)?.kind).toBe('roll_back');
  });
});
