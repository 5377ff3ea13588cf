import { describe, expect, it } from 'vitest';
import { judgeGates } from '../../../../src/domain/promotion/judge-gates.ts';
import type { Verdict } from '../../../../src/domain/verdict.ts';
import { gateReport } from '../../../workflows/builders.ts';

const verdictOf = (kind: Verdict['kind']): Verdict => ({ kind, reason: 'why', by: 'mira' });

describe('judgeGates', () => {
  it.each([
    ['pass', 'advance'],
    ['overridden', 'advance'],
    ['fail', 'reject'],
    ['error', 'undecided'],
    ['insufficient_data', 'undecided'],
    ['skipped', 'undecided'],
  ] as const)('takes %s for %s', (kind, judged) => {
    expect(judgeGates(gateReport(2, 1, verdictOf(kind)), { allowUngated: false }).kind).toBe(judged);
  });

  it('does not trust a summary that says pass over a gate that failed', () => {
    const report = gateReport(2, 1);
    const failed = { ...report.gates[0]!, verdict: verdictOf('fail') };
    const judged = judgeGates({ ...report, gates: [...report.gates, failed] }, { allowUngated: false });
    expect(judged).toMatchObject({ kind: 'reject', failures: ['auc: why'] });
  });

  it('refuses a spec without gates, unless it says allowUngated', () => {
    const report = { ...gateReport(2, 1), gates: [], ungated: true };
    expect(judgeGates(report, { allowUngated: false }).kind).toBe('reject');
    expect(judgeGates(report, { allowUngated: true }).kind).toBe('advance');
  });
});
