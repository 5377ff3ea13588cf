import { defineQuery } from '@temporalio/workflow';
import type { Trigger } from '../../domain/trigger.ts';
import type { ModelRef } from './ids.ts';

export interface ProduceVersionInput extends ModelRef {
  readonly version: number;
  readonly specRevision: number;
  readonly trigger: Trigger;
}

type ProductionStep =
  'ingest' | 'features' | 'frame' | 'train' | 'evaluate' | 'register' | 'card' | 'done' | 'failed';

export interface ProductionState {
  readonly version: number;
  readonly step: ProductionStep;
  readonly startedAt: number;
  readonly detail: string;
}

export const productionStateQuery = defineQuery<ProductionState>('state');
