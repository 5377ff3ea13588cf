import { defineQuery, defineUpdate, defineSignal } from '@temporalio/workflow';
import type { RolloutState } from '../../domain/rollout/state.ts';
import type { Baseline } from '../activities/rollout.ts';
import type { ByActor } from './lifecycle.ts';
import type { ModelRef } from './ids.ts';

export interface RollOutInput extends ModelRef {
  readonly version: number;
  readonly champion: number | null;
  readonly specRevision: number;
  /** Set when a long rollout carries itself on under a new history. */
  readonly state?: RolloutState;
}

export interface RollOutResult {
  readonly kind: 'passed' | 'aborted' | 'rolled_back' | 'failed';
  readonly reason: string;
  readonly decisionId: string | null;
  /** Live outcomes of the last phase, for the monitors. */
  readonly baseline: Baseline | null;
}

export const pauseRolloutUpdate = defineUpdate<void, [ByActor]>('pause');
export const resumeRolloutUpdate = defineUpdate<void, [ByActor]>('resume');
export const abortRolloutUpdate = defineUpdate<void, [ByActor]>('abort');
/** A person takes the decision on themselves: the rest of the analysis is skipped, and the record says so. */
export const promoteNowUpdate = defineUpdate<void, [ByActor]>('promoteNow');
/** The same as the update, for workflows (which have no updates between them). */
export const abortRolloutSignal = defineSignal<[ByActor]>('abortBySystem');
export const rolloutStateQuery = defineQuery<RolloutState>('state');
