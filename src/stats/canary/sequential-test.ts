import type { MixtureTest } from './mixture-sequential-test.ts';
import { mixtureSequentialTest, tunedTau } from './mixture-sequential-test.ts';
import { noSpread } from './no-spread.ts';
import type { Proportion } from './proportion.ts';
import { requireProportion } from './proportion.ts';
import type { SampleMoments } from './sample-moments.ts';

export interface SequentialOptions {
  /** Chance of ever deciding, over all looks, when the arms do not differ. Default 0.05. */
  readonly alpha?: number;
  /** Trials of both arms together at which the test should be sharpest. Default 5,000 (GrowthBook's). */
  readonly expectedTrials?: number;
  /** Prior standard deviation of the difference, in place of the one tuned from expectedTrials. */
  readonly tau?: number;
  /** b is compared with this many times a. Default 1. */
  readonly ratio?: number;
  /** Fewer per arm are no decision. Default 30 for means, 50 for proportions. */
  readonly minPerArm?: number;
  /** The smallest p-value of earlier looks: the p-value of a sequence is its running minimum. */
  readonly previousPValue?: number;
}

export type SequentialDecision =
  | { readonly kind: 'b_larger'; readonly reason: string }
  | { readonly kind: 'b_smaller'; readonly reason: string }
  | { readonly kind: 'undecided'; readonly reason: string }
  | { readonly kind: 'insufficient_data'; readonly reason: string };

export interface SequentialTest extends MixtureTest {
  /** Of b − ratio · a. */
  readonly difference: number;
  readonly standardError: number;
  /** The prior standard deviation that was used. */
  readonly tau: number;
  readonly decision: SequentialDecision;
}

/**
 * Always-valid comparison of two success rates from the counts so far: mSPRT (see `mixtureSequentialTest`), look as
 * often as you like. The variance is the larger of the pooled one and that of both arms' rates, each with one success
 * and one failure added (Agresti & Caffo 2000): a small arm that has not failed yet would otherwise claim to know its
 * rate exactly. With it the simulated chance of a false decision stays below α for rates from 0.2 % to 99.9 % and
 * splits up to 1 : 19.
 */
export function sequentialProportions(
  a: Proportion,
  b: Proportion,
  options: SequentialOptions = {},
): SequentialTest {
  requireProportion(a, 'a');
  requireProportion(b, 'b');
  const rate = (p: Proportion): number => (p.trials > 0 ? p.successes / p.trials : 0);
  const spread = (p: Proportion): number => {
    const smooth = (p.successes + 1) / (p.trials + 2);
    return smooth * (1 - smooth);
  };
  const ratio = options.ratio ?? 1;
  const pooled = spread({ successes: a.successes + b.successes, trials: a.trials + b.trials });
  const share = { a: ratio ** 2 / Math.max(1, a.trials), b: 1 / Math.max(1, b.trials) };
  const variance = Math.max(pooled * (share.a + share.b), spread(a) * share.a + spread(b) * share.b);
  const difference = rate(b) - ratio * rate(a);
  return decide({ difference, variance, trials: [a.trials, b.trials] }, 50, options);
}

/** Always-valid comparison of two means from the moments so far: mSPRT with estimated variances, asymptotic. */
export function sequentialMeans(
  a: SampleMoments,
  b: SampleMoments,
  options: SequentialOptions = {},
): SequentialTest {
  const ratio = options.ratio ?? 1;
  const variance = (ratio ** 2 * a.variance) / Math.max(1, a.count) + b.variance / Math.max(1, b.count);
  const difference = b.mean - ratio * a.mean;
  return decide({ difference, variance, trials: [a.count, b.count] }, 30, options);
}

function decide(
  seen: {
    readonly difference: number;
    readonly variance: number;
    readonly trials: readonly [number, number];
  },
  defaultMinimum: number,
  options: SequentialOptions,
): SequentialTest {
  const alpha = options.alpha ?? 0.05;
  const total = seen.trials[0] + seen.trials[1];
  const tau = options.tau ?? tunedTau(seen.variance, total, options.expectedTrials ?? 5_000, alpha);
  const standardError = Math.sqrt(seen.variance);
  const test = mixtureSequentialTest({
    difference: seen.difference,
    standardError,
    tau,
    alpha,
  });
  const pValue = Math.min(test.pValue, options.previousPValue ?? 1);
  const fewest = Math.min(...seen.trials);
  const minimum = options.minPerArm ?? defaultMinimum;
  const base = { ...test, pValue, difference: seen.difference, standardError, tau };
  if (fewest < minimum) {
    return {
      ...base,
      pValue: options.previousPValue ?? 1,
      decision: {
        kind: 'insufficient_data',
        reason: `${fewest} trials in the smaller arm < minPerArm ${minimum}`,
      },
    };
  }
  if (!(seen.variance > 0) || !Number.isFinite(seen.variance) || !Number.isFinite(seen.difference)) {
    return { ...base, decision: { kind: 'insufficient_data', reason: noSpread(seen.variance) } };
  }
  const shown = `always-valid p ${Number(pValue.toPrecision(3))}, difference ${Number(seen.difference.toPrecision(3))}`;
  if (test.pValue > alpha) {
    return { ...base, decision: { kind: 'undecided', reason: `${shown}, alpha ${alpha}` } };
  }
  return {
    ...base,
    decision: { kind: seen.difference > 0 ? 'b_larger' : 'b_smaller', reason: `${shown} ≤ alpha ${alpha}` },
  };
}
