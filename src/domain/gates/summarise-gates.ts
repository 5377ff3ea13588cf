import type { GateResult } from '../gate-report.ts';
import { advances } from '../verdict.ts';
import type { Verdict, VerdictKind } from '../verdict.ts';

/** The worst first: what cannot be judged must not hide what failed. */
const WORST_FIRST: readonly VerdictKind[] = ['fail', 'error', 'insufficient_data', 'skipped'];

/**
 * The verdict over all gates: a pass only when every one advances. Without a configured gate a version is refused,
 * unless the spec says that it may go ungated.
 */
export function summariseGates(
  results: readonly GateResult[],
  configured: number,
  allowUngated: boolean,
): Verdict {
  for (const kind of WORST_FIRST) {
    const gates = results.filter((result) => result.verdict.kind === kind);
    if (gates.length === 0) continue;
    const reason = gates.map(({ gate, verdict }) => `${gate}: ${verdict.reason}`).join('; ');
    return kind === 'skipped'
      ? { kind: 'insufficient_data', reason: `skipped: ${reason}` }
      : ofKind(kind, reason);
  }
  if (configured === 0 && !allowUngated)
    return {
      kind: 'fail',
      reason:
        'the spec has no gates, and nothing configured means refuse; add gates or write allowUngated: true',
    };
  const overridden = results.filter((result) => result.verdict.kind === 'overridden').length;
  const passed = results.filter((result) => advances(result.verdict)).length;
  if (configured === 0) return { kind: 'pass', reason: 'ungated by the spec; the built-in gates pass' };
  return {
    kind: 'pass',
    reason: overridden === 0 ? `all ${passed} gates pass` : `${passed} gates pass, ${overridden} overridden`,
  };
}

function ofKind(kind: VerdictKind, reason: string): Verdict {
  switch (kind) {
    case 'fail':
    case 'error':
    case 'insufficient_data':
      return { kind, reason };
    case 'pass':
    case 'skipped':
    case 'overridden':
      throw new TypeError(`a summary is never ${kind}`);
  }
}

/** What a verdict rests on, without what differs from one measuring to the next: an approval binds to its digest. */
export function stableEvidence(result: GateResult): Readonly<Record<string, unknown>> {
  const { gate, type, verdict } = result;
  const evidence = Object.fromEntries(
    Object.entries(result.evidence).filter(([name]) => name !== 'latencyMsP99'),
  );
  return { gate, type, verdict: verdict.kind, evidence };
}
