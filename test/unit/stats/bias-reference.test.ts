import { describe, expect, it } from 'vitest';
import type { GroupFairness } from '../../../src/stats/index.ts';
import { clarifyBias, groupFairness } from '../../../src/stats/index.ts';
import { CLOSED_FORM, expectClose, numbers, readColumns, readReference } from './reference-files.ts';

type Expected = Record<string, any>;
const expected = readReference<{ by: Record<string, Expected>; edge: Record<string, Expected> }>(
  'bias_expected.json',
);
const clarify = readReference<{ facets: Record<string, Expected> }>('bias_clarify.json').facets;
const weighted = readReference<{ by: Record<string, Expected> }>('bias_weighted_expected.json').by;
const columns = readColumns('bias.csv');
const labels = numbers(columns.y);
const predictions = numbers(columns.pred);

/** What fairlearn computes with weights, too. */
function checkBetweenGroups(f: GroupFairness, e: Expected): void {
  const pairs: [string, number | null][] = [
    ['demographic_parity_difference', f.demographicParityDifference],
    ['demographic_parity_ratio', f.demographicParityRatio],
    ['equalized_odds_difference', f.equalizedOddsDifference],
    ['equalized_odds_ratio', f.equalizedOddsRatio],
    ['equal_opportunity_difference', f.equalOpportunityDifference],
    ['equal_opportunity_ratio', f.equalOpportunityRatio],
  ];
  for (const [name, value] of pairs) expectClose(value, e[name], CLOSED_FORM, name);
}

function check(f: GroupFairness, e: Expected): void {
  checkBetweenGroups(f, e);
  const toOverall = e.demographic_parity_difference_to_overall;
  expectClose(f.demographicParityDifferenceToOverall, toOverall, CLOSED_FORM, 'to overall');
  expectClose(f.equalizedOddsDifferenceMean, e.equalized_odds_difference_mean_agg, CLOSED_FORM, 'mean');
  expect(f.fourFifthsRule).toBe(e.four_fifths_rule_pass);
  for (const [group, rates] of [...Object.entries(e.by_group as Expected), ['overall', e.overall] as const]) {
    const r = group === 'overall' ? f.overall! : f.byGroup[group]!;
    expectClose(r.selectionRate, rates.selection_rate, CLOSED_FORM, `${group} selection rate`);
    for (const name of ['count', 'tpr', 'fpr', 'tnr', 'fnr', 'accuracy', 'precision'] as const) {
      expectClose(r[name], rates[name], CLOSED_FORM, `${group} ${name}`);
    }
  }
}

describe('group fairness equals fairlearn', () => {
  it.each(['sex', 'race', 'age_band', 'sex_race'])('by %s', (by) => {
    const groups = by === 'sex_race' ? columns.sex!.map((s, i) => `${s}|${columns.race![i]}`) : columns[by]!;
    check(groupFairness(labels, predictions, groups), expected.by[by]!);
  });
  it.each(Object.entries(expected.edge).filter(([, e]) => e.error === undefined))('edge case %s', (_, e) => {
    check(groupFairness(e.data.y, e.data.pred, e.data.g), e);
  });
  it.each(Object.entries(weighted))('with weights, by %s', (by, e) => {
    const weights = labels.map((_, i) => 0.5 + (i % 7) / 4);
    const f = groupFairness(labels, predictions, columns[by]!, { weights });
    checkBetweenGroups(f, e);
    for (const [group, rates] of [
      ...Object.entries(e.by_group as Expected),
      ['overall', e.overall] as const,
    ]) {
      const r = group === 'overall' ? f.overall! : f.byGroup[group]!;
      expectClose(r.selectionRate, rates.selection_rate, CLOSED_FORM, `${group} selection rate`);
      expectClose(r.tpr, rates.true_positive_rate, CLOSED_FORM, `${group} tpr`);
      expectClose(r.fpr, rates.false_positive_rate, CLOSED_FORM, `${group} fpr`);
      expectClose(r.fnr, rates.false_negative_rate, CLOSED_FORM, `${group} fnr`);
    }
  });
  it('a missing group is a group of its own', () => {
    const { y, pred, g } = expected.edge.null_group!.data;
    expect(Object.keys(groupFairness(y, pred, g).byGroup)).toEqual(['(missing)', 'a', 'b']);
  });
  it('no rows are no verdict', () => {
    expect(groupFairness([], [], [])).toMatchObject({
      overall: null,
      demographicParityRatio: null,
      fourFifthsRule: null,
    });
  });
});

describe("bias equals SageMaker Clarify's library", () => {
  it.each(Object.entries(clarify))('%s', (facet, e) => {
    const [column, value] = facet.split('=') as [string, string];
    const inFacet = columns[column]!.map((v) => v === value);
    const bias = clarifyBias({ labels, predictions, inFacet, strata: columns.age_band! });
    for (const [name, actual] of Object.entries(bias)) {
      expectClose(actual, e[name] === 'inf' ? null : e[name], CLOSED_FORM, name);
    }
  });
});
