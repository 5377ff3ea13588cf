import type {
  RevalidateAnswer,
  RevalidateCommand,
  RevalidationOutcome,
} from '../../contracts/workflows/lifecycle.ts';
import {
  REVALIDATION_RUNNING,
  REVALIDATION_SUPERSEDED,
  VERSION_NOT_CANDIDATE,
} from '../../errors/lifecycle-errors.ts';
import { systemActor } from '../actor.ts';
import { refusal } from '../refusal.ts';
import type { Refusal } from '../refusal.ts';
import { offerCandidate } from './candidates.ts';
import type { LifecycleState } from './state.ts';
import { move } from './transition.ts';
import type { LifecycleContext, Transition } from './transition.ts';

/** An evaluation that has not reported for this long is given up. */
export const REVALIDATION_TIMEOUT_MS = 2 * 86_400_000;
const REPORT_GRACE_MS = 60_000;

/** Why a version can't be validated again now, or null. Its stage is the registry's to know, and told where it is known. */
export function checkRevalidate(
  state: LifecycleState,
  version: number,
  stage?: 'candidate' | 'validated',
): Refusal | null {
  const running = state.revalidation ?? null;
  if (running !== null) {
    const text = `Version ${String(running.version)} is being validated again for ${running.by}.`;
    return refusal(REVALIDATION_RUNNING, text);
  }
  const waiting = state.waitingCandidate;
  if (waiting !== null) {
    const text =
      waiting.version === version
        ? `Version ${String(version)} waits for its promotion, which judges its gates.`
        : `Version ${String(waiting.version)} waits for its promotion.`;
    return refusal(REVALIDATION_SUPERSEDED, text);
  }
  if (state.promotion?.version === version && state.promotion.status !== 'running') {
    const text = `The promotion of version ${String(version)} is ${state.promotion.status}.`;
    return refusal(VERSION_NOT_CANDIDATE, text);
  }
  if (stage === 'validated' && state.promotion?.version !== version) {
    const text = `Version ${String(version)} has passed its gates, and no promotion of it is under way.`;
    return refusal(VERSION_NOT_CANDIDATE, text);
  }
  return null;
}

/**
 * Begins what `checkRevalidate` allowed. A version that is being promoted keeps the spec of its promotion; one that was
 * left a candidate is judged by the newest, which may have mended the gate that could not decide.
 */
export function beginRevalidation(
  state: LifecycleState,
  command: RevalidateCommand,
  newestRevision: number,
  context: LifecycleContext,
): Transition<RevalidateAnswer> {
  const { version, actor, reason } = command;
  const promotion = state.promotion?.version === version ? state.promotion : null;
  const specRevision = promotion?.specRevision ?? newestRevision;
  const id = `revalidation-${String(context.now)}`;
  const deadline = context.now + REVALIDATION_TIMEOUT_MS + REPORT_GRACE_MS;
  return {
    state: { ...state, revalidation: { id, version, specRevision, by: actor.id, reason, deadline } },
    effects: [
      {
        kind: 'record_decision',
        decision: {
          decisionId: `${context.environment}/${context.model}/version/${String(version)}/${id}`,
          version,
          kind: 'revalidation',
          outcome: 'started',
          reason,
          actor,
          evidenceHash: null,
          evidence: { specRevision, approvalOpen: promotion !== null },
        },
      },
      { kind: 'start_revalidation', id, version, specRevision, actor, reason },
    ],
    answer: { specRevision, approvalOpen: promotion !== null },
  };
}

/**
 * The version has a new evaluation, or none. New evidence goes to the promotion that waits for people, whose votes it
 * voids; a version without one is promoted anew. One that a newer candidate has overtaken meanwhile stays as it is.
 */
export function revalidationFinished(
  state: LifecycleState,
  outcome: RevalidationOutcome,
  context: LifecycleContext,
): Transition {
  const { revalidation } = state;
  if (!revalidation || revalidation.id !== outcome.id) return move(state);
  const { id, version, specRevision, reason } = revalidation;
  const ended: LifecycleState = { ...state, revalidation: null };
  if (outcome.kind === 'failed') return withoutPromotion(ended, revalidation, outcome.reason, context);
  if (state.promotion?.version === version)
    return move(ended, { kind: 'announce_evidence', version, reason });
  const waiting = state.waitingCandidate;
  if (waiting !== null) {
    const text = `Version ${String(waiting.version)} waits for its promotion and comes first.`;
    return withoutPromotion(ended, revalidation, text, context);
  }
  return offerCandidate(ended, { version, trigger: outcome.trigger, specRevision, round: id }, context);
}

/** The workflow that evaluated it is gone without having reported. */
export function revalidationLost(
  state: LifecycleState,
  reason: string,
  context: LifecycleContext,
): Transition {
  const { revalidation } = state;
  if (!revalidation) return move(state);
  return withoutPromotion({ ...state, revalidation: null }, revalidation, reason, context);
}

function withoutPromotion(
  state: LifecycleState,
  { id, version }: NonNullable<LifecycleState['revalidation']>,
  reason: string,
  context: LifecycleContext,
): Transition {
  const key = `${context.environment}/${context.model}/version/${String(version)}/${id}/ended`;
  return move(
    state,
    {
      kind: 'record_decision',
      decision: {
        decisionId: key,
        version,
        kind: 'revalidation',
        outcome: 'failed',
        reason,
        actor: systemActor('lifecycle'),
        evidenceHash: null,
        evidence: {},
      },
    },
    {
      kind: 'notify',
      notice: {
        key,
        thread: key,
        kind: 'version_rejected',
        severity: 'warning',
        title: `Version ${String(version)} of ${context.model} was not validated again`,
        text: reason,
        facts: { version: String(version), reason },
        actions: [{ label: 'Look at the version', act: { kind: 'review', version } }],
        escalate: false,
      },
    },
  );
}
