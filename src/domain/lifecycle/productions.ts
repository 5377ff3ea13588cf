import type { ProductionOutcome, TakenTrigger } from '../../contracts/workflows/lifecycle.ts';
import { systemActor } from '../actor.ts';
import { idsOf } from '../requesters.ts';
import type { Trigger } from '../trigger.ts';
import { alsoFor } from './absorbed-requesters.ts';
import { countStrike, countUnstarted, withRetraining } from './episodes.ts';
import { withGpuTime } from './gpu-budget.ts';
import { remember } from './processed-keys.ts';
import { offerCandidate } from './candidates.ts';
import type { Effect } from './effects.ts';
import type { LifecycleState, WaitingTrigger } from './state.ts';
import { inTurn, move } from './transition.ts';
import type { LifecycleContext, Transition } from './transition.ts';
import { releaseTrigger } from './triggers.ts';

interface StartedProduction {
  readonly version: number;
  readonly specRevision: number;
  /** Without a wait for new examples. */
  readonly deadline: number;
  /** How long the spec lets a retraining wait for new examples; left out where it says nothing of it. */
  readonly maxWaitMs?: number | undefined;
}

/**
 * The production that was decided on has its number now. A retraining of an episode that nobody else asked for may wait
 * for new examples: the answer says since when they count, or null. A schedule never makes one wait: its interval is the
 * time that the spec lets data gather, and it knows of no moment since when they would count.
 */
export function productionStarted(
  state: LifecycleState,
  { maxWaitMs, ...started }: StartedProduction,
  context: LifecycleContext,
): Transition<number | null> {
  const { starting } = state;
  if (starting === null) return { ...move(state), answer: null };
  const { trigger, absorbed, wanted } = starting;
  const { version, specRevision } = started;
  const { episode } = withRetraining(state, [trigger.key, ...absorbed], version);
  const since = episode?.version === version && !wanted ? episode.since : undefined;
  const waits = maxWaitMs !== undefined && since !== undefined;
  const production = { ...started, trigger, startedAt: context.now };
  const next: LifecycleState = {
    ...remember(state, trigger.key, { kind: 'started', version }),
    starting: null,
    production: waits
      ? { ...production, deadline: started.deadline + maxWaitMs, newExamples: { since, told: false } }
      : production,
    newestVersion: version,
    episode,
  };
  const decision = triggerDecision('started', version, trigger, { absorbed, specRevision }, context);
  return { ...move(next, decision), answer: waits ? since : null };
}

/**
 * A production that was still waiting for new examples went on because this trigger came: it is made for that one now,
 * so that whoever asked can't approve it, and for what that one absorbed. What came later goes on waiting.
 */
export function triggerTaken(
  state: LifecycleState,
  { version, trigger: asked }: TakenTrigger,
  context: LifecycleContext,
): Transition {
  const { production, waitingTrigger: waiting } = state;
  if (production?.version !== version || waiting === null) return move(state);
  const trigger = alsoFor(asked, idsOf(production.trigger));
  const keys = [...waiting.absorbed, waiting.trigger.key];
  const place = keys.indexOf(trigger.key);
  // A storm that came after it may have pushed its key out; that is all of what came later.
  const later = keys.slice(place + 1);
  const absorbed = keys.slice(0, Math.max(0, place));
  const taken = [...absorbed, trigger.key];
  const { wantedKey } = waiting;
  // Of a place that is unknown nobody can say who asked before it.
  const requesters = waiting.requesters?.filter(({ key }) => place < 0 || later.includes(key)) ?? [];
  const left: WaitingTrigger = {
    trigger: waiting.trigger,
    absorbed: later.slice(0, -1),
    ...(requesters.length === 0 ? {} : { requesters }),
    wantedKey: wantedKey !== null && taken.includes(wantedKey) ? null : wantedKey,
  };
  const answered = remember(state, trigger.key, { kind: 'started', version });
  const next: LifecycleState = {
    ...answered,
    production: { ...production, trigger },
    waitingTrigger: later.length === 0 ? null : left,
  };
  return move(
    withRetraining(next, taken, version),
    triggerDecision('taken', version, trigger, { absorbed }, context),
  );
}

