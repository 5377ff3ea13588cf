import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Actor } from '../../domain/actor.ts';
import type { Requesters } from '../../domain/requesters.ts';
import type { ApprovalState } from '../../domain/promotion/approval.ts';
import type { GateReport } from '../../domain/gate-report.ts';
import type { ByActor } from './lifecycle.ts';
import type { ModelRef } from './ids.ts';

export interface PromoteVersionInput extends ModelRef, Requesters {
  readonly version: number;
  readonly specRevision: number;
  readonly champion: number | null;
  /** Of a promotion after an undecided one: sets its records and messages apart from the earlier ones. */
  readonly round?: string;
}

export interface DecideCommand {
  readonly actor: Actor;
  readonly decision: 'approve' | 'reject';
  readonly reason: string;
  /** The evidence that the person saw. */
  readonly evidenceHash: string;
}

export interface DecideAnswer {
  readonly status: 'approved' | 'denied' | 'open';
  readonly approvals: number;
  readonly quorum: number;
}

type PromotionPhase = 'gates' | 'approval' | 'rollout' | 'finished';

export interface PromotionState {
  readonly version: number;
  readonly phase: PromotionPhase;
  readonly gates: GateReport | null;
  readonly approval: ApprovalState | null;
  readonly detail: string;
}

export const decideUpdate = defineUpdate<DecideAnswer, [DecideCommand]>('decide');
/** New evidence exists (an evaluation was repeated): gates run again and approvals so far are void. */
export const evidenceChangedSignal = defineSignal<[{ readonly reason: string }]>('evidenceChanged');
export const abortPromotionSignal = defineSignal<[ByActor]>('abort');
export const promotionStateQuery = defineQuery<PromotionState>('state');
