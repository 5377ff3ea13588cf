import type { RolloutStep } from './plan.ts';
import type { Proof, RolloutState } from './state.ts';

/** How a look judges the outcomes of a step. */
export interface ProofLook {
  /** `watch` looks for harm alone; `fixed` and `sequence` may show that the challenger is not worse. */
  readonly kind: 'watch' | 'fixed' | 'sequence';
  /** The share of alpha, the chance of a false pass, that this kind of look may spend. */
  readonly share: number;
}

/**
 * A step is looked at again and again after its time, and a fixed test that is asked each time passes a challenger
 * that is worse far more often than alpha says. So alpha is split (Bonferroni): one fixed look at the end of the step's
 * time, one at the end of the longest time, and a sequence, valid at whatever look, between and after.
 */
const SHARE = { fixed: 0.8, sequence: 0.2 } as const;

export const NO_PROOF: Proof = { fixedLooks: 0, shown: [] };

/** Whether a look at this time may end the step: its time is over. Also while paused: then it may abort it. */
export function isFinalLook(state: RolloutState, step: RolloutStep, now: number): boolean {
  return now - state.phaseStartedAt >= step.durationMs;
}

export function proofLook(state: RolloutState, step: RolloutStep, now: number): ProofLook {
  const watch = { kind: 'watch', share: 0 } as const;
  // While paused a pass would be of no use, and a fixed look is not to be wasted.
  if (!step.decisive || state.paused !== null || !isFinalLook(state, step, now)) return watch;
  const { fixedLooks } = state.proof;
  const longest = now - state.phaseStartedAt >= step.maxDurationMs;
  const most = step.maxDurationMs > step.durationMs ? 2 : 1;
  if (fixedLooks === 0 || (longest && fixedLooks < most)) return { kind: 'fixed', share: SHARE.fixed / most };
  return { kind: 'sequence', share: SHARE.sequence };
}

/** What a step has shown after a look: what is shown once needs no second proof, only the watch for harm. */
export function addProof(proof: Proof, look: Proof): Proof {
  return {
    fixedLooks: proof.fixedLooks + look.fixedLooks,
    shown: [...new Set([...proof.shown, ...look.shown])],
  };
}
