import { normalQuantile } from '../distributions/normal.ts';
import type { Interval, Proportion } from './proportion.ts';
import { requireProportion } from './proportion.ts';
import { restrictedRates } from './restricted-rates.ts';

/** Halvings of [−1, 1]: below the spacing of doubles. */
const HALVINGS = 200;

/**
 * Miettinen & Nurminen's score interval (1985) of rate b − rate a at 1 − alpha: the differences that their score test
 * does not reject, variance at the restricted rates times N/(N − 1); statsmodels' `confint_proportions_2indep(…,
 * method='score')`,
 * but for a slip there: statsmodels 0.15 writes C₀Δ in the cubic's third coefficient where the authors have N₀Δ, so that
 * its rates are not the most likely ones and its ends off by up to 1e-3. Defined where no trial (or every one) succeeds,
 * where statsmodels raises; null without trials.
 */
export function scoreInterval(a: Proportion, b: Proportion, alpha = 0.05): Interval | null {
  requireProportion(a, 'a');
  requireProportion(b, 'b');
  if (a.trials === 0 || b.trials === 0) return null;
  const z = normalQuantile(1 - alpha / 2);
  const difference = b.successes / b.trials - a.successes / a.trials;
  const total = a.trials + b.trials;
  const rejected = (delta: number): boolean => {
    const variance = restrictedRates(a, b, delta).variance * (total / (total - 1));
    const gap = difference - delta;
    return gap !== 0 && gap * gap > z * z * variance;
  };
  const edge = (outside: number): number => {
    let [far, near] = [outside, difference];
    if (!rejected(far)) return far;
    for (let i = 0; i < HALVINGS; i++) {
      const middle = (far + near) / 2;
      if (middle === far || middle === near) break;
      if (rejected(middle)) far = middle;
      else near = middle;
    }
    return near;
  };
  return { low: edge(-1), high: edge(1) };
}
