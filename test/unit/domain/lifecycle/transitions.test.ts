import { describe, expect, it } from 'vitest';
import { applyFindings } from '../../../../src/domain/lifecycle/findings.ts';
import {
  productionFinished,
  productionRepeated,
  productionStarted,
  wasStarted,
} from '../../../../src/domain/lifecycle/productions.ts';
import { championMoved, promotionFinished } from '../../../../src/domain/lifecycle/promotions.ts';
import { beginRollback, checkRollback, rollbackDone } from '../../../../src/domain/lifecycle/rollbacks.ts';
import { initialLifecycle } from '../../../../src/domain/lifecycle/state.ts';
import type { LifecycleState } from '../../../../src/domain/lifecycle/state.ts';
import { applyTrigger } from '../../../../src/domain/lifecycle/triggers.ts';
import { nextWake, wake } from '../../../../src/domain/lifecycle/wake.ts';
import { systemActor } from '../../../../src/domain/actor.ts';
import { ADA, EMIL, finding, trigger } from '../../../workflows/builders.ts';

const HOUR = 3_600_000;
const NOON = Date.UTC(2026, 4, 1, 12);
const context = (now = NOON) => ({
  model: 'm',
  environment: 'prod',
  retraining: { coolDown: 24 * HOUR, dailyBudget: 2, maxStrikes: 3 },
  now,
});
const serving: LifecycleState = { ...initialLifecycle(), champion: 2, formerChampions: [1] };
const kinds = (effects: readonly { kind: string }[]) => effects.map(({ kind }) => kind);
const started = (state: LifecycleState, version: number, now = NOON) =>
  productionStarted(state, { version, specRevision: 1, deadline: now + HOUR }, context(now)).state;

