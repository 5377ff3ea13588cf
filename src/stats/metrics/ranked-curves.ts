import { argsort } from './argsort.ts';
import { requireSameRows, weightAt } from './usable-rows.ts';

export interface CurveAreas {
  /** Area under the ROC curve = P(score of a positive > score of a negative) + ½ P(equal); null with one class. */
  readonly auc: number | null;
  /** Σ (R_k − R_(k−1)) P_k over distinct thresholds, no interpolation; 0 without positives, null without weight. */
  readonly averagePrecision: number | null;
}

/** Both areas in one pass over the scores from high to low; tied scores are one threshold. Weighted. */
export function curveAreas(
  labels: ArrayLike<number>,
  scores: ArrayLike<number>,
  weights: ArrayLike<number>,
): CurveAreas {
  const order = argsort(scores);
  let positives = 0;
  let negatives = 0;
  for (let i = 0; i < labels.length; i++) {
    if (labels[i]! > 0) positives += weights[i]!;
    else negatives += weights[i]!;
  }
  let above = 0;
  let aboveNegative = 0;
  let area = 0;
  let precisionSum = 0;
  for (let k = order.length - 1; k >= 0;) {
    const score = scores[order[k]!]!;
    let tiedPositive = 0;
    let tiedNegative = 0;
    for (; k >= 0 && scores[order[k]!] === score; k--) {
      const i = order[k]!;
      if (labels[i]! > 0) tiedPositive += weights[i]!;
      else tiedNegative += weights[i]!;
    }
    area += tiedNegative * (above + tiedPositive / 2);
    above += tiedPositive;
    aboveNegative += tiedNegative;
    if (tiedPositive > 0) precisionSum += (tiedPositive * above) / (above + aboveNegative);
  }
  return {
    auc: positives > 0 && negatives > 0 ? area / (positives * negatives) : null,
    averagePrecision: positives > 0 ? precisionSum / positives : negatives > 0 ? 0 : null,
  };
}

/**
 * ROC points from the strictest threshold to the loosest, collinear points kept; the first threshold is +∞. Rows whose
 * label is not 0 or 1, whose score is not finite or whose weight is not usable are left out.
 */
export function rocCurve(
  labels: ArrayLike<number>,
  scores: ArrayLike<number>,
  weights?: ArrayLike<number>,
): {
  readonly falsePositiveRate: number[];
  readonly truePositiveRate: number[];
  readonly thresholds: number[];
} {
  requireSameRows({ labels, scores, weights });
  const rows: { y: number; score: number; w: number }[] = [];
  let positives = 0;
  let negatives = 0;
  for (let i = 0; i < labels.length; i++) {
    const w = weightAt(weights, i);
    const [y, score] = [labels[i]!, scores[i]!];
    if (w === null || (y !== 0 && y !== 1) || !Number.isFinite(score)) continue;
    rows.push({ y, score, w });
    if (y === 1) positives += w;
    else negatives += w;
  }
  const order = argsort(rows.map((row) => row.score));
  const curve = { falsePositiveRate: [0], truePositiveRate: [0], thresholds: [Number.POSITIVE_INFINITY] };
  let tp = 0;
  let fp = 0;
  for (let k = order.length - 1; k >= 0;) {
    const { score } = rows[order[k]!]!;
    for (; k >= 0 && rows[order[k]!]!.score === score; k--) {
      const { y, w } = rows[order[k]!]!;
      if (y === 1) tp += w;
      else fp += w;
    }
    curve.falsePositiveRate.push(negatives > 0 ? fp / negatives : 0);
    curve.truePositiveRate.push(positives > 0 ? tp / positives : 0);
    curve.thresholds.push(score);
  }
  return curve;
}
