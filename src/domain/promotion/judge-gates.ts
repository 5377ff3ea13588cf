import { assertNever } from '../../errors/assert-never.ts';
import type { GateReport } from '../gate-report.ts';
import type { Verdict } from '../verdict.ts';

/** What follows from a gate report: go on, end the version, or ask a person because nothing was decided. */
export type GateJudgement =
  | { readonly kind: 'advance'; readonly reason: string }
  | { readonly kind: 'reject'; readonly reason: string; readonly failures: readonly string[] }
  | { readonly kind: 'undecided'; readonly reason: string };

/**
 * Judges the whole report anew instead of trusting its summary: every gate must pass or be overridden, one
 * failure rejects, and a gate without an answer (error, too little data, skipped) neither passes nor fails.
 * No gates at all is a refusal unless the spec says `allowUngated`.
 */
export function judgeGates(report: GateReport, policy: { readonly allowUngated: boolean }): GateJudgement {
  const failures: string[] = [];
  const open: string[] = [];
  const sort = (gate: string, verdict: Verdict): void => {
    switch (verdict.kind) {
      case 'pass':
      case 'overridden':
        break;
      case 'fail':
        failures.push(`${gate}: ${verdict.reason}`);
        break;
      case 'error':
      case 'insufficient_data':
      case 'skipped':
        open.push(`${gate}: ${verdict.kind}, ${verdict.reason}`);
        break;
      default:
        assertNever(verdict, 'verdict');
    }
  };
  for (const { gate, verdict } of report.gates) sort(gate, verdict);
  // The summary says nothing new, unless it is worse than its gates: then it counts by itself.
  if (failures.length === 0 && open.length === 0) sort('all gates', report.verdict);
  else if (failures.length === 0 && report.verdict.kind === 'fail') sort('all gates', report.verdict);
  const ungated = report.ungated || report.gates.length === 0;
  if (ungated && !policy.allowUngated) {
    failures.push('The spec has no gates and does not say allowUngated: nothing configured is a refusal.');
  }
  if (failures.length > 0) return { kind: 'reject', reason: failures.join('; '), failures };
  if (ungated) return { kind: 'advance', reason: 'The spec has no gates and says allowUngated.' };
  if (open.length > 0) return { kind: 'undecided', reason: open.join('; ') };
  return { kind: 'advance', reason: report.verdict.reason };
}
