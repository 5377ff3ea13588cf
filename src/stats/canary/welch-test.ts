import { studentTQuantile, studentTSurvival, studentTTwoSided } from '../distributions/student-t.ts';
import type { Interval } from './proportion.ts';
import type { SampleMoments } from './sample-moments.ts';

export interface WelchTest {
  /** Mean of b − mean of a. */
  readonly difference: number;
  readonly standardError: number;
  readonly t: number;
  /** Welch-Satterthwaite. */
  readonly degreesOfFreedom: number;
  readonly pTwoSided: number;
  readonly pGreater: number;
  readonly pLess: number;
  readonly interval: Interval;
}

/**
 * Welch's t test of two means; null with fewer than two values on a side, without any variance, and where a mean or a
 * variance is not finite.
 */
export function welchTest(a: SampleMoments, b: SampleMoments, alpha = 0.05): WelchTest | null {
  if (a.count < 2 || b.count < 2) return null;
  const va = a.variance / a.count;
  const vb = b.variance / b.count;
  const standardError = Math.sqrt(va + vb);
  const difference = b.mean - a.mean;
  if (!(standardError > 0) || !Number.isFinite(standardError) || !Number.isFinite(difference)) return null;
  const t = difference / standardError;
  const [shareA, shareB] = [va / (va + vb), vb / (va + vb)];
  const df = 1 / (shareA ** 2 / (a.count - 1) + shareB ** 2 / (b.count - 1));
  const half = studentTQuantile(1 - alpha / 2, df) * standardError;
  return {
    difference,
    standardError,
    t,
    degreesOfFreedom: df,
    pTwoSided: studentTTwoSided(t, df),
    pGreater: studentTSurvival(t, df),
    pLess: studentTSurvival(-t, df),
    interval: { low: difference - half, high: difference + half },
  };
}
