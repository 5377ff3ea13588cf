import type { Trigger, TriggerAnswer } from '../trigger.ts';
import { absorbedRequesters, servedTrigger } from './absorbed-requesters.ts';
import { budgetDay } from './budget-day.ts';
import { gpuTimeOfDay } from './gpu-budget.ts';
import { firstAnswer, PROCESSED_KEYS_LIMIT, remember } from './processed-keys.ts';
import { mayServe, startRule } from './start-rule.ts';
import type { LifecycleState, WaitingTrigger } from './state.ts';
import { move } from './transition.ts';
import type { LifecycleContext, Transition } from './transition.ts';

/** People, the API and webhooks want a version now; schedules and findings ask by themselves, and are cooled down. */
function isWanted(trigger: Trigger): boolean {
  return trigger.source !== 'schedule' && trigger.source !== 'finding';
}

/**
 * Takes a trigger. A key that was seen answers what it answered the first time. While one production runs, or
 * a rule of `startRule` holds, only the latest trigger waits and absorbs the one before it: one production
 * serves both, and the answer `coalesced` names the trigger it was merged with. While paused a schedule is
 * refused (it comes again by itself); everything else waits for the resume.
 */
export function applyTrigger(
  state: LifecycleState,
  trigger: Trigger,
  context: LifecycleContext,
): Transition<TriggerAnswer> {
  const earlier = firstAnswer(state, trigger.key);
  if (earlier !== null) return { state, effects: [], answer: earlier };
  if (state.paused !== null && trigger.source === 'schedule') {
    const reason = `The lifecycle is paused by ${state.paused.by}: ${state.paused.reason}`;
    return answered(state, trigger.key, { kind: 'refused', reason });
  }
  const before = state.waitingTrigger;
  const queued = { ...state, waitingTrigger: mergeWaiting(before, trigger) };
  const rule = startRule(queued, context);
  if (rule.kind === 'start') {
    const answer: TriggerAnswer = { kind: 'started', version: null };
    const released = release(remember(queued, trigger.key, answer), context);
    return { ...released, answer };
  }
  return answered(
    queued,
    trigger.key,
    before === null
      ? { kind: 'waiting', reason: rule.reason }
      : { kind: 'coalesced', into: before.trigger.key },
  );
}

/** Starts the waiting trigger if nothing holds it any more. Called whenever something happened or a timer fired. */
export function releaseTrigger(state: LifecycleState, context: LifecycleContext): Transition {
  if (state.waitingTrigger === null) return move(state);
  return startRule(state, context).kind === 'start' ? release(state, context) : hasten(state);
}

/**
 * Tells a production that may wait for new examples, once, that somebody wants a version now. If it still waits it goes
 * on and takes what was asked until then (`triggerTaken`); if not, that gets a version of its own afterwards.
 */
function hasten(state: LifecycleState): Transition {
  const { production, waitingTrigger } = state;
  if (!production?.newExamples || waitingTrigger === null || !mayServe(production, state)) return move(state);
  const newExamples = { ...production.newExamples, told: true };
  return move(
    { ...state, production: { ...production, newExamples } },
    { kind: 'hasten_production', version: production.version, trigger: servedTrigger(waitingTrigger) },
  );
}

function answered(state: LifecycleState, key: string, answer: TriggerAnswer): Transition<TriggerAnswer> {
  return { state: remember(state, key, answer), effects: [], answer };
}

function mergeWaiting(before: WaitingTrigger | null, trigger: Trigger): WaitingTrigger {
  const absorbed = before === null ? [] : [...before.absorbed, before.trigger.key];
  const requesters = before === null ? [] : absorbedRequesters(before);
  return {
    trigger,
    absorbed: absorbed.slice(-PROCESSED_KEYS_LIMIT),
    ...(requesters.length === 0 ? {} : { requesters }),
    wantedKey: isWanted(trigger) ? trigger.key : (before?.wantedKey ?? null),
  };
}

function release(state: LifecycleState, context: LifecycleContext): Transition {
  const waiting = state.waitingTrigger;
  if (waiting === null) return move(state);
  const trigger = servedTrigger(waiting);
  const day = budgetDay(context.now);
  const used = state.budget.day === day ? state.budget.used : 0;
  const gpuMs = gpuTimeOfDay(state.budget, context.now);
  return move(
    {
      ...state,
      waitingTrigger: null,
      starting: {
        trigger,
        absorbed: waiting.absorbed,
        wanted: waiting.wantedKey !== null,
      },
      lastProductionStartedAt: context.now,
      budget: { day, used: used + 1, ...(gpuMs > 0 ? { gpuMs } : {}) },
    },
    { kind: 'start_production', trigger },
  );
}