describe('a trigger', () => {
  it('starts at once where nothing holds it, and answers its repetition alike', () => {
    const first = applyTrigger(serving, trigger('a'), context());
    expect(first.answer).toEqual({ kind: 'started', version: null });
    expect(kinds(first.effects)).toEqual(['start_production']);
    const known = started(first.state, 3);
    expect(applyTrigger(known, trigger('a'), context())).toMatchObject({
      answer: { kind: 'started', version: 3 },
      effects: [],
    });
  });

  it('waits, is replaced by the latest, and one production serves all', () => {
    let state = started(applyTrigger(serving, trigger('a'), context()).state, 3);
    for (const key of ['b', 'c', 'd']) state = applyTrigger(state, trigger(key), context()).state;
    expect(state.waitingTrigger).toMatchObject({ trigger: { key: 'd' }, absorbed: ['b', 'c'] });
    const failed = { kind: 'failed', version: 3, code: 'X', reason: 'x' } as const;
    const next = productionFinished(state, failed, context());
    expect(kinds(next.effects)).toEqual(['start_production']);
    expect(next.state.starting).toMatchObject({ trigger: { key: 'd' }, absorbed: ['b', 'c'] });
  });

  it('names everybody whose requests it absorbed, so that none of them can approve the version', () => {
    let state = started(applyTrigger(serving, trigger('a'), context()).state, 3);
    const schedule = systemActor('schedule');
    for (const [key, requestedBy] of [
      ['b', ADA],
      ['c', EMIL],
      ['d', ADA],
      ['e', schedule],
    ] as const)
      state = applyTrigger(state, trigger(key, { requestedBy }), context()).state;
    const failed = { kind: 'failed', version: 3, code: 'X', reason: 'x' } as const;
    const next = productionFinished(state, failed, context());
    const asked = { requestedBy: schedule, alsoRequestedBy: ['emil', 'ada'] };
    expect(next.effects).toMatchObject([{ kind: 'start_production', trigger: { key: 'e', ...asked } }]);
    const made = productionFinished(started(next.state, 4), { kind: 'candidate', version: 4 }, context());
    expect(made.effects).toMatchObject([{ kind: 'start_promotion', version: 4, ...asked }]);
  });

  it('that comes again after a storm has pushed its key out is not produced twice, and those it absorbed are', () => {
    let state = started(applyTrigger(serving, trigger('a'), context()).state, 3);
    for (let i = 0; i < 600; i += 1) state = applyTrigger(state, trigger(`s${String(i)}`), context()).state;
    state = applyTrigger(state, trigger('a'), context()).state;
    const failed = { kind: 'failed', version: 3, code: 'X', reason: 'x' } as const;
    const again = productionFinished(state, failed, context()).state;
    expect(again.starting?.trigger.key).toBe('a');
    expect([wasStarted(again, 3), wasStarted(again, 4)]).toEqual([true, false]);
    const next = productionRepeated(again, 3, context());
    expect(next.effects).toMatchObject([{ kind: 'start_production', trigger: { key: 's599' } }]);
    expect(applyTrigger(next.state, trigger('a'), context()).answer).toEqual({ kind: 'started', version: 3 });
    expect(started(next.state, 4).production).toMatchObject({ version: 4, trigger: { key: 's599' } });
  });

  it('that comes again alone, forgotten, spends nothing of the budget', () => {
    const known = { ...serving, newestVersion: 3 };
    const begun = applyTrigger(known, trigger('a'), context()).state;
    const { state, effects } = productionRepeated(begun, 3, context());
    expect(effects).toEqual([]);
    expect(state).toMatchObject({ starting: null, production: null, budget: { used: 0 } });
  });

  it('by schedule waits out the cool-down with a timer; by a person it does not', () => {
    const ran = { ...serving, lastProductionStartedAt: NOON - HOUR };
    const held = applyTrigger(ran, trigger('s', { source: 'schedule' }), context());
    expect(held.answer.kind).toBe('waiting');
    expect(nextWake(held.state, context())).toBe(NOON + 23 * HOUR);
    expect(kinds(wake(held.state, context(NOON + 23 * HOUR)).effects)).toEqual(['start_production']);
    const merged = applyTrigger(held.state, trigger('p'), context());
    expect(merged.answer.kind).toBe('started');
  });

  it('waits for the next day once the budget is spent, whoever asks', () => {
    const spent = { ...serving, budget: { day: '2026-05-01', used: 2 } };
    const held = applyTrigger(spent, trigger('p'), context());
    expect(held.answer).toMatchObject({ kind: 'waiting' });
    expect(nextWake(held.state, context())).toBe(Date.UTC(2026, 4, 2));
  });
});

describe('a rollback', () => {
  it.each([
    ['without a champion', initialLifecycle(), undefined, 'ROLLBACK_TARGET_INVALID'],
    ['to the champion itself', serving, 2, 'ROLLBACK_TARGET_INVALID'],
    ['to a version that never served', serving, 9, 'ROLLBACK_TARGET_INVALID'],
    [
      'without an earlier champion',
      { ...serving, formerChampions: [] },
      undefined,
      'ROLLBACK_TARGET_INVALID',
    ],
    [
      'by default to one that was rolled back',
      { ...serving, rolledBack: [1] },
      undefined,
      'ROLLBACK_TARGET_INVALID',
    ],
  ])('is refused %s', (_what, state, to, code) => {
    expect(checkRollback(state, to)?.definition.code).toBe(code);
  });

  it('is refused without a target right after another, until a champion has won again', () => {
    const order = { actor: { id: 'otto', roles: [] }, reason: 'r', automatic: true, incidentId: null };
    const three = { ...serving, champion: 3, formerChampions: [2, 1] };
    const begun = beginRollback(three, order, context()).state;
    const back = rollbackDone(begun, { to: 2, generation: 5, detail: '' }, context()).state;
    expect(checkRollback(back, undefined)).toMatchObject({
      definition: { code: 'ROLLBACK_TARGET_INVALID' },
      message: expect.stringContaining(
        'Version 2 is back already, since the rollback from version 3',
      ) as string,
    });
    expect(checkRollback(back, 1)).toBeNull();
    expect(checkRollback({ ...back, champion: 4, formerChampions: [3, 2, 1] }, undefined)).toBeNull();
  });

  it('lets a person choose a version that was rolled back', () => {
    expect(checkRollback({ ...serving, rolledBack: [1] }, 1)).toBeNull();
  });

  it('aborts the promotion under way first, and declines it even if it passes meanwhile', () => {
    const running = started(applyTrigger(serving, trigger('a'), context()).state, 3);
    const promoting = productionFinished(running, { kind: 'candidate', version: 3 }, context()).state;
    const order = { actor: { id: 'otto', roles: [] }, reason: 'r', automatic: false, incidentId: null };
    const begun = beginRollback(promoting, order, context());
    expect(kinds(begun.effects)).toEqual(['abort_promotion']);
    expect(checkRollback(begun.state, undefined)?.definition.code).toBe('ROLLBACK_RUNNING');
    const passed = { kind: 'passed', version: 3, reason: '', decisionId: null, baseline: null } as const;
    const ended = promotionFinished(begun.state, passed, context());
    expect(ended.effects).toContainEqual(
      expect.objectContaining({ kind: 'set_stage', version: 3, stage: 'rolled_back' }),
    );
    expect(kinds(ended.effects).at(-1)).toBe('roll_back');
  });
});

