import type { Actor } from '../actor.ts';
import { ROLLBACK_RUNNING, ROLLBACK_TARGET_INVALID } from '../../errors/lifecycle-errors.ts';
import { refusal } from '../refusal.ts';
import type { Refusal } from '../refusal.ts';
import { abortPromotion } from './abort-promotion.ts';
import type { Effect } from './effects.ts';
import { releaseCandidate } from './candidates.ts';
import { withChampion } from './champion.ts';
import type { LifecycleState, RollbackState } from './state.ts';
import { inTurn, move } from './transition.ts';
import type { LifecycleContext, Transition } from './transition.ts';

/** Earlier champions that automation may serve again, newest first. */
export function rollbackTargets(state: LifecycleState): readonly number[] {
  return state.formerChampions.filter((v) => v !== state.champion && !state.rolledBack.includes(v));
}

/** Why a person's rollback can't begin, or null. People may choose any earlier champion, also one rolled back. */
export function checkRollback(state: LifecycleState, to: number | undefined): Refusal | null {
  if (state.champion === null) {
    return refusal(ROLLBACK_TARGET_INVALID, 'There is no champion to roll back from.');
  }
  if (isRollingBack(state)) {
    return refusal(ROLLBACK_RUNNING, `A rollback from version ${String(state.champion)} is under way.`);
  }
  const allowed = state.formerChampions.map(String).join(', ') || 'none';
  if (to === undefined) {
    const last = state.rollback;
    if (last?.status === 'done' && last.to === state.champion) {
      // Two people, or one and automation, answer the same alarm: the second must not undo the champion that is good.
      const text = `Version ${String(last.to)} is back already, since the rollback from version ${String(last.from)}. To go further back, name the version; earlier champions: ${allowed}.`;
      return refusal(ROLLBACK_TARGET_INVALID, text);
    }
    if (rollbackTargets(state).length > 0) return null;
    const text = `No earlier champion is left to go back to. Earlier champions: ${allowed}.`;
    return refusal(ROLLBACK_TARGET_INVALID, text);
  }
  if (to === state.champion) {
    return refusal(ROLLBACK_TARGET_INVALID, `Version ${String(to)} is the champion already.`);
  }
  if (!state.formerChampions.includes(to)) {
    const text = `Version ${String(to)} has never been champion. Earlier champions: ${allowed}.`;
    return refusal(ROLLBACK_TARGET_INVALID, text);
  }
  return null;
}

export function isRollingBack(state: LifecycleState): boolean {
  return state.rollback?.status === 'waiting' || state.rollback?.status === 'running';
}

export interface RollbackOrder {
  readonly to?: number | undefined;
  readonly actor: Actor;
  readonly reason: string;
  /** Automation tries every allowed target in turn; a person's choice is tried alone. */
  readonly automatic: boolean;
  readonly incidentId: string | null;
}

/** Begins a rollback that `checkRollback` allowed. A promotion under way is aborted first, and waited for. */
export function beginRollback(
  state: LifecycleState,
  order: RollbackOrder,
  context: LifecycleContext,
): Transition<RollbackState> {
  const from = state.champion ?? 0;
  const usable = rollbackTargets(state);
  const targets = order.automatic ? usable : order.to === undefined ? usable.slice(0, 1) : [order.to];
  const { actor, reason, automatic, incidentId } = order;
  const commands = state.commands + 1;
  const base = {
    id: `${String(from)}-${String(context.now)}-${String(commands)}`,
    from,
    targets,
    to: null,
    automatic,
    actor,
    reason,
    incidentId,
    startedAt: context.now,
    detail: '',
    generation: null,
  } as const;
  if (state.promotion === null) {
    const rollback: RollbackState = { ...base, status: 'running' };
    const begun = { ...state, rollback, commands };
    return { state: begun, effects: [{ kind: 'roll_back', rollback }], answer: rollback };
  }
  const rollback: RollbackState = { ...base, status: 'waiting', detail: 'aborting the promotion under way' };
  const why = `Version ${String(from)} is being rolled back: ${reason}`;
  const waiting = abortPromotion({ ...state, rollback, commands }, { actor, reason: why }, context);
  return { ...waiting, answer: rollback };
}

