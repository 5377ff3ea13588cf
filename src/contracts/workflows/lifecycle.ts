import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Actor } from '../../domain/actor.ts';
import type { Finding } from '../../domain/finding.ts';
import type { LifecycleState } from '../../domain/lifecycle/state.ts';
import type { Trigger, TriggerAnswer } from '../../domain/trigger.ts';
import type { Baseline } from '../activities/rollout.ts';
import type { ModelRef } from './ids.ts';

/** Starts or carries on a lifecycle; `state` is left out the first time. */
export interface LifecycleInput extends ModelRef {
  readonly state?: LifecycleState;
}

export interface ByActor {
  readonly actor: Actor;
  readonly reason: string;
}

export interface RollbackCommand extends ByActor {
  /** An earlier champion; the one before the present when left out. */
  readonly to?: number;
}

export interface RollbackAnswer {
  readonly from: number;
  readonly to: number;
  readonly generation: number;
}

export type ProductionOutcome = (
  | { readonly kind: 'candidate'; readonly version: number }
  | { readonly kind: 'failed'; readonly version: number; readonly code: string; readonly reason: string }
) & {
  /** Time on GPUs, times their number; absent where none was used. */
  readonly gpuMs?: number;
};

/** A trigger that a production serves beside its own. */
export interface TakenTrigger {
  readonly version: number;
  readonly trigger: Trigger;
}

export type PromotionOutcome = {
  readonly kind: 'passed' | 'rejected' | 'denied' | 'expired' | 'aborted' | 'rolled_back' | 'failed';
  readonly version: number;
  readonly reason: string;
  /** Of the decision that ended it, for the audit. */
  readonly decisionId: string | null;
  readonly baseline: Baseline | null;
  /** Of a promotion that failed: the registered code. */
  readonly code?: string;
};

export interface RevalidateCommand extends ByActor {
  readonly version: number;
}

export interface RevalidateAnswer {
  /** The revision whose evaluation and gates judge the version now. */
  readonly specRevision: number;
  /** Whether an approval is open that the new evidence voids; else a promotion of its own follows. */
  readonly approvalOpen: boolean;
}

export type RevalidationOutcome =
  | { readonly kind: 'evaluated'; readonly id: string; readonly version: number; readonly trigger: Trigger }
  | { readonly kind: 'failed'; readonly id: string; readonly version: number; readonly reason: string };

export interface FindingsReport {
  /** Unique per monitor pass. */
  readonly passId: string;
  readonly version: number;
  readonly findings: readonly Finding[];
}

export const requestVersionUpdate = defineUpdate<TriggerAnswer, [Trigger]>('requestVersion');
/** Several at once, as a storm brings them; each is taken and answered as by `requestVersion`, in their order. */
export const requestVersionsUpdate = defineUpdate<readonly TriggerAnswer[], [readonly Trigger[]]>(
  'requestVersions',
);
export const pauseUpdate = defineUpdate<void, [ByActor]>('pause');
export const resumeUpdate = defineUpdate<void, [ByActor]>('resume');
export const rollbackUpdate = defineUpdate<RollbackAnswer, [RollbackCommand]>('rollback');

export const revalidateUpdate = defineUpdate<RevalidateAnswer, [RevalidateCommand]>('revalidate');

/** The same as the update, for workflows (which have no updates between them): nobody waits for the answer. */
export const versionRequestedSignal = defineSignal<[Trigger]>('versionRequested');
export const specAppliedSignal = defineSignal<[{ readonly revision: number }]>('specApplied');
export const triggerTakenSignal = defineSignal<[TakenTrigger]>('triggerTaken');
export const productionFinishedSignal = defineSignal<[ProductionOutcome]>('productionFinished');
export const promotionFinishedSignal = defineSignal<[PromotionOutcome]>('promotionFinished');
export const revalidationFinishedSignal = defineSignal<[RevalidationOutcome]>('revalidationFinished');
export const findingsReportedSignal = defineSignal<[FindingsReport]>('findingsReported');
/** An incident was resolved: the next confirmed breach of its monitor opens a new one. */
export const incidentClosedSignal = defineSignal<[{ readonly incidentId: string }]>('incidentClosed');
/** Sent to a child to learn whether it still runs; it changes nothing. */
export const probeSignal = defineSignal('probe');

export const lifecycleStateQuery = defineQuery<LifecycleState>('state');