function triggerDecision(
  outcome: 'started' | 'taken',
  version: number,
  trigger: Trigger,
  evidence: Readonly<Record<string, unknown>>,
  context: LifecycleContext,
): Effect {
  return {
    kind: 'record_decision',
    decision: {
      decisionId: `${context.environment}/${context.model}/version/${String(version)}/${outcome}`,
      version,
      kind: 'trigger',
      outcome,
      reason: trigger.reason,
      actor: trigger.requestedBy,
      evidenceHash: null,
      evidence: { trigger, ...evidence },
    },
  };
}

/** Whether a key that got this number was put into production before, and was forgotten since. */
export function wasStarted(state: LifecycleState, version: number): boolean {
  return version <= (state.newestVersion ?? 0);
}

/**
 * The trigger is a repetition from beyond all that is remembered: its version stands as its answer, and nothing is
 * produced twice. Those that it absorbed still want a version, and get it under the key of the latest of them.
 */
export function productionRepeated(
  state: LifecycleState,
  version: number,
  context: LifecycleContext,
): Transition {
  const { starting, budget } = state;
  if (starting === null) return move(state);
  const { trigger, absorbed, wanted } = starting;
  const answered = remember(state, trigger.key, { kind: 'started', version });
  const latest = absorbed.at(-1);
  if (latest !== undefined) {
    const next = { ...trigger, key: latest };
    const begun = { ...answered, starting: { trigger: next, absorbed: absorbed.slice(0, -1), wanted } };
    return move(begun, { kind: 'start_production', trigger: next });
  }
  const unspent = { ...budget, used: Math.max(0, budget.used - 1) };
  return inTurn({ ...answered, starting: null, budget: unspent }, (s) => releaseTrigger(s, context));
}

/** No number could be had: that is on record and a person is told; a drift episode loses a retraining; what waits goes on. */
export function productionNotStarted(
  state: LifecycleState,
  reason: string,
  context: LifecycleContext,
): Transition {
  const { starting } = state;
  if (starting === null) return move(state);
  const { trigger, absorbed } = starting;
  const refused = remember(state, trigger.key, { kind: 'refused', reason });
  return inTurn(
    { ...refused, starting: null },
    (s) =>
      move(s, {
        kind: 'record_decision',
        decision: {
          decisionId: `${context.environment}/${context.model}/trigger/${trigger.key}/refused`,
          version: null,
          kind: 'trigger',
          outcome: 'refused',
          reason,
          actor: systemActor('lifecycle'),
          evidenceHash: null,
          evidence: { trigger, absorbed },
        },
      }),
    (s) =>
      move(s, {
        kind: 'open_incident',
        incident: {
          incidentId: `${context.environment}-${context.model}-production-${String(context.now)}`,
          severity: 'warning',
          title: `A version of ${context.model} could not be started`,
          summary: reason,
          facts: { trigger: trigger.key, reason },
        },
      }),
    (s) => countUnstarted(s, [trigger.key, ...absorbed], reason, context),
    (s) => releaseTrigger(s, context),
  );
}

/** A production ended: a candidate goes on to its promotion, a failure may be a strike, and what waits starts. */
export function productionFinished(
  state: LifecycleState,
  outcome: ProductionOutcome,
  context: LifecycleContext,
): Transition {
  const { production } = state;
  if (production?.version !== outcome.version) return move(state);
  const ended = withGpuTime({ ...state, production: null }, outcome.gpuMs ?? 0, context.now);
  return inTurn(
    ended,
    (s) =>
      outcome.kind === 'candidate'
        ? offerCandidate(s, { ...production, version: outcome.version }, context)
        : countStrike(s, outcome.version, outcome.reason, context),
    (s) => releaseTrigger(s, context),
  );
}

/** The production's workflow is gone without having reported: its version counts as failed. */
export function productionLost(state: LifecycleState, reason: string, context: LifecycleContext): Transition {
  const { production } = state;
  if (production === null) return move(state);
  const { version } = production;
  const lost = move(
    state,
    { kind: 'set_stage', version, stage: 'failed', reason },
    {
      kind: 'record_decision',
      decision: {
        decisionId: `${context.environment}/${context.model}/version/${String(version)}/lost`,
        version,
        kind: 'production',
        outcome: 'failed',
        reason,
        actor: systemActor('lifecycle'),
        evidenceHash: null,
        evidence: {},
      },
    },
  );
  return inTurn(
    state,
    () => lost,
    (s) => productionFinished(s, { kind: 'failed', version, code: 'PRODUCTION_LOST', reason }, context),
  );
}
