import { jensenShannon, lInfinity, totalVariation } from '../drift/divergences.ts';
import { quotient, requireSameRows, weightAt } from '../metrics/usable-rows.ts';

/**
 * SageMaker Clarify's measures under Clarify's names. The facet d is the group that might be disadvantaged, a
 * everybody else; q are shares of label 1, q' of prediction 1. Null where a divisor is zero.
 */
export interface ClarifyBias {
  /** Class imbalance (n_a − n_d)/(n_a + n_d). */
  readonly CI: number | null;
  /** Difference in proportions of labels q_a − q_d. */
  readonly DPL: number | null;
  /** KL(P_a‖P_d) of the labels, nats. */
  readonly KL: number | null;
  /** Jensen-Shannon divergence of the labels, nats. */
  readonly JS: number | null;
  /** L2 norm of the difference of the label distributions. */
  readonly LP: number | null;
  readonly TVD: number | null;
  readonly KS: number | null;
  /** Conditional demographic disparity of the labels; null without strata. */
  readonly CDDL: number | null;
  /** q'_a − q'_d. */
  readonly DPPL: number | null;
  /** Disparate impact q'_d/q'_a. */
  readonly DI: number | null;
  /** Difference in conditional acceptance: observed/predicted positives, a − d. */
  readonly DCA: number | null;
  /** Difference in conditional rejection: observed/predicted negatives, d − a. */
  readonly DCR: number | null;
  /** Recall difference, a − d. */
  readonly RD: number | null;
  /** Specificity difference, d − a. */
  readonly SD: number | null;
  /** Difference in acceptance rates (precision), a − d. */
  readonly DAR: number | null;
  /** Difference in rejection rates (negative predictive value), d − a. */
  readonly DRR: number | null;
  /** Accuracy difference, a − d. */
  readonly AD: number | null;
  /** Conditional demographic disparity of the predictions; null without strata. */
  readonly CDDPL: number | null;
  /** Treatment equality FN_d/FP_d − FN_a/FP_a; null where a group has no false positive (Clarify says ∞). */
  readonly TE: number | null;
  /** Generalised entropy index (α = 2) of the benefits ŷ − y + 1; of everybody, not of the facet. */
  readonly GE: number | null;
}

/** Clarify's names of what the labels alone show, before a model is trained. */
export const CLARIFY_PRE_TRAINING = ['CI', 'DPL', 'KL', 'JS', 'LP', 'TVD', 'KS', 'CDDL'] as const;
/** … and of what predictions show. FT, which needs the features, is `counterfactualFlipTest`. */
export const CLARIFY_POST_TRAINING = [
  'DPPL',
  'DI',
  'DCA',
  'DCR',
  'RD',
  'SD',
  'DAR',
  'DRR',
  'AD',
  'CDDPL',
  'TE',
  'GE',
] as const;

/**
 * Clarify's measures of 0/1 labels and predictions; `inFacet` marks d; `strata` are Clarify's group variable. Rows whose
 * label or prediction is not 0 or 1 are left out. `weights`, which Clarify itself does not know, count a row as many.
 */
export function clarifyBias(input: {
  readonly labels: ArrayLike<number>;
  readonly predictions: ArrayLike<number>;
  readonly inFacet: ArrayLike<boolean>;
  readonly strata?: ArrayLike<string>;
  readonly weights?: ArrayLike<number>;
}): ClarifyBias {
  const { labels, predictions, inFacet, strata, weights } = input;
  requireSameRows({ labels, predictions, inFacet, strata, weights });
  const rows = usableRows(input);
  const a = tally(rows, false);
  const d = tally(rows, true);
  const minus = (x: number | null, y: number | null): number | null =>
    x === null || y === null ? null : x - y;
  const pa = [a.tn + a.fp, a.tp + a.fn].map((c) => c / a.n);
  const pd = [d.tn + d.fp, d.tp + d.fn].map((c) => c / d.n);
  const both = a.n > 0 && d.n > 0;
  const accepted = (t: Tally): number | null => quotient(t.tp + t.fp, t.n);
  return {
    CI: quotient(a.n - d.n, a.n + d.n),
    DPL: both ? pa[1]! - pd[1]! : null,
    KL: both ? relativeEntropy(pa, pd) : null,
    JS: both ? jensenShannon(pa, pd, { base: 'e' }).divergence : null,
    LP: both ? Math.hypot(pa[0]! - pd[0]!, pa[1]! - pd[1]!) : null,
    TVD: both ? totalVariation(pa, pd) : null,
    KS: both ? lInfinity(pa, pd) : null,
    CDDL: strata === undefined ? null : conditionalDisparity(rows, (row) => row.y),
    DPPL: minus(accepted(a), accepted(d)),
    DI: both ? quotient(accepted(d)!, accepted(a)!) : null,
    DCA: minus(quotient(a.tp + a.fn, a.tp + a.fp), quotient(d.tp + d.fn, d.tp + d.fp)),
    DCR: minus(quotient(d.tn + d.fp, d.tn + d.fn), quotient(a.tn + a.fp, a.tn + a.fn)),
    RD: minus(quotient(a.tp, a.tp + a.fn), quotient(d.tp, d.tp + d.fn)),
    SD: minus(quotient(d.tn, d.tn + d.fp), quotient(a.tn, a.tn + a.fp)),
    DAR: minus(quotient(a.tp, a.tp + a.fp), quotient(d.tp, d.tp + d.fp)),
    DRR: minus(quotient(d.tn, d.tn + d.fn), quotient(a.tn, a.tn + a.fn)),
    AD: minus(quotient(a.tp + a.tn, a.n), quotient(d.tp + d.tn, d.n)),
    CDDPL: strata === undefined ? null : conditionalDisparity(rows, (row) => row.p),
    TE: minus(quotient(d.fn, d.fp), quotient(a.fn, a.fp)),
    GE: generalisedEntropy(rows),
  };
}

