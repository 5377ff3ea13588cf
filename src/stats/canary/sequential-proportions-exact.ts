import { logBeta } from '../distributions/log-gamma.ts';
import type { Proportion } from './proportion.ts';
import { requireProportion } from './proportion.ts';

export interface ExactSequentialTest {
  /** Evidence against the null; its mean is at most 1 under it, at every look and stopping rule. */
  readonly eValue: number;
  /** min(1, 1/e), always valid without any approximation. */
  readonly pValue: number;
}

/**
 * Always-valid test of two success rates without normal approximation, for rare events and the first few hundred
 * trials: universal inference (Wasserman, Ramdas & Balakrishnan 2020) with numerator a Beta(½,½) mixture for each
 * arm and denominator the largest likelihood under the null. Mixture/likelihood(true p) is a martingale of mean 1
 * and the supremum only lowers it, so P(e ever ≥ 1/α) ≤ α at every sample size. It decides later than
 * `sequentialProportions`, which is approximate. `alternative`: what would be shown about b.
 */
export function sequentialProportionsExact(
  a: Proportion,
  b: Proportion,
  alternative: 'different' | 'b_larger' | 'b_smaller' = 'different',
): ExactSequentialTest {
  requireProportion(a, 'a');
  requireProportion(b, 'b');
  const rateA = a.trials > 0 ? a.successes / a.trials : 0;
  const rateB = b.trials > 0 ? b.successes / b.trials : 0;
  const pooledTrials = a.trials + b.trials;
  const pooled = pooledTrials > 0 ? (a.successes + b.successes) / pooledTrials : 0;
  const insideNull =
    (alternative === 'b_larger' && rateB <= rateA) || (alternative === 'b_smaller' && rateB >= rateA);
  const logNull = insideNull
    ? logLikelihood(a, rateA) + logLikelihood(b, rateB)
    : logLikelihood(a, pooled) + logLikelihood(b, pooled);
  const logE = logMixture(a) + logMixture(b) - logNull;
  return { eValue: Math.min(Number.MAX_VALUE, Math.exp(logE)), pValue: Math.min(1, Math.exp(-logE)) };
}

function logMixture({ successes, trials }: Proportion): number {
  return logBeta(successes + 0.5, trials - successes + 0.5) - logBeta(0.5, 0.5);
}

function logLikelihood({ successes, trials }: Proportion, p: number): number {
  const hits = successes === 0 ? 0 : successes * Math.log(p);
  const misses = trials === successes ? 0 : (trials - successes) * Math.log1p(-p);
  return hits + misses;
}
