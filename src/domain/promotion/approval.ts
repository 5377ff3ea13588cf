import type { Actor } from '../actor.ts';
import type { Requesters } from '../requesters.ts';
import type { RoleName } from '../role.ts';

interface ApprovalVote {
  readonly actor: Actor;
  readonly decision: 'approve' | 'reject';
  readonly reason: string;
  readonly evidenceHash: string;
  readonly at: number;
}

/** An approval as far as it has got. Votes on other evidence are void and kept apart for the record. */
export interface ApprovalState extends Requesters {
  readonly status: 'open' | 'approved' | 'denied' | 'expired';
  readonly evidenceHash: string;
  readonly openedAt: number;
  readonly expiresAt: number;
  readonly roles: readonly RoleName[];
  readonly quorum: number;
  readonly votes: readonly ApprovalVote[];
  readonly voidVotes: readonly ApprovalVote[];
}
