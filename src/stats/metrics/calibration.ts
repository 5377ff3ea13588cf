import { weightAt } from './usable-rows.ts';

export interface CalibrationBin {
  /** The bin holds scores in [low, high); the last one includes 1. */
  readonly low: number;
  readonly high: number;
  readonly weight: number;
  readonly meanScore: number | null;
  readonly positiveShare: number | null;
}

interface CalibrationOptions {
  readonly bins?: number;
  readonly weights?: ArrayLike<number>;
}

/**
 * Equal-width reliability table of scores in [0, 1] against labels 0/1; other rows and unusable weights are left out.
 * @throws RangeError unless `bins` is a whole number above 0.
 */
export function calibrationTable(
  labels: ArrayLike<number>,
  scores: ArrayLike<number>,
  options: CalibrationOptions = {},
): CalibrationBin[] {
  const bins = options.bins ?? 10;
  if (!(Number.isInteger(bins) && bins > 0))
    throw new RangeError(`bins must be a whole number above 0; got ${bins}.`);
  const weight = new Float64Array(bins);
  const score = new Float64Array(bins);
  const positive = new Float64Array(bins);
  for (let i = 0; i < labels.length; i++) {
    const w = weightAt(options.weights, i);
    const [y, p] = [labels[i], scores[i]!];
    if (w === null || (y !== 0 && y !== 1) || !(p >= 0 && p <= 1)) continue;
    const b = binOf(p, bins);
    weight[b] = weight[b]! + w;
    score[b] = score[b]! + w * p;
    positive[b] = positive[b]! + w * y;
  }
  return Array.from({ length: bins }, (_, b) => ({
    low: b / bins,
    high: (b + 1) / bins,
    weight: weight[b]!,
    meanScore: weight[b]! > 0 ? score[b]! / weight[b]! : null,
    positiveShare: weight[b]! > 0 ? positive[b]! / weight[b]! : null,
  }));
}

/** The bin whose edges hold the score; the product alone rounds some scores at an edge into the bin beside it. */
function binOf(score: number, bins: number): number {
  const b = Math.min(bins - 1, Math.floor(score * bins));
  if (score < b / bins) return b - 1;
  return b < bins - 1 && score >= (b + 1) / bins ? b + 1 : b;
}

/** ECE = Σ_bins (weight share) · |positive share − mean score|; null without weight. Naeini et al. (2015). */
export function expectedCalibrationError(
  labels: ArrayLike<number>,
  scores: ArrayLike<number>,
  options: CalibrationOptions = {},
): number | null {
  let total = 0;
  let error = 0;
  for (const bin of calibrationTable(labels, scores, options)) {
    total += bin.weight;
    if (bin.positiveShare !== null && bin.meanScore !== null) {
      error += bin.weight * Math.abs(bin.positiveShare - bin.meanScore);
    }
  }
  return total > 0 ? error / total : null;
}
