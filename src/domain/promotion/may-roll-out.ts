import type { Approval } from '../../contracts/spec/operation.ts';
import type { GateReport } from '../gate-report.ts';
import type { ApprovalState } from './approval.ts';
import { approvalHolds } from './approval-votes.ts';
import { judgeGates } from './judge-gates.ts';

/**
 * The last check before live traffic: the gates advance on the evidence as it is now, and people approved exactly
 * that evidence, unless the spec asks nobody (`approval: null`).
 */
export function mayRollOut(
  report: GateReport,
  approval: ApprovalState | null,
  policy: { readonly allowUngated: boolean; readonly approval: Approval | null },
): boolean {
  if (judgeGates(report, policy).kind !== 'advance') return false;
  return policy.approval === null || (approval !== null && approvalHolds(approval, report.evidenceHash));
}
