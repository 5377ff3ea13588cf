import { LIFECYCLE_NOT_PAUSED, LIFECYCLE_PAUSED } from '../../errors/lifecycle-errors.ts';
import type { Actor } from '../actor.ts';
import { refusal } from '../refusal.ts';
import type { Refusal } from '../refusal.ts';
import { releaseCandidate } from './candidates.ts';
import type { LifecycleState } from './state.ts';
import { inTurn, move } from './transition.ts';
import type { LifecycleContext, Transition } from './transition.ts';
import { releaseTrigger } from './triggers.ts';

export function checkPause(state: LifecycleState): Refusal | null {
  if (state.paused === null) return null;
  return refusal(LIFECYCLE_PAUSED, `Paused already by ${state.paused.by}: ${state.paused.reason}`);
}

export function checkResume(state: LifecycleState): Refusal | null {
  return state.paused === null
    ? refusal(LIFECYCLE_NOT_PAUSED, 'The lifecycle is not paused; there is nothing to resume.')
    : null;
}

/** Nothing new is started by automation until the resume. What runs goes on; live traffic stays protected. */
export function pauseLifecycle(
  state: LifecycleState,
  by: { readonly actor: Actor; readonly reason: string },
  context: LifecycleContext,
): Transition {
  const paused = { by: by.actor.id, reason: by.reason, at: context.now };
  const commands = state.commands + 1;
  return move({ ...state, paused, commands }, decision('pause', commands, by, context));
}

/** Whatever waited during the pause goes on. */
export function resumeLifecycle(
  state: LifecycleState,
  by: { readonly actor: Actor; readonly reason: string },
  context: LifecycleContext,
): Transition {
  const commands = state.commands + 1;
  return inTurn(
    { ...state, paused: null, commands },
    (s) => move(s, decision('resume', commands, by, context)),
    (s) => releaseCandidate(s, context),
    (s) => releaseTrigger(s, context),
  );
}

function decision(
  kind: 'pause' | 'resume',
  command: number,
  by: { readonly actor: Actor; readonly reason: string },
  context: LifecycleContext,
) {
  return {
    kind: 'record_decision',
    decision: {
      decisionId: `${context.environment}/${context.model}/${kind}/${String(context.now)}-${String(command)}`,
      version: null,
      kind,
      outcome: kind === 'pause' ? 'paused' : 'resumed',
      reason: by.reason,
      actor: by.actor,
      evidenceHash: null,
      evidence: {},
    },
  } as const;
}
