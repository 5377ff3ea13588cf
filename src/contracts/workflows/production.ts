import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { NewExamplesWait } from '../../domain/production/new-examples.ts';
import type { Trigger } from '../../domain/trigger.ts';
import type { ModelRef } from './ids.ts';

export interface ProduceVersionInput extends ModelRef {
  readonly version: number;
  readonly specRevision: number;
  readonly trigger: Trigger;
  /** It may wait for examples newer than this, in milliseconds since the epoch; left out where it may not. */
  readonly newExamplesSince?: number;
  /** Of a wait for them that goes on under a new history, with what was asked for meanwhile. */
  readonly carried?: { readonly state: ProductionState; readonly asked: readonly Trigger[] };
}

type ProductionStep =
  'ingest' | 'wait' | 'features' | 'frame' | 'train' | 'evaluate' | 'register' | 'card' | 'done' | 'failed';

export interface ProductionState {
  readonly version: number;
  readonly step: ProductionStep;
  readonly startedAt: number;
  readonly detail: string;
  /** Of a retraining that waits or has waited for new examples; absent for every other version. */
  readonly newExamples?: NewExamplesWait;
}

/** Somebody wants a version now: one that waits for new examples goes on with what there is. */
export const hastenSignal = defineSignal<[Trigger]>('hasten');

export const productionStateQuery = defineQuery<ProductionState>('state');
