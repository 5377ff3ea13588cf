import { sliceValue } from '../metrics/slice-value.ts';
import { requireSameRows, weightAt } from '../metrics/usable-rows.ts';

export type Group = string | number | boolean | null | undefined;

/** fairlearn's rates of one group. A rate without rows to divide by is 0 there, and so here; see the counts. */
export interface GroupRates {
  /** Rows, or their weight. */
  readonly count: number;
  /** Rows (their weight) with label 1; where it is 0, tpr and fnr say nothing. */
  readonly positives: number;
  readonly selectionRate: number;
  readonly tpr: number;
  readonly fpr: number;
  readonly tnr: number;
  readonly fnr: number;
  readonly accuracy: number;
  /** Null when nobody is selected. */
  readonly precision: number | null;
}

/** fairlearn's disparities; 0 and 1 are fair. A ratio is smallest / largest rate, null when all rates are 0. */
export interface GroupFairness {
  readonly byGroup: Readonly<Record<string, GroupRates>>;
  readonly overall: GroupRates | null;
  /** Largest − smallest selection rate. */
  readonly demographicParityDifference: number | null;
  readonly demographicParityRatio: number | null;
  /** The larger of the differences of tpr and of fpr. */
  readonly equalizedOddsDifference: number | null;
  /** Mean of both differences (fairlearn's agg="mean"). */
  readonly equalizedOddsDifferenceMean: number | null;
  /** The smaller of the ratios of tpr and of fpr; that of tpr where nobody has a false positive; null without a hit. */
  readonly equalizedOddsRatio: number | null;
  /** Of the tpr alone. */
  readonly equalOpportunityDifference: number | null;
  readonly equalOpportunityRatio: number | null;
  /** Largest distance of a group's selection rate to the overall one. */
  readonly demographicParityDifferenceToOverall: number | null;
  /** Whether the parity ratio is at least 0.8 (29 CFR 1607.4 D); null when undefined. */
  readonly fourFifthsRule: boolean | null;
}

const FOUR_FIFTHS = 0.8;

/**
 * Group fairness of 0/1 predictions for 0/1 labels, with fairlearn's definitions. A missing group is a group of its
 * own, "(missing)". Rows whose label or prediction is not 0 or 1, or whose weight is zero or not usable, are
 * left out. Everything is null without rows. `weights` are fairlearn's sample_weight.
 */
export function groupFairness(
  labels: ArrayLike<number>,
  predictions: ArrayLike<number>,
  groups: ArrayLike<Group>,
  options: { readonly weights?: ArrayLike<number> } = {},
): GroupFairness {
  requireSameRows({ labels, predictions, groups, weights: options.weights });
  const tallies = new Map<string, Tally>();
  const all = newTally();
  for (let i = 0; i < labels.length; i++) {
    const [y, p] = [labels[i]!, predictions[i]!];
    const w = weightAt(options.weights, i);
    if (w === null || w === 0 || (y !== 0 && y !== 1) || (p !== 0 && p !== 1)) continue;
    const key = sliceValue(groups[i]);
    const tally = tallies.get(key) ?? newTally();
    tallies.set(key, tally);
    for (const t of [tally, all]) {
      t[y === 1 ? (p === 1 ? 'tp' : 'fn') : p === 1 ? 'fp' : 'tn'] += w;
    }
  }
  const keys = [...tallies.keys()].sort();
  const byGroup = Object.fromEntries(keys.map((key) => [key, rates(tallies.get(key)!)]));
  const of = (rate: (r: GroupRates) => number): number[] => Object.values(byGroup).map(rate);
  const [selection, tpr, fpr] = [of((r) => r.selectionRate), of((r) => r.tpr), of((r) => r.fpr)];
  const overall = keys.length === 0 ? null : rates(all);
  const [tprGap, fprGap] = [difference(tpr), difference(fpr)];
  const [tprRatio, fprRatio] = [ratio(tpr), ratio(fpr)];
  const parityRatio = ratio(selection);
  return {
    byGroup,
    overall,
    demographicParityDifference: difference(selection),
    demographicParityRatio: parityRatio,
    equalizedOddsDifference: tprGap === null || fprGap === null ? null : Math.max(tprGap, fprGap),
    equalizedOddsDifferenceMean: tprGap === null || fprGap === null ? null : (tprGap + fprGap) / 2,
    equalizedOddsRatio: tprRatio === null ? null : Math.min(tprRatio, fprRatio ?? tprRatio),
    equalOpportunityDifference: tprGap,
    equalOpportunityRatio: tprRatio,
    demographicParityDifferenceToOverall:
      overall === null ? null : largest(selection.map((s) => Math.abs(s - overall.selectionRate))),
    fourFifthsRule: parityRatio === null ? null : parityRatio >= FOUR_FIFTHS,
  };
}

interface Tally {
  tp: number;
  fp: number;
  tn: number;
  fn: number;
}

function newTally(): Tally {
  return { tp: 0, fp: 0, tn: 0, fn: 0 };
}

function rates({ tp, fp, tn, fn }: Tally): GroupRates {
  const count = tp + fp + tn + fn;
  const share = (top: number, bottom: number): number => (bottom === 0 ? 0 : top / bottom);
  return {
    count,
    positives: tp + fn,
    selectionRate: share(tp + fp, count),
    tpr: share(tp, tp + fn),
    fpr: share(fp, fp + tn),
    tnr: share(tn, fp + tn),
    fnr: share(fn, tp + fn),
    accuracy: share(tp + tn, count),
    precision: tp + fp === 0 ? null : tp / (tp + fp),
  };
}

function difference(values: readonly number[]): number | null {
  return values.length === 0 ? null : largest(values) - smallest(values);
}

function ratio(values: readonly number[]): number | null {
  const most = Math.max(largest(values), 0);
  return most === 0 ? null : smallest(values) / most;
}

/** As Math.max, which takes no more arguments than the stack has room for. */
function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
}

function smallest(values: readonly number[]): number {
  return values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
}
