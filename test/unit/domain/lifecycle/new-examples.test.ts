import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../../src/domain/finding.ts';
import { applyFindings } from '../../../../src/domain/lifecycle/findings.ts';
import { pauseLifecycle, resumeLifecycle } from '../../../../src/domain/lifecycle/pause.ts';
import {
  productionFinished,
  productionStarted,
  triggerTaken,
} from '../../../../src/domain/lifecycle/productions.ts';
import { initialLifecycle } from '../../../../src/domain/lifecycle/state.ts';
import type { LifecycleState } from '../../../../src/domain/lifecycle/state.ts';
import { applyTrigger } from '../../../../src/domain/lifecycle/triggers.ts';
import { wake } from '../../../../src/domain/lifecycle/wake.ts';
import { ADA, EMIL, finding, MIRA, OTTO, trigger } from '../../../workflows/builders.ts';

const HOUR = 3_600_000;
const NOON = Date.UTC(2026, 4, 1, 12);
const SEEN_UNTIL = NOON - 60_000;
const now = {
  model: 'm',
  environment: 'prod',
  retraining: { coolDown: 24 * HOUR, dailyBudget: 9, maxStrikes: 3 },
  now: NOON,
};
const serving: LifecycleState = { ...initialLifecycle(), champion: 2, formerChampions: [1] };
const by = { actor: OTTO, reason: 'r' };

/** A breach that asks for a retraining has been seen. */
function found(state: LifecycleState, parts: Partial<Finding> = {}): LifecycleState {
  const breach = finding('kpi', 2, { actions: ['retrain'], windowEnd: SEEN_UNTIL, ...parts });
  return applyFindings(state, { passId: 'p', version: 2, findings: [breach] }, now).state;
}
const begin = (state: LifecycleState, maxWaitMs?: number) =>
  productionStarted(state, { version: 3, specRevision: 1, deadline: NOON + HOUR, maxWaitMs }, now);
const ask = (state: LifecycleState, ...asked: Parameters<typeof trigger>) =>
  applyTrigger(state, trigger(...asked), now);
/** What the main loop does after each message. */
const woken = (state: LifecycleState) => wake(state, now);
const waiting = begin(found(serving), 2 * HOUR).state;

describe('a retraining waits for new examples', () => {
  it('since the end of the window that was seen, and its deadline with it', () => {
    const { state, answer } = begin(found(serving), 2 * HOUR);
    expect(answer).toBe(SEEN_UNTIL);
    expect(state.production).toMatchObject({
      deadline: NOON + 3 * HOUR,
      newExamples: { since: SEEN_UNTIL, told: false },
    });
  });

  it('also after a strike, since the same moment', () => {
    const failed = { kind: 'failed', version: 3, code: 'X', reason: 'x' } as const;
    const struck = productionFinished(waiting, failed, now).state;
    const later = { ...now, now: NOON + 25 * HOUR };
    const again = wake(struck, later).state;
    const started = { version: 4, specRevision: 1, deadline: NOON + 26 * HOUR, maxWaitMs: HOUR };
    expect(productionStarted(again, started, later).answer).toBe(SEEN_UNTIL);
  });

  it.each<[string, LifecycleState, number | undefined]>([
    ['where the spec says nothing of it', found(serving), undefined],
    ['that a person asked for', ask(serving, 'p').state, HOUR],
    ['that a schedule asked for', ask(serving, 's', { source: 'schedule' }).state, HOUR],
    ['because the model is old', found(serving, { type: 'staleness' }), HOUR],
    ['because it is slow', found(serving, { type: 'latency' }), HOUR],
  ])('but not one %s', (_what, state, maxWaitMs) => {
    const { state: next, answer } = begin(state, maxWaitMs);
    expect(answer).toBeNull();
    expect(next.production).toEqual({
      version: 3,
      specRevision: 1,
      deadline: NOON + HOUR,
      trigger: next.production?.trigger,
      startedAt: NOON,
    });
  });

  it('but not when it serves a person as well, whoever asked last; a schedule that absorbed it waits', () => {
    const cooling = {
      ...serving,
      lastProductionStartedAt: NOON - HOUR,
      budget: { day: '2026-05-01', used: 9 },
    };
    const tomorrow = { ...now, now: NOON + 25 * HOUR };
    const started = { version: 3, specRevision: 1, deadline: NOON, maxWaitMs: HOUR };
    const scheduled = ask(found(cooling), 's', { source: 'schedule' }).state;
    expect(productionStarted(wake(scheduled, tomorrow).state, started, tomorrow).answer).toBe(SEEN_UNTIL);
    const wanted = found(ask(cooling, 'p').state);
    expect(wanted.waitingTrigger).toMatchObject({ trigger: { source: 'finding' }, wantedKey: 'p' });
    expect(productionStarted(wake(wanted, tomorrow).state, started, tomorrow).answer).toBeNull();
  });
});

