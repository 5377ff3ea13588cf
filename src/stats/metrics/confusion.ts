import { quotient } from './usable-rows.ts';

/** Weighted counts of a two-class decision. */
export interface Confusion {
  readonly trueNegatives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
  readonly truePositives: number;
}

export interface ConfusionRates {
  readonly accuracy: number | null;
  /** Mean recall of the classes that occur. */
  readonly balancedAccuracy: number | null;
  /** Null when nothing was predicted positive. */
  readonly precision: number | null;
  /** Null without positives. */
  readonly recall: number | null;
  /** 2TP/(2TP + FP + FN); null only when all three are zero. */
  readonly f1: number | null;
  /** Matthews correlation; 0 when a row or column of the table is empty, as in scikit-learn. */
  readonly mcc: number | null;
  /**
   * Cohen's κ of the table, weighted where the table is, as scikit-learn's with `sample_weight`; null when chance
   * agreement is certain.
   */
  readonly kappa: number | null;
}

/** The rates of a 2×2 table, with scikit-learn's definitions; what is undefined there is null here. */
export function confusionRates({
  trueNegatives: tn,
  falsePositives: fp,
  falseNegatives: fn,
  truePositives: tp,
}: Confusion): ConfusionRates {
  const total = tn + fp + fn + tp;
  const recall = quotient(tp, tp + fn);
  const specificity = quotient(tn, tn + fp);
  const present = [recall, specificity].filter((r) => r !== null);
  const chance = total > 0 ? ((tp + fp) * (tp + fn) + (tn + fn) * (tn + fp)) / total ** 2 : 1;
  const spread = Math.sqrt(tp + fp) * Math.sqrt(tp + fn) * Math.sqrt(tn + fp) * Math.sqrt(tn + fn);
  return {
    accuracy: quotient(tp + tn, total),
    balancedAccuracy: quotient(
      present.reduce((a, b) => a + b, 0),
      present.length,
    ),
    precision: quotient(tp, tp + fp),
    recall,
    f1: quotient(2 * tp, 2 * tp + fp + fn),
    mcc: total === 0 ? null : spread === 0 ? 0 : (tp * tn - fp * fn) / spread,
    kappa: total === 0 || chance === 1 ? null : ((tp + tn) / total - chance) / (1 - chance),
  };
}
