import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { assessMetricGate } from '../../../src/domain/gates/assess-metric-gate.ts';
import { assessThreshold } from '../../../src/domain/gates/assess-threshold.ts';
import type { MetricGate } from '../../../src/domain/gates/assess-threshold.ts';
import type { ChampionMetrics, JudgedMetrics } from '../../../src/domain/gates/judged-metrics.ts';

const gate = (more: Partial<MetricGate>): MetricGate => ({
  type: 'metric',
  name: 'quality',
  metric: 'auc',
  slices: 'overall',
  ...more,
});
const scored = (auc: number | null, slices: JudgedMetrics['slices'] = []): JudgedMetrics => ({
  overall: { auc, logLoss: 0.3 },
  count: 1000,
  slices,
});
const champion = (auc: number | null): ChampionMetrics => ({ kind: 'scored', metrics: scored(auc) });
const kindOf = (more: Partial<MetricGate>, value: number | null, base: ChampionMetrics = null) =>
  assessMetricGate(gate(more), scored(value), base, 50).verdict.kind;
const change = (minAbsoluteChange?: number, minRelativeChange?: number) => ({
  vsChampion: {
    ...(minAbsoluteChange === undefined ? {} : { minAbsoluteChange }),
    ...(minRelativeChange === undefined ? {} : { minRelativeChange }),
  },
});

