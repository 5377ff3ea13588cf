import { argsort } from './argsort.ts';
import { quotient, requireSameRows, weightAt } from './usable-rows.ts';

/** A truth of zero counts as this in the percentage error (scikit-learn: float64 ε). */
const MAPE_FLOOR = Number.EPSILON;

export interface RegressionOptions {
  readonly weights?: ArrayLike<number>;
  /** Quantile of the pinball loss. Default 0.9. */
  readonly quantile?: number;
}

/** In the unit of the target unless said otherwise; null without rows. */
export interface RegressionMetrics {
  readonly count: number;
  readonly dropped: number;
  readonly rmse: number | null;
  readonly mse: number | null;
  readonly mae: number | null;
  /** Median absolute error (with weights: the midpoint of the lower and the upper weighted median). */
  readonly medianAbsoluteError: number | null;
  /** 1 − Σ(y − ŷ)²/Σ(y − ȳ)²; a constant truth gives 1 when hit and 0 when missed; null below two rows. */
  readonly r2: number | null;
  /** Mean |y − ŷ| / max(|y|, ε), a ratio. */
  readonly mape: number | null;
  readonly maxError: number | null;
  /** Mean of prediction − truth. */
  readonly bias: number | null;
  readonly explainedVariance: number | null;
  readonly pinball: number | null;
}

/** Metrics of numeric predictions with scikit-learn's definitions; rows with a value that is not finite are dropped. */
export function regressionMetrics(
  truths: ArrayLike<number | null | undefined>,
  predictions: ArrayLike<number | null | undefined>,
  options: RegressionOptions = {},
): RegressionMetrics {
  requireSameRows({ truths, predictions, weights: options.weights });
  const quantile = options.quantile ?? 0.9;
  const truth: number[] = [];
  const weight: number[] = [];
  const error: number[] = [];
  for (let i = 0; i < truths.length; i++) {
    const y = truths[i];
    const p = predictions[i];
    const w = weightAt(options.weights, i);
    if (typeof y !== 'number' || typeof p !== 'number' || w === null) continue;
    if (!Number.isFinite(y) || !Number.isFinite(p)) continue;
    truth.push(y);
    weight.push(w);
    error.push(p - y);
  }
  const count = truth.length;
  let total = 0;
  let truthSum = 0;
  let bias = 0;
  let absolute = 0;
  let squared = 0;
  let percentage = 0;
  let pinball = 0;
  let maxError = 0;
  for (let i = 0; i < count; i++) {
    const w = weight[i]!;
    const e = error[i]!;
    total += w;
    truthSum += w * truth[i]!;
    bias += w * e;
    absolute += w * Math.abs(e);
    squared += w * e * e;
    percentage += (w * Math.abs(e)) / Math.max(Math.abs(truth[i]!), MAPE_FLOOR);
    pinball += w * Math.max(-quantile * e, (1 - quantile) * e);
    if (w > 0) maxError = Math.max(maxError, Math.abs(e));
  }
  let truthSpread = 0;
  let errorSpread = 0;
  for (let i = 0; i < count; i++) {
    truthSpread += weight[i]! * (truth[i]! - truthSum / total) ** 2;
    errorSpread += weight[i]! * (error[i]! - bias / total) ** 2;
  }
  const mse = quotient(squared, total);
  return {
    count,
    dropped: truths.length - count,
    rmse: mse === null ? null : Math.sqrt(mse),
    mse,
    mae: quotient(absolute, total),
    medianAbsoluteError: weightedMedian(error.map(Math.abs), weight),
    r2: count < 2 || total === 0 ? null : explained(squared, truthSpread),
    mape: quotient(percentage, total),
    maxError: count > 0 ? maxError : null,
    bias: quotient(bias, total),
    explainedVariance: total === 0 ? null : explained(errorSpread, truthSpread),
    pinball: quotient(pinball, total),
  };
}

function explained(unexplained: number, spread: number): number {
  if (spread === 0) return unexplained === 0 ? 1 : 0;
  return 1 - unexplained / spread;
}

function weightedMedian(values: readonly number[], weights: readonly number[]): number | null {
  const total = weights.reduce((a, b) => a + b, 0);
  if (total === 0) return null;
  const order = argsort(values);
  let cumulative = 0;
  let lower: number | null = null;
  for (const i of order) {
    if (weights[i] === 0) continue;
    if (lower !== null) return (lower + values[i]!) / 2;
    cumulative += weights[i]!;
    if (cumulative > total / 2) return values[i]!;
    if (cumulative === total / 2) lower = values[i]!;
  }
  return lower;
}