describe('a version that waits for new examples', () => {
  it('is told once that somebody wants one now, and serves what was asked until then', () => {
    const scheduled = ask(waiting, 's', { source: 'schedule' });
    expect(woken(scheduled.state).effects).toEqual([]);
    const asked = ask(scheduled.state, 'p');
    expect(asked.answer).toEqual({ kind: 'coalesced', into: 's' });
    const told = woken(asked.state);
    expect(told.effects).toMatchObject([{ kind: 'hasten_production', version: 3, trigger: { key: 'p' } }]);
    const more = woken(ask(told.state, 'q').state);
    expect(more.effects).toEqual([]);
    const { state, effects } = triggerTaken(more.state, { version: 3, trigger: trigger('p') }, now);
    expect(state.waitingTrigger).toEqual({ trigger: trigger('q'), absorbed: [], wantedKey: 'q' });
    expect(effects).toMatchObject([
      { kind: 'record_decision', decision: { version: 3, outcome: 'taken', evidence: { absorbed: ['s'] } } },
    ]);
    expect(ask(state, 'p').answer).toEqual({ kind: 'started', version: 3 });
    // Whoever asked is its requester, and as such can't approve it.
    const made = productionFinished(state, { kind: 'candidate', version: 3 }, now);
    expect(made.effects).toContainEqual(
      expect.objectContaining({ kind: 'start_promotion', version: 3, requestedBy: ADA }),
    );
  });

  it('is made for everybody who asked until then, and what waits on for the others', () => {
    const first = ask(ask(waiting, 's', { source: 'schedule', requestedBy: MIRA }).state, 'p').state;
    const { effects } = woken(first);
    const asked = { key: 'p', requestedBy: ADA, alsoRequestedBy: ['mira'] };
    expect(effects).toMatchObject([{ kind: 'hasten_production', trigger: asked }]);
    const later = ask(ask(first, 'q', { requestedBy: EMIL }).state, 'r', { requestedBy: OTTO }).state;
    const taken = triggerTaken(later, { version: 3, trigger: trigger('p', asked) }, now);
    const made = productionFinished(taken.state, { kind: 'candidate', version: 3 }, now);
    expect(made.effects).toMatchObject([
      { kind: 'start_promotion', requestedBy: ADA, alsoRequestedBy: ['system:retraining', 'mira'] },
      { kind: 'start_production', trigger: { key: 'r', requestedBy: OTTO, alsoRequestedBy: ['emil'] } },
    ]);
  });

  it('answers whoever asks first that it may serve that too', () => {
    expect(ask(waiting, 'p').answer).toMatchObject({ kind: 'waiting', reason: /version 3.*serves this too/ });
  });

  it('leaves later requests of automation cooled down', () => {
    const told = woken(ask(waiting, 'p').state).state;
    const later = ask(told, 's', { source: 'schedule' }).state;
    const { state } = triggerTaken(later, { version: 3, trigger: trigger('p') }, now);
    expect(state.waitingTrigger).toMatchObject({ trigger: { key: 's' }, absorbed: [], wantedKey: null });
  });

  it('that trains already takes nothing: what was asked gets a version of its own', () => {
    const told = woken(ask(waiting, 'p').state).state;
    const ended = productionFinished(told, { kind: 'candidate', version: 3 }, now);
    expect(ended.effects.map(({ kind }) => kind)).toContain('start_production');
    const late = triggerTaken(ended.state, { version: 3, trigger: trigger('p') }, now);
    expect(late.effects).toEqual([]);
    expect(late.state).toBe(ended.state);
  });

  it('goes on for whoever asked while its number was being given', () => {
    const { state } = ask(found(serving), 'p');
    expect(woken(begin(state, HOUR).state).effects).toMatchObject([{ kind: 'hasten_production' }]);
  });

  it('serves the retraining of another episode with the person that asked', () => {
    const { episode: _over, ...rest } = waiting;
    const second = found({ ...rest, episode: null, lastPassIds: [] }, { windowEnd: NOON });
    const told = woken(ask(second, 'p').state).state;
    const { state } = triggerTaken(told, { version: 3, trigger: trigger('p') }, now);
    expect(state.episode).toMatchObject({ since: NOON, version: 3 });
  });

  it('is told at the resume what was asked for during a pause', () => {
    const paused = pauseLifecycle(waiting, by, now).state;
    const asked = woken(ask(paused, 'p').state);
    expect(asked.effects).toEqual([]);
    const resumed = resumeLifecycle(asked.state, by, now);
    expect(resumed.effects.map(({ kind }) => kind)).toContain('hasten_production');
  });

  it('takes the one that asked even if a storm has pushed its key out', () => {
    let state = woken(ask(waiting, 'p').state).state;
    for (let i = 0; i < 600; i += 1) state = ask(state, `s${String(i)}`, { source: 'webhook' }).state;
    const taken = triggerTaken(state, { version: 3, trigger: trigger('p') }, now);
    expect(taken.state.waitingTrigger).toMatchObject({ trigger: { key: 's599' }, wantedKey: 's599' });
    expect(taken.state.waitingTrigger?.absorbed).toHaveLength(500);
    expect(taken.effects).toMatchObject([{ decision: { outcome: 'taken' } }]);
  });
});