describe('findings', () => {
  const report = (id: string, ...findings: ReturnType<typeof finding>[]) => ({
    passId: id,
    version: 2,
    findings,
  });
  const all = { severity: 'critical', actions: ['alert', 'rollback', 'retrain'] } as const;

  it('act once: one incident, one rollback, one retraining, however often they repeat', () => {
    const first = applyFindings(serving, report('1', finding('kpi', 2, all)), context());
    expect(kinds(first.effects)).toEqual(['open_incident', 'roll_back', 'start_production']);
    expect(applyFindings(first.state, report('1', finding('kpi', 2, all)), context()).effects).toEqual([]);
    expect(applyFindings(first.state, report('2', finding('kpi', 2, all)), context()).effects).toEqual([]);
  });

  it.each([
    ['unconfirmed', { confirmed: false }],
    ['without data', { status: 'insufficient_data' as const }],
    ['without an answer', { status: 'error' as const }],
    ['about another version', { version: 1 }],
  ])('do nothing while %s', (_what, parts) => {
    expect(
      applyFindings(serving, report('1', finding('kpi', 2, { ...all, ...parts })), context()).effects,
    ).toEqual([]);
  });

  it('resolve the incident when the monitor is ok again', () => {
    const open = applyFindings(serving, report('1', finding('kpi', 2)), context()).state;
    const ok = applyFindings(open, report('2', finding('kpi', 2, { status: 'ok' })), context());
    expect(ok.effects).toMatchObject([{ kind: 'note_incident', resolves: true }]);
    expect(ok.state.incidents).toEqual({});
  });

  it('ask for the next retraining after each strike, and stop at the third', () => {
    let state = applyFindings(
      serving,
      report('1', finding('d', 2, { actions: ['retrain'] })),
      context(),
    ).state;
    let now = NOON;
    for (const strike of [1, 2, 3]) {
      expect(state.starting?.trigger.key).toMatch(new RegExp(`/retraining-${strike}$`));
      const version = 2 + strike;
      const failed = { kind: 'failed', version, code: 'X', reason: 'x' } as const;
      const ended = productionFinished(started(state, version, now), failed, context(now));
      now += 24 * HOUR;
      state = wake(ended.state, context(now)).state;
      expect(state.episode).toMatchObject({ strikes: strike });
      if (strike === 3) expect(kinds(ended.effects)).toEqual(['record_decision', 'open_incident']);
    }
    expect(state.starting).toBeNull();
    const later = applyFindings(state, report('9', finding('d', 2, { actions: ['retrain'] })), context(now));
    expect(later.effects).toEqual([]);
    const replaced = championMoved(state, { version: 9, generation: 4, reason: '' }, context(now));
    expect(replaced.state.episode).toBeNull();
  });
});
