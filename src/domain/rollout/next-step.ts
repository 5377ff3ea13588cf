import type { Rollout } from '../../contracts/spec/operation.ts';
import type { RolloutStep } from './plan.ts';
import type { RolloutState } from './state.ts';

/** What to do after a look. `wait` until the time given (milliseconds since the epoch), then look again. */
export type StepDecision =
  | { readonly kind: 'wait'; readonly until: number }
  | { readonly kind: 'advance'; readonly reason: string }
  /** The last step passed, and the spec lets the analysis promote. */
  | { readonly kind: 'finish'; readonly reason: string }
  /** The last step passed, and the spec wants a person to say promote. */
  | { readonly kind: 'ask'; readonly reason: string }
  | { readonly kind: 'pause'; readonly reason: string }
  | { readonly kind: 'abort'; readonly reason: string };

/**
 * Decides by the newest look. Failures beyond the limit abort, also while paused: a pause stops progress, not the
 * watch. Looks without an answer pause and never abort. At the end of its time a step that passes advances, one
 * that is undecided goes on up to `maxDuration`, and then a person is asked. Automation finishes a rollout only where the
 * spec says so (`automaticPromotion`).
 */
export function nextStep(
  state: RolloutState,
  step: RolloutStep,
  policy: Pick<Rollout, 'failureLimit' | 'errorLimit' | 'interval' | 'automaticPromotion'>,
  now: number,
): StepDecision {
  const newest = state.looks.at(-1);
  // A look from before this step, or from before a resume, says nothing about it.
  const verdict = newest !== undefined && newest.at > state.phaseStartedAt ? newest.verdict : null;
  const elapsed = now - state.phaseStartedAt;
  const nextLook = now + policy.interval;
  if (verdict?.kind === 'fail' && state.consecutiveFailures > policy.failureLimit) {
    return { kind: 'abort', reason: verdict.reason };
  }
  if (state.paused !== null) return { kind: 'wait', until: nextLook };
  if (verdict?.kind === 'error' && state.consecutiveErrors >= policy.errorLimit) {
    const reason = `${String(state.consecutiveErrors)} looks in a row got no answer: ${verdict.reason}`;
    return { kind: 'pause', reason };
  }
  if (elapsed < step.durationMs) {
    return { kind: 'wait', until: Math.min(nextLook, state.phaseStartedAt + step.durationMs) };
  }
  if (verdict?.kind === 'pass' && newest?.final === true) {
    const { reason } = verdict;
    if (step.phase !== 'bake') return { kind: 'advance', reason };
    return { kind: policy.automaticPromotion ? 'finish' : 'ask', reason };
  }
  // A look that began before the end says nothing about it: the next one is due at once.
  if (verdict !== null && newest?.final !== true) return { kind: 'wait', until: now + 1 };
  if (elapsed >= step.maxDurationMs) {
    const why = verdict?.reason ?? 'nothing was measured';
    return { kind: 'pause', reason: `Undecided after the longest time allowed: ${why}` };
  }
  return { kind: 'wait', until: Math.min(nextLook, state.phaseStartedAt + step.maxDurationMs) };
}