describe('a metric gate', () => {
  it('passes a value on its bound', () => {
    expect(kindOf({ min: 0.7 }, 0.7)).toBe('pass');
    expect(kindOf({ max: 0.7, metric: 'auc' }, 0.7)).toBe('pass');
    expect(kindOf({ min: 0.7 }, 0.699)).toBe('fail');
  });

  it('knows which metrics are better when they are lower, unless the gate says otherwise', () => {
    const holdout = (logLoss: number): JudgedMetrics => ({ overall: { logLoss }, count: 1000, slices: [] });
    const against = (mine: number, more: Partial<MetricGate> = {}) =>
      assessMetricGate(
        gate({ metric: 'logLoss', ...change(0.05), ...more }),
        holdout(mine),
        { kind: 'scored', metrics: holdout(0.4) },
        50,
      ).verdict.kind;
    expect([against(0.34), against(0.46)]).toEqual(['pass', 'fail']);
    expect([against(0.34, { higherIsBetter: true }), against(0.46, { higherIsBetter: true })]).toEqual([
      'fail',
      'pass',
    ]);
  });

  it('demands the improvement over the champion, absolute and relative', () => {
    expect(kindOf(change(0.1), 0.8, champion(0.7))).toBe('pass');
    expect(kindOf(change(0.1), 0.79, champion(0.7))).toBe('fail');
    expect(kindOf(change(undefined, 0.1), 0.77, champion(0.7))).toBe('pass');
    expect(kindOf(change(undefined, 0.1), 0.76, champion(0.7))).toBe('fail');
  });

  it('allows as much of a loss as a negative change says', () => {
    expect(kindOf(change(-0.01), 0.69, champion(0.7))).toBe('pass');
    expect(kindOf(change(-0.01), 0.68, champion(0.7))).toBe('fail');
  });

  it('turns the other way for metrics that are better when lower', () => {
    const lower = { higherIsBetter: false };
    expect(kindOf({ ...lower, ...change(0.1) }, 0.5, champion(0.6))).toBe('pass');
    expect(kindOf({ ...lower, ...change(0.1) }, 0.55, champion(0.6))).toBe('fail');
    expect(kindOf({ ...lower, ...change(undefined, 0.1) }, 0.54, champion(0.6))).toBe('pass');
  });

  it('is not turned round by a negative baseline', () => {
    expect(kindOf(change(undefined, 0.1), -0.8, champion(-1))).toBe('pass');
    expect(kindOf(change(undefined, 0.1), -1.05, champion(-1))).toBe('fail');
  });

  it('wants a gain over a baseline of zero when a relative gain is asked', () => {
    expect(kindOf(change(undefined, 0.1), 0, champion(0))).toBe('fail');
    expect(kindOf(change(undefined, 0.1), 0.001, champion(0))).toBe('pass');
    expect(kindOf(change(undefined, 0), 0, champion(0))).toBe('pass');
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('never passes %s', (value) => {
    expect(kindOf({ min: 0, max: 1, ...change(0) }, value, champion(0.5))).toBe('fail');
    expect(kindOf(change(undefined, 0), 0.9, champion(value))).toBe('fail');
  });

  it('has too little data where the metric is not defined, for either', () => {
    expect(kindOf({ min: 0.5 }, null)).toBe('insufficient_data');
    expect(kindOf(change(0), 0.9, champion(null))).toBe('insufficient_data');
  });

  it('holds the first version to absolute thresholds only, and says so', () => {
    const first = assessMetricGate(gate({ min: 0.6, ...change(0.1) }), scored(0.65), null, 50);
    expect(first.verdict.kind).toBe('pass');
    expect(first.verdict.reason).toContain('first version');
    expect(kindOf({ min: 0.7, ...change(0.1) }, 0.65)).toBe('fail');
  });

  it('does not pass when the champion cannot be scored on the holdout', () => {
    const unscorable: ChampionMetrics = { kind: 'unscorable', reason: 'needs view.old' };
    expect(kindOf(change(0), 0.9, unscorable)).toBe('insufficient_data');
    expect(kindOf({ min: 0.5 }, 0.9, unscorable)).toBe('pass');
  });

  it('is an error without a threshold, or for a metric that nobody computes', () => {
    expect(kindOf({}, 0.9)).toBe('error');
    const unknown = assessMetricGate(gate({ metric: 'acu', min: 0.5 }), scored(0.9), null, 50);
    expect(unknown.verdict).toMatchObject({
      kind: 'error',
      reason: expect.stringContaining('auc') as string,
    });
  });

  it('lists every bound that is missed, not the first', () => {
    const missed = assessMetricGate(gate({ min: 0.7, ...change(0.1, 0.2) }), scored(0.6), champion(0.65), 50);
    expect(missed.verdict.reason.match(/below/g)).toHaveLength(3);
  });

  it('takes a NaN for no reason to advance, whatever is asked', () => {
    fc.assert(
      fc.property(fc.double(), fc.double(), fc.option(fc.double()), (min, relative, baseline) => {
        const checks = assessThreshold(
          { metric: 'auc', min, higherIsBetter: true, vsChampion: { minRelativeChange: relative } },
          Number.NaN,
          baseline,
        );
        expect(checks.some((check) => check.ok !== true)).toBe(true);
      }),
    );
  });
});

describe('slices', () => {
  const slices = [
    { name: 'region=EU', count: 500, metrics: { auc: 0.8 } },
    { name: 'region=AU', count: 60, metrics: { auc: 0.5 } },
    { name: 'region=IS', count: 3, metrics: { auc: 0.1 } },
  ];
  const each = gate({ min: 0.6, slices: 'each' });

  it('fail a gate that the whole passes, and are named', () => {
    const result = assessMetricGate(each, scored(0.75, slices), null, 50);
    expect(result.verdict).toMatchObject({ kind: 'fail' });
    expect(result.verdict.reason).toContain('region=AU');
  });

  it('under the minimum size are not judged but listed', () => {
    const result = assessMetricGate(each, scored(0.75, slices.slice(2)), null, 50);
    expect(result.verdict.kind).toBe('insufficient_data');
    expect(result.evidence['tooSmall']).toEqual([{ slice: 'region=IS', count: 3 }]);
    const two = assessMetricGate(each, scored(0.75, [slices[0]!, slices[2]!]), null, 50);
    expect(two.verdict.kind).toBe('pass');
  });

  it('are compared with the same slice of the champion', () => {
    const base: ChampionMetrics = { kind: 'scored', metrics: scored(0.7, [slices[0]!]) };
    const compare = gate({ slices: 'each', ...change(0) });
    expect(assessMetricGate(compare, scored(0.75, [slices[0]!]), base, 50).verdict.kind).toBe('pass');
    const worse = { ...slices[0]!, metrics: { auc: 0.79 } };
    expect(assessMetricGate(compare, scored(0.75, [worse]), base, 50).verdict.kind).toBe('fail');
    const absent = assessMetricGate(compare, scored(0.75, [slices[1]!]), base, 50);
    expect(absent.verdict.kind).toBe('insufficient_data');
  });
});