/** Carries a rollback on that waited for a promotion to end; one whose champion has changed meanwhile is moot. */
export function resumeRollback(state: LifecycleState, context: LifecycleContext): Transition {
  const { rollback } = state;
  if (rollback?.status !== 'waiting' || state.promotion !== null) return move(state);
  if (rollback.from !== state.champion) {
    const text = `The champion changed to version ${String(state.champion)} meanwhile; nothing was rolled back.`;
    return rollbackEnded(
      state,
      { ...rollback, status: 'rollback_failed', detail: text },
      [decision(rollback, context, 'moot', text, {}), ...note(rollback, text)],
      context,
    );
  }
  const running: RollbackState = { ...rollback, status: 'running', detail: '' };
  return move({ ...state, rollback: running }, { kind: 'roll_back', rollback: running });
}

/** The champion pointer is back on an earlier version. The one it left is never served by automation again. */
export function rollbackDone(
  state: LifecycleState,
  done: { readonly to: number; readonly generation: number; readonly detail: string },
  context: LifecycleContext,
): Transition {
  const { rollback } = state;
  if (rollback?.status !== 'running') return move(state);
  const { to, generation, detail } = done;
  const { from, reason, actor } = rollback;
  const next: LifecycleState = {
    ...withChampion(state, to),
    rolledBack: [...state.rolledBack.filter((v) => v !== from), from].slice(-100),
  };
  const id = `${context.environment}/${context.model}/champion/${String(generation)}`;
  const text = `Rolled back from version ${String(from)} to version ${String(to)}: ${reason}`;
  return rollbackEnded(
    next,
    { ...rollback, status: 'done', to, generation, detail },
    [
      decision(rollback, context, 'rolled_back', text, { to, generation, detail }),
      {
        kind: 'notify',
        notice: {
          key: id,
          thread: rollback.incidentId ?? id,
          kind: 'champion_changed',
          severity: 'warning',
          title: `${context.model} is back on version ${String(to)} in ${context.environment}`,
          text: `${text} (by ${actor.id}). ${detail}`,
          facts: { from: String(from), to: String(to), generation: String(generation) },
          actions: [],
          escalate: false,
        },
      },
      ...note(rollback, `${text}. ${detail}`),
    ],
    context,
  );
}

/** No target could be served. The champion is unchanged, the record says so, and on-call is paged. */
export function rollbackFailed(state: LifecycleState, detail: string, context: LifecycleContext): Transition {
  const { rollback } = state;
  if (rollback?.status !== 'running') return move(state);
  const text = `Version ${String(rollback.from)} could not be rolled back and still serves: ${detail}`;
  return rollbackEnded(
    state,
    { ...rollback, status: 'rollback_failed', detail },
    [
      decision(rollback, context, 'rollback_failed', text, { targets: rollback.targets }),
      {
        kind: 'open_incident',
        incident: {
          incidentId: `${context.environment}-${context.model}-rollback-${rollback.id}`,
          severity: 'critical',
          title: `The rollback of ${context.model} version ${String(rollback.from)} failed`,
          summary: text,
          facts: { from: String(rollback.from), tried: rollback.targets.join(', ') || 'none', why: detail },
        },
      },
      ...note(rollback, text),
    ],
    context,
  );
}

function rollbackEnded(
  state: LifecycleState,
  rollback: RollbackState,
  effects: readonly Effect[],
  context: LifecycleContext,
): Transition {
  return inTurn(
    { ...state, rollback },
    (s) => move(s, ...effects),
    (s) => releaseCandidate(s, context),
  );
}

function decision(
  rollback: RollbackState,
  context: LifecycleContext,
  outcome: string,
  reason: string,
  evidence: Readonly<Record<string, unknown>>,
): Effect {
  return {
    kind: 'record_decision',
    decision: {
      decisionId: `${context.environment}/${context.model}/rollback/${rollback.id}/${outcome}`,
      version: rollback.from,
      kind: 'rollback',
      outcome,
      reason,
      actor: rollback.actor,
      evidenceHash: null,
      evidence: { ...evidence, automatic: rollback.automatic, incident: rollback.incidentId },
    },
  };
}

function note(rollback: RollbackState, text: string): Effect[] {
  if (rollback.incidentId === null) return [];
  const key = `rollback/${rollback.id}`;
  return [{ kind: 'note_incident', incidentId: rollback.incidentId, key, text, resolves: false }];
}
