import { finiteSorted } from '../drift/quantile-bins.ts';
import { hodgesLehmann } from './hodges-lehmann.ts';
import type { Interval } from './proportion.ts';
import { sampleMoments } from './sample-moments.ts';

export interface KayentaJudgement {
  readonly classification: 'Pass' | 'High' | 'Low' | 'Nodata';
  /** Hodges-Lehmann shift of the canary; null without values. */
  readonly estimate: number | null;
  readonly interval: Interval | null;
  /** What the interval must clear: a quarter of the shift's size. */
  readonly bound: number | null;
  /** Mean of the canary / mean of the control. */
  readonly meanRatio: number | null;
}

/**
 * The classification of Spinnaker's Kayenta (its NetflixACAJudge): Mann-Whitney's interval of the shift at `confidence`
 * (0.98) must clear `tolerance` (0.25) times the estimated shift. Here to compare verdicts with those of Kayenta. It is
 * made for one look, tests no margin and calls a noisy harm a pass: no verdict of ours rests on it.
 */
export function kayentaJudge(
  control: ArrayLike<number | null | undefined>,
  canary: ArrayLike<number | null | undefined>,
  options: { readonly confidence?: number; readonly tolerance?: number } = {},
): KayentaJudgement {
  const shifted = hodgesLehmann(control, canary, {
    alpha: 1 - (options.confidence ?? 0.98),
    method: 'asymptotic',
  });
  if (shifted === null)
    return { classification: 'Nodata', estimate: null, interval: null, bound: null, meanRatio: null };
  const { shift: estimate, interval } = shifted;
  const bound = (options.tolerance ?? 0.25) * Math.abs(estimate);
  const mean = sampleMoments(control).mean;
  const meanRatio = mean === 0 ? null : sampleMoments(canary).mean / mean;
  const [a, b] = [finiteSorted(control), finiteSorted(canary)];
  const same = a.length === b.length && a.every((value, i) => value === b[i]);
  const classification = same
    ? 'Pass'
    : interval.low > bound
      ? 'High'
      : interval.high < -bound
        ? 'Low'
        : 'Pass';
  return { classification, estimate, interval, bound, meanRatio };
}
