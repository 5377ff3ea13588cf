import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Severity } from '../../domain/finding.ts';
import type { ByActor } from './lifecycle.ts';
import type { ModelRef } from './ids.ts';

export interface HandleIncidentInput extends ModelRef {
  readonly incidentId: string;
  readonly severity: Severity;
  readonly title: string;
  readonly summary: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly openedAt: number;
  /** Set when a long incident carries itself on under a new history. */
  readonly state?: IncidentState;
}

export interface IncidentState {
  readonly incidentId: string;
  readonly status: 'open' | 'acknowledged' | 'resolved';
  readonly acknowledgedBy: string | null;
  readonly resolvedBy: string | null;
  readonly reminders: number;
  readonly escalated: boolean;
  readonly log: readonly { readonly at: number; readonly text: string }[];
}

export const acknowledgeUpdate = defineUpdate<void, [ByActor]>('acknowledge');
export const resolveUpdate = defineUpdate<void, [ByActor]>('resolve');
/** Something new to tell in the same thread: a rollback done, a retraining begun, a recovery. */
export const incidentNoteSignal =
  defineSignal<[{ readonly key: string; readonly text: string; readonly resolves?: boolean }]>('note');
export const incidentStateQuery = defineQuery<IncidentState>('state');
