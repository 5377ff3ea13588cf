import type { ModelRef } from '../../src/contracts/workflows/ids.ts';
import { idsOf } from '../../src/domain/requesters.ts';
import type { GateReport } from '../../src/domain/gate-report.ts';
import { approvalCount } from '../../src/domain/promotion/approval-votes.ts';
import type { ApprovalState } from '../../src/domain/promotion/approval.ts';

const LONGEST_REASON = 300;

/** What the gates found, one line each, for people who decide. */
export function gateFacts(report: GateReport): Record<string, string> {
  const compared =
    report.comparedWith === null ? 'no champion yet' : `version ${String(report.comparedWith)}`;
  const facts: Record<string, string> = { 'compared with': compared };
  for (const { gate, verdict } of report.gates) {
    facts[gate] = `${verdict.kind}: ${verdict.reason.slice(0, LONGEST_REASON)}`;
  }
  if (report.ungated) facts['gates'] = 'none (allowUngated)';
  return facts;
}

/** Who must approve, until when, on which evidence, and the command that does it. */
export function approvalFacts(
  { model, version }: ModelRef & { readonly version: number },
  approval: ApprovalState,
): Record<string, string> {
  return {
    'asked for by': idsOf(approval).join(', '),
    approvals: `${String(approvalCount(approval))} of ${String(approval.quorum)} by ${approval.roles.join(', ')}`,
    until: new Date(approval.expiresAt).toISOString(),
    evidence: approval.evidenceHash,
    approve: `perennial approve ${model} ${String(version)} --evidence ${approval.evidenceHash} --reason "…"`,
  };
}
