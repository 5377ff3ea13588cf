import { systemActor } from '../actor.ts';
import { requestersOf } from '../requesters.ts';
import type { Trigger } from '../trigger.ts';
import type { Effect } from './effects.ts';
import { countStrike } from './episodes.ts';
import type { LifecycleState } from './state.ts';
import { inTurn, move } from './transition.ts';
import type { LifecycleContext, Transition } from './transition.ts';

/** A promotion may wait long for people; one without a word for this long is lost. */
const PROMOTION_TIMEOUT_MS = 60 * 86_400_000;

interface Candidate {
  readonly version: number;
  readonly trigger: Trigger;
  readonly specRevision: number;
  readonly round?: string;
}

/** A candidate is promoted at once, or waits for the promotion under way; it supersedes one that waits. */
export function offerCandidate(
  state: LifecycleState,
  candidate: Candidate,
  context: LifecycleContext,
): Transition {
  const { version, trigger, specRevision, round } = candidate;
  const older = state.waitingCandidate;
  const waiting: LifecycleState = {
    ...state,
    waitingCandidate: { version, trigger, specRevision, ...(round === undefined ? {} : { round }) },
  };
  if (older === null) return releaseCandidate(waiting, context);
  const reason = `Superseded by version ${String(version)} before its promotion began.`;
  return inTurn(
    waiting,
    (s) => move(s, ...superseded(older.version, reason, context)),
    (s) => countStrike(s, older.version, reason, context),
    (s) => releaseCandidate(s, context),
  );
}

function superseded(version: number, reason: string, context: LifecycleContext): Effect[] {
  return [
    { kind: 'set_stage', version, stage: 'expired', reason },
    {
      kind: 'record_decision',
      decision: {
        decisionId: `${context.environment}/${context.model}/promotion/${String(version)}/superseded`,
        version,
        kind: 'promotion',
        outcome: 'expired',
        reason,
        actor: systemActor('lifecycle'),
        evidenceHash: null,
        evidence: {},
      },
    },
  ];
}

/** Starts the promotion that waits, unless one is under way, a rollback is, or the lifecycle is paused. */
export function releaseCandidate(state: LifecycleState, context: LifecycleContext): Transition {
  const candidate = state.waitingCandidate;
  const rollingBack = state.rollback?.status === 'waiting' || state.rollback?.status === 'running';
  if (candidate === null || state.promotion !== null || rollingBack || state.paused !== null)
    return move(state);
  const { version, trigger, specRevision, round } = candidate;
  const again = round === undefined ? {} : { round };
  const promotion = {
    version,
    trigger,
    specRevision,
    startedAt: context.now,
    deadline: context.now + PROMOTION_TIMEOUT_MS,
    ...again,
    status: 'running',
  } as const;
  return move(
    { ...state, waitingCandidate: null, promotion },
    {
      kind: 'start_promotion',
      version,
      specRevision,
      champion: state.champion,
      ...requestersOf(trigger),
      ...again,
    },
  );
}
