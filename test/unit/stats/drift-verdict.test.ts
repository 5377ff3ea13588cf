import { describe, expect, it } from 'vitest';
import type { ColumnDriftInput, ColumnDriftVerdict } from '../../../src/stats/index.ts';
import { assessColumnDrift } from '../../../src/stats/index.ts';
import { readReference } from './reference-files.ts';

interface Case {
  readonly name: string;
  readonly kind: 'numeric' | 'categorical';
  readonly reference: (number | string | null)[];
  readonly current: (number | string | null)[];
}
const cases = readReference<{ cases: Case[] }>('drift_cases.json').cases;

function assess(name: string): ColumnDriftVerdict {
  const c = cases.find((one) => one.name === name)!;
  const decode = (v: number | string | null): number | string | null =>
    c.kind === 'numeric' && typeof v === 'string' ? Number(v.replace('inf', 'Infinity')) : v;
  const { reference, current } = { reference: c.reference.map(decode), current: c.current.map(decode) };
  return assessColumnDrift({ kind: c.kind, reference, current } as ColumnDriftInput);
}

describe('the default verdict on the reference cases', () => {
  it.each([
    'mean_shift_0.3sd',
    'mean_shift_1sd',
    'variance_shift',
    'heavy_tail',
    'large_offset',
    'bimodal',
    'discrete_4_values',
    'zero_inflated',
    'constant_up',
    'constant_down',
    'nan_and_shift',
    'disjoint_50',
    'cat_shift',
    'cat_shift_n1500',
    'cat_new_category',
    'cat_vanished_category',
    'cat_high_card_shift',
    'cat_single_to_other',
    'cat_case_drift',
    'cat_unicode',
  ])('%s has drifted', (name) => {
    const verdict = assess(name);
    expect(verdict.kind, verdict.reason).toBe('drifted');
    expect(verdict.value).toBeGreaterThan(verdict.threshold!);
  });

  it.each([
    'no_shift',
    'no_shift_n1500',
    'mean_shift_0.08sd_n3000',
    'constant_same',
    'nan_rate_only',
    'unequal_2000_vs_137',
    'with_infinities',
    'cat_no_shift',
    'cat_no_shift_n1500',
    'cat_high_card_no_shift',
    'cat_binary',
    'cat_nulls',
    'cat_single_value',
  ])('%s is stable', (name) => {
    const verdict = assess(name);
    expect(verdict.kind, verdict.reason).toBe('stable');
    expect(verdict.value).toBeLessThanOrEqual(verdict.threshold!);
  });

  it.each([
    'empty_current',
    'all_nan_current',
    'tiny_n5_same',
    'tiny_n5_disjoint',
    'tiny_1_vs_5',
    'small_10_vs_8',
    'cat_empty_current',
    'cat_tiny',
  ])('%s is insufficient data', (name) => expect(assess(name).kind).toBe('insufficient_data'));

  it('reports a jump of the missing rate apart from the values', () => {
    const verdict = assess('nan_rate_only');
    expect(verdict.missing).toMatchObject({ drifted: true });
    expect(verdict.missing.reference).toBeCloseTo(0.02, 2);
  });

  it.each(cases.map((c) => c.name))('%s has no NaN anywhere', (name) => {
    const numbers = (value: unknown): number[] =>
      typeof value === 'number'
        ? [value]
        : value !== null && typeof value === 'object'
          ? Object.values(value).flatMap(numbers)
          : [];
    expect(numbers(assess(name)).every(Number.isFinite)).toBe(true);
  });
});
