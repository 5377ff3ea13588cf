import type { PromotionOutcome } from '../../contracts/workflows/lifecycle.ts';
import { ROLLOUT_NOT_RESTORED } from '../../errors/lifecycle-errors.ts';
import { systemActor } from '../actor.ts';
import { releaseCandidate } from './candidates.ts';
import { withChampion } from './champion.ts';
import type { Effect } from './effects.ts';
import { closeEpisode, countStrike } from './episodes.ts';
import { resumeRollback } from './rollbacks.ts';
import type { LifecycleState } from './state.ts';
import { inTurn, move } from './transition.ts';
import type { LifecycleContext, Transition } from './transition.ts';

/**
 * A promotion ended. Passed: the champion is moved, unless a rollback has begun meanwhile, which declines it.
 * Anything else leaves the champion where it is.
 */
export function promotionFinished(
  state: LifecycleState,
  outcome: PromotionOutcome,
  context: LifecycleContext,
): Transition {
  const { promotion } = state;
  if (promotion?.version !== outcome.version || promotion.status === 'finishing') return move(state);
  const { version } = outcome;
  if (outcome.kind === 'passed' && state.rollback?.status !== 'waiting') {
    return move(
      { ...state, promotion: { ...promotion, status: 'finishing' } },
      {
        kind: 'promote_champion',
        version,
        from: state.champion,
        decisionId: outcome.decisionId,
        baseline: outcome.baseline,
        reason: outcome.reason,
      },
    );
  }
  if (outcome.kind === 'passed') return decline(state, version, context);
  const effects = outcome.kind === 'failed' ? [undecided(outcome, promotion.round, context)] : [];
  return endPromotion(state, version, outcome.reason, effects, context);
}

/** It passed, but a rollback has begun: its traffic goes back before the rollback moves the champion. */
function decline(state: LifecycleState, version: number, context: LifecycleContext): Transition {
  const reason = 'A rollback began before the champion was moved.';
  const effects: Effect[] = [
    { kind: 'set_stage', version, stage: 'rolled_back', reason },
    ...restore(state, version, reason),
    decided(version, 'declined', 'rolled_back', reason, context),
  ];
  return endPromotion(state, version, reason, effects, context);
}

/** The champion was moved: the one before it can be returned to, and the drift episode is over. */
export function championMoved(
  state: LifecycleState,
  moved: { readonly version: number; readonly generation: number; readonly reason: string },
  context: LifecycleContext,
): Transition {
  const { version, generation, reason } = moved;
  const former = state.champion;
  const next: LifecycleState = { ...withChampion(state, version), promotion: null };
  const id = `${context.environment}/${context.model}/champion/${String(generation)}`;
  const title = `${context.model} version ${String(version)} is champion in ${context.environment}`;
  return inTurn(
    next,
    (s) =>
      move(
        s,
        {
          kind: 'record_decision',
          decision: {
            decisionId: id,
            version,
            kind: 'promotion',
            outcome: 'champion',
            reason,
            actor: systemActor('lifecycle'),
            evidenceHash: null,
            evidence: { from: former, generation },
          },
        },
        {
          kind: 'notify',
          notice: {
            key: id,
            thread: id,
            kind: 'champion_changed',
            severity: 'info',
            title,
            text: reason,
            facts: { version: String(version), before: former === null ? 'none' : String(former) },
            actions: [{ label: 'Read the card', act: { kind: 'review', version } }],
            escalate: false,
          },
        },
      ),
    (s) => closeEpisode(s, version),
    (s) => resumeRollback(s, context),
    (s) => releaseCandidate(s, context),
  );
}

/** The champion could not be moved: traffic goes back to the one that is still champion, and a person is paged. */
export function championNotMoved(
  state: LifecycleState,
  version: number,
  reason: string,
  context: LifecycleContext,
): Transition {
  if (state.promotion?.version !== version) return move(state);
  const { round } = state.promotion;
  return endPromotion(
    state,
    version,
    reason,
    [
      { kind: 'set_stage', version, stage: 'rolled_back', reason },
      ...restore(state, version, reason),
      decided(version, 'not-moved', 'failed', reason, context),
      {
        kind: 'open_incident',
        incident: {
          incidentId: incidentOf(version, round, context),
          severity: 'critical',
          title: `Version ${String(version)} of ${context.model} passed but could not be made champion`,
          summary: reason,
          facts: { version: String(version), champion: String(state.champion ?? 'none'), reason },
        },
      },
    ],
    context,
  );
}

/** The promotion's workflow is gone without having reported: traffic goes back, the version ends. */
export function promotionLost(state: LifecycleState, reason: string, context: LifecycleContext): Transition {
  const { promotion } = state;
  if (promotion === null || promotion.status === 'finishing') return move(state);
  const { version } = promotion;
  const outcome: PromotionOutcome = { kind: 'failed', version, reason, decisionId: null, baseline: null };
  return inTurn(
    state,
    (s) =>
      move(
        s,
        { kind: 'set_stage', version, stage: 'aborted', reason },
        ...restore(s, version, reason),
        decided(version, 'lost', 'failed', reason, context),
      ),
    (s) => promotionFinished(s, outcome, context),
  );
}

function endPromotion(
  state: LifecycleState,
  version: number,
  reason: string,
  effects: readonly Effect[],
  context: LifecycleContext,
): Transition {
  return inTurn(
    { ...state, promotion: null },
    (s) => move(s, ...effects),
    (s) => countStrike(s, version, reason, context),
    (s) => resumeRollback(s, context),
    (s) => releaseCandidate(s, context),
  );
}

function restore(state: LifecycleState, version: number, reason: string): Effect[] {
  if (state.champion === null) return [];
  return [{ kind: 'restore_route', champion: state.champion, key: `restore/${String(version)}`, reason }];
}

/** The lifecycle's word on a promotion that could not end by its own. */
function decided(
  version: number,
  key: 'declined' | 'not-moved' | 'lost',
  outcome: 'rolled_back' | 'failed',
  reason: string,
  context: LifecycleContext,
): Effect {
  return {
    kind: 'record_decision',
    decision: {
      decisionId: `${context.environment}/${context.model}/promotion/${String(version)}/${key}`,
      version,
      kind: 'promotion',
      outcome,
      reason,
      actor: systemActor('lifecycle'),
      evidenceHash: null,
      evidence: {},
    },
  };
}

function undecided(outcome: PromotionOutcome, round: string | undefined, context: LifecycleContext): Effect {
  const version = String(outcome.version);
  return {
    kind: 'open_incident',
    incident: {
      incidentId: incidentOf(outcome.version, round, context),
      severity: outcome.code === ROLLOUT_NOT_RESTORED.code ? 'critical' : 'warning',
      title: `The promotion of ${context.model} version ${version} ended without a decision`,
      summary: outcome.reason,
      facts: { version, reason: outcome.reason },
    },
  };
}

/** One for each promotion of a version, so that an incident which was resolved never swallows the next one's page. */
function incidentOf(version: number, round: string | undefined, context: LifecycleContext): string {
  const again = round === undefined ? '' : `-${round}`;
  return `${context.environment}-${context.model}-promotion-${String(version)}${again}`;
}
