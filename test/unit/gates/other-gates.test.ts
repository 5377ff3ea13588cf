import { describe, expect, it } from 'vitest';
import type { Signature } from '../../../src/contracts/trainer.ts';
import {
  assessEfficiencyGate,
  assessLoadsGate,
  assessRuleGate,
  assessSignatureGate,
} from '../../../src/domain/gates/assess-other-gates.ts';
import { compareSignatures } from '../../../src/domain/gates/compare-signatures.ts';
import { stableEvidence, summariseGates } from '../../../src/domain/gates/summarise-gates.ts';
import type { GateResult } from '../../../src/domain/gate-report.ts';
import type { Verdict } from '../../../src/domain/verdict.ts';

const result = (kind: Verdict['kind'], gate = 'g'): GateResult => ({
  gate,
  type: 'rule',
  verdict:
    kind === 'skipped' || kind === 'overridden' ? { kind, reason: 'r', by: 'ada' } : { kind, reason: 'r' },
  evidence: {},
});

describe('the verdict over all gates', () => {
  it('refuses when nothing is configured, unless the spec allows it', () => {
    expect(summariseGates([result('pass', 'loads')], 0, false).kind).toBe('fail');
    expect(summariseGates([result('pass', 'loads')], 0, true)).toMatchObject({ kind: 'pass' });
    expect(summariseGates([result('fail', 'loads')], 0, true).kind).toBe('fail');
  });

  it('passes only when every gate advances', () => {
    expect(summariseGates([result('pass'), result('overridden')], 2, false).kind).toBe('pass');
    for (const kind of ['fail', 'error', 'insufficient_data'] as const)
      expect(summariseGates([result('pass'), result(kind)], 2, false).kind).toBe(kind);
    expect(summariseGates([result('pass'), result('skipped')], 2, false).kind).toBe('insufficient_data');
  });

  it('tells the worst first', () => {
    const all = [result('insufficient_data'), result('error'), result('fail')];
    expect(summariseGates(all, 3, false).kind).toBe('fail');
  });
});

describe('a rule', () => {
  const rule = { type: 'rule', name: 'invasive', description: 'never invasive', query: { sql: '' } } as const;

  it('fails by the rows that break it, and shows at most 20', () => {
    const rows = Array.from({ length: 25 }, (_, i) => ({ plant: i }));
    const broken = assessRuleGate(rule, { kind: 'ran', count: 25, rows });
    expect(broken.verdict).toMatchObject({ kind: 'fail' });
    expect(broken.evidence).toMatchObject({ violations: 25 });
    expect(broken.evidence['rows']).toHaveLength(20);
  });

  it('that could not run is an error, never a pass', () => {
    expect(assessRuleGate(rule, { kind: 'failed', reason: 'no table x' }).verdict.kind).toBe('error');
    expect(assessRuleGate(rule, { kind: 'ran', count: 0, rows: [] }).verdict.kind).toBe('pass');
  });
});

describe('efficiency', () => {
  const gate = { type: 'efficiency', name: 'fast', maxLatencyMsP99: 5, maxSizeBytes: 100 } as const;

  it('holds size and latency, and needs a measurement', () => {
    expect(assessEfficiencyGate(gate, { latencyMsP99: 5, sizeBytes: 100 }).verdict.kind).toBe('pass');
    expect(assessEfficiencyGate(gate, { latencyMsP99: 5.1, sizeBytes: 100 }).verdict.kind).toBe('fail');
    expect(assessEfficiencyGate(gate, { latencyMsP99: null, sizeBytes: 100 }).verdict.kind).toBe(
      'insufficient_data',
    );
    expect(
      assessEfficiencyGate({ type: 'efficiency', name: 'x' }, { latencyMsP99: 1, sizeBytes: 1 }).verdict.kind,
    ).toBe('error');
  });

  it('rests an approval on the verdict, not on the noise of a measurement', () => {
    const one = assessEfficiencyGate(gate, { latencyMsP99: 1.01, sizeBytes: 10 });
    const other = assessEfficiencyGate(gate, { latencyMsP99: 1.02, sizeBytes: 10 });
    expect(stableEvidence(one)).toEqual(stableEvidence(other));
    const slow = assessEfficiencyGate(gate, { latencyMsP99: 9, sizeBytes: 10 });
    expect(stableEvidence(slow)).not.toEqual(stableEvidence(one));
  });
});

describe('loads', () => {
  it('fails a model that gives every row the same score', () => {
    expect(assessLoadsGate({ kind: 'loaded', rows: 90, distinctScores: 1 }).verdict.kind).toBe('fail');
    expect(assessLoadsGate({ kind: 'loaded', rows: 90, distinctScores: 80 }).verdict.kind).toBe('pass');
    expect(assessLoadsGate({ kind: 'failed', reason: 'broken file' }).verdict.kind).toBe('fail');
  });
});

describe('signatures', () => {
  const base: Signature = {
    inputs: [{ name: 'x', type: 'float32', shape: [-1, 2], features: ['a', 'b'] }],
    outputs: [{ name: 'score', type: 'float32', shape: [-1] }],
  };
  const input = (more: object): Signature => ({ ...base, inputs: [{ ...base.inputs[0]!, ...more }] });
  const output = { name: 'why', type: 'float32' as const, shape: [-1] };

  it.each([
    ['identical', base],
    ['compatible', { ...base, outputs: [...base.outputs, output] }],
    ['widening', input({ type: 'float64' })],
    ['widening', input({ shape: [-1, -1] })],
    ['breaking', input({ type: 'int32' })],
    ['breaking', input({ shape: [-1, 3], features: ['a', 'b', 'c'] })],
    ['breaking', input({ features: ['b', 'a'] })],
    ['breaking', { ...base, inputs: [...base.inputs, { ...output, name: 'y' }] }],
    ['breaking', { ...base, outputs: [output] }],
    ['breaking', { ...base, outputs: [{ ...base.outputs[0]!, shape: [-1, 2] }] }],
  ] as const)('changed so are %s', (kind, after) => {
    expect(compareSignatures(base, after as Signature).kind).toBe(kind);
  });

  it('that break callers fail, unless callers send keys only', () => {
    const diff = compareSignatures(base, input({ features: ['b', 'a'] }));
    expect(assessSignatureGate(diff, true).verdict.kind).toBe('fail');
    expect(assessSignatureGate(diff, false).verdict.kind).toBe('pass');
    expect(assessSignatureGate(null, true).verdict.kind).toBe('pass');
  });
});
