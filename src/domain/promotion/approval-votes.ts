import type { Approval } from '../../contracts/spec/operation.ts';
import type { DecideCommand } from '../../contracts/workflows/promotion.ts';
import {
  APPROVAL_DUPLICATE,
  APPROVAL_EVIDENCE_STALE,
  APPROVAL_NOT_OPEN,
  APPROVAL_ROLE,
  APPROVAL_SELF,
} from '../../errors/lifecycle-errors.ts';
import { idsOf, requestersOf } from '../requesters.ts';
import type { Requesters } from '../requesters.ts';
import { refusal } from '../refusal.ts';
import type { Refusal } from '../refusal.ts';
import type { ApprovalState } from './approval.ts';

type Policy = Pick<Approval, 'roles' | 'quorum' | 'timeout' | 'remindAfter'>;

/** Opens an approval that binds to `evidenceHash` and fails closed after the policy's timeout. */
export function openApproval(
  policy: Policy,
  evidenceHash: string,
  by: Requesters,
  now: number,
): ApprovalState {
  return {
    status: 'open',
    evidenceHash,
    ...requestersOf(by),
    openedAt: now,
    expiresAt: now + policy.timeout,
    roles: policy.roles,
    quorum: policy.quorum,
    votes: [],
    voidVotes: [],
  };
}

/**
 * Why a vote is not taken, or null. One gate, asked by the update's validator and again when the vote is cast:
 * open and in time, about the present evidence, by somebody with a role, once, and never an approval by
 * somebody who asked for the version.
 */
export function checkVote(state: ApprovalState | null, vote: DecideCommand, now: number): Refusal | null {
  if (state === null) return refusal(APPROVAL_NOT_OPEN, 'The version is not waiting for an approval now.');
  if (state.status !== 'open' || now >= state.expiresAt) {
    const status = state.status === 'open' ? 'expired' : state.status;
    return refusal(APPROVAL_NOT_OPEN, `The approval is ${status}; it takes no more votes.`);
  }
  if (!vote.actor.roles.some((role) => state.roles.includes(role))) {
    const has = vote.actor.roles.join(', ') || 'no role';
    const text = `${vote.actor.id} holds ${has}; one of ${state.roles.join(', ')} is needed.`;
    return refusal(APPROVAL_ROLE, text);
  }
  if (vote.decision === 'approve' && idsOf(state).includes(vote.actor.id)) {
    return refusal(APPROVAL_SELF, `${vote.actor.id} asked for this version; somebody else must approve it.`);
  }
  if (vote.evidenceHash !== state.evidenceHash) {
    const text = `The vote is about evidence ${vote.evidenceHash.slice(0, 12)}; the present evidence is ${state.evidenceHash.slice(0, 12)}.`;
    return refusal(APPROVAL_EVIDENCE_STALE, text);
  }
  if (state.votes.some((v) => v.actor.id === vote.actor.id)) {
    return refusal(APPROVAL_DUPLICATE, `${vote.actor.id} has voted on this evidence already.`);
  }
  return null;
}

/** Adds a vote that `checkVote` allowed. One rejection denies; the quorum of different people approves. */
export function castVote(state: ApprovalState, vote: DecideCommand, now: number): ApprovalState {
  const { actor, decision, reason, evidenceHash } = vote;
  const votes = [...state.votes, { actor, decision, reason, evidenceHash, at: now }];
  if (decision === 'reject') return { ...state, votes, status: 'denied' };
  const status = approvalCount({ ...state, votes }) >= state.quorum ? 'approved' : 'open';
  return { ...state, votes, status };
}

export function approvalCount(state: ApprovalState): number {
  return state.votes.filter((v) => v.decision === 'approve').length;
}

/** Time passed: an open approval at its end has expired, and an expired one approves nothing. */
export function expireApproval(state: ApprovalState, now: number): ApprovalState {
  return state.status === 'open' && now >= state.expiresAt ? { ...state, status: 'expired' } : state;
}

/** Other evidence: votes so far are void, and the approval is open anew for its whole time. */
function reopenApproval(
  state: ApprovalState,
  policy: Policy,
  evidenceHash: string,
  now: number,
): ApprovalState {
  const opened = openApproval(policy, evidenceHash, state, now);
  return { ...opened, voidVotes: [...state.voidVotes, ...state.votes] };
}

/**
 * The approval that a version needs on this evidence: the one that is there while it is about the same evidence,
 * else a new one. A rejection stays whatever becomes of the evidence: nobody is asked again to get another answer.
 */
export function approvalOn(
  given: ApprovalState | null,
  policy: Policy,
  evidence: { readonly hash: string; readonly by: Requesters },
  now: number,
): ApprovalState {
  if (given === null) return openApproval(policy, evidence.hash, evidence.by, now);
  if (given.status === 'denied' || given.evidenceHash === evidence.hash) return given;
  return reopenApproval(given, policy, evidence.hash, now);
}

/** Whether the approval that was given still holds for the evidence as it is now. */
export function approvalHolds(state: ApprovalState, evidenceHash: string): boolean {
  return state.status === 'approved' && state.evidenceHash === evidenceHash;
}

/** When the next reminder is due, after `sent` of them; null when none is left before the end. */
export function nextReminderAt(state: ApprovalState, policy: Policy, sent: number): number | null {
  const after = [...policy.remindAfter].sort((a, b) => a - b)[sent];
  if (state.status !== 'open' || after === undefined || after >= policy.timeout) return null;
  return state.openedAt + after;
}
