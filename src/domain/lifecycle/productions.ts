import type { ProductionOutcome } from '../../contracts/workflows/lifecycle.ts';
import { systemActor } from '../actor.ts';
import { belongsTo, countStrike, countUnstarted } from './episodes.ts';
import { withGpuTime } from './gpu-budget.ts';
import { remember } from './processed-keys.ts';
import { offerCandidate } from './candidates.ts';
import type { LifecycleState } from './state.ts';
import { inTurn, move } from './transition.ts';
import type { LifecycleContext, Transition } from './transition.ts';
import { releaseTrigger } from './triggers.ts';

/** The production that was decided on has its number now. */
export function productionStarted(
  state: LifecycleState,
  started: { readonly version: number; readonly specRevision: number; readonly deadline: number },
  context: LifecycleContext,
): Transition {
  const { starting } = state;
  if (starting === null) return move(state);
  const { trigger, absorbed } = starting;
  const { episode } = state;
  const forEpisode = episode !== null && [trigger.key, ...absorbed].some((key) => belongsTo(episode, key));
  const next: LifecycleState = {
    ...remember(state, trigger.key, { kind: 'started', version: started.version }),
    starting: null,
    production: { ...started, trigger, startedAt: context.now },
    newestVersion: started.version,
    episode: forEpisode ? { ...episode, version: started.version } : episode,
  };
  return move(next, {
    kind: 'record_decision',
    decision: {
      decisionId: `${context.environment}/${context.model}/version/${String(started.version)}/started`,
      version: started.version,
      kind: 'trigger',
      outcome: 'started',
      reason: trigger.reason,
      actor: trigger.requestedBy,
      evidenceHash: null,
      evidence: { trigger, absorbed, specRevision: started.specRevision },
    },
  });
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
  const { trigger, absorbed } = starting;
  const answered = remember(state, trigger.key, { kind: 'started', version });
  const latest = absorbed.at(-1);
  if (latest !== undefined) {
    const next = { ...trigger, key: latest };
    const begun = { ...answered, starting: { trigger: next, absorbed: absorbed.slice(0, -1) } };
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
