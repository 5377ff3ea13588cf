import type { RolloutSamples } from '../rollout-samples.ts';
import type { Verdict } from '../verdict.ts';

type RolloutPhase = 'preparing' | 'shadow' | 'canary' | 'bake' | 'finished';

export interface RolloutLook {
  readonly at: number;
  readonly phase: RolloutPhase;
  readonly weight: number;
  readonly verdict: Verdict;
  /** Whether the step's time was over when the look began: no other ends a step. */
  readonly final: boolean;
  readonly samples: RolloutSamples | null;
}

/** What the looks of a step have shown of its outcomes so far. */
export interface Proof {
  /** A fixed look is valid once; resuming the step does not give another. */
  readonly fixedLooks: number;
  /** Outcomes shown to be not worse by more than their margin: their places in the spec's analysis. */
  readonly shown: readonly number[];
}

/** A rollout as far as it has got; `looks` keeps the newest 20, the registry has them all. */
export interface RolloutState {
  readonly version: number;
  readonly champion: number | null;
  readonly phase: RolloutPhase;
  /** Per cent of traffic that the challenger gets now. */
  readonly weight: number;
  readonly stepIndex: number;
  readonly generation: number | null;
  readonly phaseStartedAt: number;
  /** Of the step. */
  readonly proof: Proof;
  readonly paused: { readonly by: string; readonly reason: string; readonly at: number } | null;
  readonly consecutiveFailures: number;
  readonly consecutiveErrors: number;
  readonly looks: readonly RolloutLook[];
  readonly outcome: {
    readonly kind: 'passed' | 'aborted' | 'rolled_back' | 'failed';
    readonly reason: string;
  } | null;
}