interface Row {
  readonly y: number;
  readonly p: number;
  readonly d: boolean;
  readonly stratum: string;
  readonly w: number;
}

function usableRows({
  labels,
  predictions,
  inFacet,
  strata,
  weights,
}: Parameters<typeof clarifyBias>[0]): Row[] {
  const rows: Row[] = [];
  for (let i = 0; i < labels.length; i++) {
    const [y, p, w] = [labels[i]!, predictions[i]!, weightAt(weights, i)];
    if (w === null || w === 0 || (y !== 0 && y !== 1) || (p !== 0 && p !== 1)) continue;
    rows.push({ y, p, d: inFacet[i] === true, stratum: strata?.[i] ?? '', w });
  }
  return rows;
}

interface Tally {
  n: number;
  tp: number;
  fp: number;
  tn: number;
  fn: number;
}

function tally(rows: readonly Row[], facet: boolean): Tally {
  const t = { n: 0, tp: 0, fp: 0, tn: 0, fn: 0 };
  for (const { y, p, d, w } of rows) {
    if (d !== facet) continue;
    t.n += w;
    t[y === 1 ? (p === 1 ? 'tp' : 'fn') : p === 1 ? 'fp' : 'tn'] += w;
  }
  return t;
}

/** Null when d never has a label that a has: the divergence is infinite. */
function relativeEntropy(p: readonly number[], q: readonly number[]): number | null {
  let sum = 0;
  for (let i = 0; i < p.length; i++) {
    if (p[i] === 0) continue;
    if (q[i] === 0) return null;
    sum += p[i]! * Math.log(p[i]! / q[i]!);
  }
  return sum;
}

/** Σ_strata n_s/n · (d's share of the rejected − d's share of the accepted); a stratum without one of them has 0 there. */
function conditionalDisparity(rows: readonly Row[], outcome: (row: Row) => number): number | null {
  const counts = new Map<
    string,
    { n: number; rejected: number; accepted: number; dRejected: number; dAccepted: number }
  >();
  for (const row of rows) {
    const { stratum, w, d } = row;
    const s = counts.get(stratum) ?? { n: 0, rejected: 0, accepted: 0, dRejected: 0, dAccepted: 0 };
    counts.set(stratum, s);
    s.n += w;
    const inD = d ? w : 0;
    if (outcome(row) === 1) {
      s.accepted += w;
      s.dAccepted += inD;
    } else {
      s.rejected += w;
      s.dRejected += inD;
    }
  }
  let sum = 0;
  let total = 0;
  for (const s of counts.values()) {
    total += s.n;
    sum += s.n * ((quotient(s.dRejected, s.rejected) ?? 0) - (quotient(s.dAccepted, s.accepted) ?? 0));
  }
  return quotient(sum, total);
}

function generalisedEntropy(rows: readonly Row[]): number | null {
  let total = 0;
  let sum = 0;
  let squares = 0;
  for (const { y, p, w } of rows) {
    const benefit = p - y + 1;
    total += w;
    sum += w * benefit;
    squares += w * benefit * benefit;
  }
  const mean = quotient(sum, total);
  return mean === null || mean === 0 ? null : (squares / total / (mean * mean) - 1) / 2;
}
