import type { Confusion, ConfusionRates } from './confusion.ts';
import { confusionRates } from './confusion.ts';
import { expectedCalibrationError } from './calibration.ts';
import { curveAreas } from './ranked-curves.ts';
import { quotient, requireSameRows, weightAt } from './usable-rows.ts';

/** Probabilities are kept this far from 0 and 1 in the log loss (scikit-learn: float64 ε). */
const LOG_LOSS_CLIP = Number.EPSILON;

export interface BinaryOptions {
  /** A score of at least this is a positive prediction. Default 0.5. */
  readonly threshold?: number;
  readonly weights?: ArrayLike<number>;
  /** Equal-width calibration bins. Default 10. */
  readonly calibrationBins?: number;
}

export interface BinaryMetrics extends ConfusionRates {
  /** Rows used: label, score and weight all usable. */
  readonly count: number;
  /** Rows left out. */
  readonly dropped: number;
  readonly positives: number;
  readonly confusion: Confusion;
  readonly auc: number | null;
  readonly averagePrecision: number | null;
  /** Mean −ln of the probability given to what happened, nats. */
  readonly logLoss: number | null;
  /** Mean squared error of the probabilities. */
  readonly brier: number | null;
  /** Expected calibration error. */
  readonly ece: number | null;
}

/**
 * Metrics of scores in [0, 1] for labels 0/1 (or booleans), with scikit-learn's definitions. A metric that the data
 * do not define (no rows, one class, …) is null. Rows with a missing label or a score that is not finite are dropped
 * and counted. Scores outside [0, 1] still rank, and leave log loss, Brier and ECE null.
 */
export function binaryMetrics(
  labels: ArrayLike<number | boolean | null | undefined>,
  scores: ArrayLike<number | null | undefined>,
  options: BinaryOptions = {},
): BinaryMetrics {
  const rows = usable(labels, scores, options.weights);
  const threshold = options.threshold ?? 0.5;
  const { label, score, weight, count } = rows;
  let tn = 0;
  let fp = 0;
  let fn = 0;
  let tp = 0;
  let positives = 0;
  let logLoss = 0;
  let brier = 0;
  let probabilities = true;
  for (let i = 0; i < count; i++) {
    const w = weight[i]!;
    const p = score[i]!;
    if (label[i] === 1) {
      positives++;
      if (p >= threshold) tp += w;
      else fn += w;
    } else if (p >= threshold) fp += w;
    else tn += w;
    if (p < 0 || p > 1) probabilities = false;
    const clipped = Math.min(1 - LOG_LOSS_CLIP, Math.max(LOG_LOSS_CLIP, p));
    logLoss -= w * (label[i] === 1 ? Math.log(clipped) : Math.log1p(-clipped));
    brier += w * (p - label[i]!) ** 2;
  }
  const total = tn + fp + fn + tp;
  const confusion = { trueNegatives: tn, falsePositives: fp, falseNegatives: fn, truePositives: tp };
  return {
    count,
    dropped: labels.length - count,
    positives,
    confusion,
    ...confusionRates(confusion),
    ...curveAreas(label, score, weight),
    logLoss: probabilities ? quotient(logLoss, total) : null,
    brier: probabilities ? quotient(brier, total) : null,
    ece: probabilities
      ? expectedCalibrationError(label, score, { weights: weight, bins: options.calibrationBins ?? 10 })
      : null,
  };
}

interface UsableRows {
  readonly label: Float64Array;
  readonly score: Float64Array;
  readonly weight: Float64Array;
  readonly count: number;
}

function usable(
  labels: ArrayLike<number | boolean | null | undefined>,
  scores: ArrayLike<number | null | undefined>,
  weights: ArrayLike<number> | undefined,
): UsableRows {
  requireSameRows({ labels, scores, weights });
  const whole = allUsable(labels, scores, weights);
  if (whole !== null) return whole;
  const label = new Float64Array(labels.length);
  const score = new Float64Array(labels.length);
  const weight = new Float64Array(labels.length);
  let count = 0;
  for (let i = 0; i < labels.length; i++) {
    const y = Number(labels[i] ?? Number.NaN);
    const s = scores[i];
    const w = weightAt(weights, i);
    if ((y !== 0 && y !== 1) || typeof s !== 'number' || !Number.isFinite(s) || w === null) continue;
    label[count] = y;
    score[count] = s;
    weight[count] = w;
    count++;
  }
  return {
    label: label.subarray(0, count),
    score: score.subarray(0, count),
    weight: weight.subarray(0, count),
    count,
  };
}

/** Columns as they are, when every row of them is usable: copies cost as much as the metrics of many slices. */
function allUsable(labels: unknown, scores: unknown, weights: unknown): UsableRows | null {
  if (!(labels instanceof Float64Array)) return null;
  if (!(scores instanceof Float64Array) || !(weights instanceof Float64Array)) return null;
  for (let i = 0; i < labels.length; i++) {
    const y = labels[i];
    if ((y !== 0 && y !== 1) || !Number.isFinite(scores[i]) || weightAt(weights, i) === null) return null;
  }
  return { label: labels, score: scores, weight: weights, count: labels.length };
}
