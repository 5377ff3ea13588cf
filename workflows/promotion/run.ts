import type { ByActor, PromotionOutcome } from '../../src/contracts/workflows/lifecycle.ts';
import type { PromoteVersionInput, PromotionState } from '../../src/contracts/workflows/promotion.ts';
import { systemActor } from '../../src/domain/actor.ts';

/** A promotion in this run of the workflow: its state, and what was asked of it meanwhile. */
export interface PromotionRun {
  readonly input: PromoteVersionInput;
  state: PromotionState;
  abort: ByActor | null;
  /** Whether the version has left the stage `candidate`. */
  validated: boolean;
  /** Counts reports of new evidence; the approval begins anew when it grows. */
  evidenceChanges: number;
  apply(change: Partial<PromotionState>): void;
}

export const PROMOTION_ACTOR = systemActor('promotion');

export type Ending = Omit<PromotionOutcome, 'version'>;

export function endedAs(kind: Ending['kind'], reason: string): Ending {
  return { kind, reason, baseline: null, decisionId: null };
}

export function aborted(run: PromotionRun): Ending {
  return endedAs('aborted', run.abort?.reason ?? 'The promotion was aborted.');
}
