import type { Interval } from './proportion.ts';

export interface MixtureTest {
  /** Mixture likelihood ratio of "some difference" to "none"; an e-value: its mean is 1 without a difference. */
  readonly likelihoodRatio: number;
  /** min(1, 1/LR): valid at whatever look the watcher stops at. */
  readonly pValue: number;
  /** Confidence sequence: covers the difference at all looks at once with probability ≥ 1 − alpha. */
  readonly interval: Interval;
}

/**
 * Mixture sequential probability ratio test with a N(0, τ²) prior on the difference (Robbins 1970; Johari, Pekelis
 * & Walsh 2015): LR = √(V/(V + τ²)) · exp(τ² d² / (2 V (V + τ²))), V the squared standard error of the difference d
 * at this look. By Ville's inequality P(LR ever ≥ 1/α) ≤ α without a difference, exactly for known variances and
 * asymptotically for estimated ones. The interval holds the d₀ that the same test does not reject; with
 * τ² = ρ² V n it is the asymptotic confidence sequence of Waudby-Smith et al. (2021, arXiv:2103.06476, eq. 9). What is
 * not finite, and a V or τ of 0, are no evidence: LR = 1.
 */
export function mixtureSequentialTest(input: {
  readonly difference: number;
  readonly standardError: number;
  /** Prior standard deviation of the difference, in its unit: the size of effect one hopes to see. */
  readonly tau: number;
  readonly alpha?: number;
}): MixtureTest {
  const alpha = input.alpha ?? 0.05;
  const { difference, standardError } = input;
  // In standard errors, so that no metric's unit is too large or too small for its squares.
  const z = difference / standardError;
  const ratio = (input.tau / standardError) ** 2;
  if (!(ratio > 0) || !Number.isFinite(ratio) || !Number.isFinite(z)) {
    return {
      likelihoodRatio: 1,
      pValue: 1,
      interval: { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY },
    };
  }
  const logRatio = ((z * z) / (1 + 1 / ratio) - Math.log1p(ratio)) / 2;
  const half = standardError * Math.sqrt((1 + 1 / ratio) * (Math.log1p(ratio) - 2 * Math.log(alpha)));
  return {
    likelihoodRatio: Math.min(Number.MAX_VALUE, Math.exp(logRatio)),
    pValue: Math.min(1, Math.exp(-logRatio)),
    interval: { low: difference - half, high: difference + half },
  };
}

/**
 * τ for a sequence that is narrowest at about `expectedTrials` observations of both arms together (GrowthBook's
 * tuning parameter): τ = ρ √(V n), ρ² = (−2 ln α + ln(1 − 2 ln α)) / expectedTrials (Waudby-Smith et al., eq. 161).
 */
export function tunedTau(variance: number, trials: number, expectedTrials: number, alpha: number): number {
  const rho2 = (-2 * Math.log(alpha) + Math.log(1 - 2 * Math.log(alpha))) / expectedTrials;
  return Math.sqrt(rho2 * variance * trials);
}
