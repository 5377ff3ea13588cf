import { chiSquaredSurvival } from '../distributions/chi-squared.ts';

export interface SampleRatioMismatch {
  readonly expected: readonly number[];
  readonly chiSquare: number;
  readonly degreesOfFreedom: number;
  readonly pValue: number;
  /** Traffic did not split as configured: the comparison of the arms is not to be trusted. */
  readonly mismatch: boolean;
}

/** At fixed looks; small because every canary is looked at often (Fabijan et al. 2019 use 0.0005). */
export const DEFAULT_SRM_ALPHA = 0.0005;

/**
 * χ² test of the counts of the arms against the configured weights (any scale). An arm of weight zero that got
 * traffic is a mismatch at once. Null without any count or without two arms of positive weight.
 */
export function sampleRatioMismatch(
  counts: readonly number[],
  weights: readonly number[],
  alpha: number = DEFAULT_SRM_ALPHA,
): SampleRatioMismatch | null {
  if (counts.length !== weights.length) {
    throw new RangeError(
      `One weight per arm is needed; got ${counts.length} arms and ${weights.length} weights.`,
    );
  }
  const total = counts.reduce((a, b) => a + b, 0);
  const weight = weights.reduce((a, b) => a + b, 0);
  const arms = weights.filter((w) => w > 0).length;
  if (!(total > 0) || !(weight > 0)) return null;
  const expected = weights.map((w) => (total * w) / weight);
  const stray = counts.some((count, i) => count > 0 && !(weights[i]! > 0));
  if (stray)
    return { expected, chiSquare: Number.MAX_VALUE, degreesOfFreedom: arms, pValue: 0, mismatch: true };
  if (arms < 2) return null;
  let chiSquare = 0;
  counts.forEach((count, i) => {
    if (expected[i]! > 0) chiSquare += (count - expected[i]!) ** 2 / expected[i]!;
  });
  const pValue = chiSquaredSurvival(chiSquare, arms - 1);
  return { expected, chiSquare, degreesOfFreedom: arms - 1, pValue, mismatch: pValue < alpha };
}
