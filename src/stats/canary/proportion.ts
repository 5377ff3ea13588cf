import { betaQuantile } from '../distributions/incomplete-beta.ts';
import { normalQuantile } from '../distributions/normal.ts';

/** How many of how many: conversions of visitors, errors of requests. */
export interface Proportion {
  readonly successes: number;
  readonly trials: number;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Throws when the counts cannot be a proportion: that is a bug of the caller, not of the data. */
export function requireProportion(p: Proportion, name: string): void {
  const whole = Number.isInteger(p.successes) && Number.isInteger(p.trials);
  if (!whole || p.successes < 0 || p.trials < p.successes) {
    throw new RangeError(
      `${name} must be whole counts with 0 ≤ successes ≤ trials; got ${p.successes} of ${p.trials}.`,
    );
  }
}

/** Wilson's score interval (1927) at 1 − alpha; [0, 1] without trials. */
export function wilsonInterval(p: Proportion, alpha = 0.05): Interval {
  if (p.trials === 0) return { low: 0, high: 1 };
  const z = normalQuantile(1 - alpha / 2);
  const n = p.trials;
  const rate = p.successes / n;
  const centre = (rate + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((rate * (1 - rate)) / n + (z * z) / (4 * n * n));
  return {
    low: p.successes === 0 ? 0 : Math.max(0, centre - half),
    high: p.successes === n ? 1 : Math.min(1, centre + half),
  };
}

/** Clopper-Pearson interval (1934) at 1 − alpha: exact coverage at least 1 − alpha. */
export function clopperPearsonInterval(p: Proportion, alpha = 0.05): Interval {
  const { successes: x, trials: n } = p;
  return {
    low: x === 0 ? 0 : betaQuantile(alpha / 2, x, n - x + 1),
    high: x === n ? 1 : betaQuantile(1 - alpha / 2, x + 1, n - x),
  };
}
