import type { Proportion } from './proportion.ts';

export interface RestrictedRates {
  readonly control: number;
  readonly treatment: number;
  /** Variance of treatment − ratio · control of the observed rates, were these the true ones; ratio 1 for a difference. */
  readonly variance: number;
}

/**
 * The most likely rates under treatment − control = delta, by the closed root of the cubic likelihood equation
 * (Farrington & Manning 1990, appendix; Miettinen & Nurminen 1985 use the same rates).
 */
export function restrictedRates(control: Proportion, treatment: Proportion, delta: number): RestrictedRates {
  const n1 = treatment.trials;
  const n2 = control.trials;
  const p1 = treatment.successes / n1;
  const p2 = control.successes / n2;
  const theta = n2 / n1;
  const a = 1 + theta;
  const b = -(1 + theta + p1 + theta * p2 + delta * (theta + 2));
  const c = delta * delta + delta * (2 * p1 + theta + 1) + p1 + theta * p2;
  const d = -p1 * delta * (1 + delta);
  const v = b ** 3 / (3 * a) ** 3 - (b * c) / (6 * a * a) + d / (2 * a);
  const u = (v > 0 ? 1 : -1) * Math.sqrt(Math.max(0, (b / (3 * a)) ** 2 - c / (3 * a)));
  const w = (Math.PI + Math.acos(u === 0 ? 0 : Math.min(1, Math.max(-1, v / u ** 3)))) / 3;
  const low = Math.max(0, delta);
  const high = Math.min(1, 1 + delta);
  const q1 = Math.min(high, Math.max(low, 2 * u * Math.cos(w) - b / (3 * a)));
  const q2 = q1 - delta;
  return { control: q2, treatment: q1, variance: (q1 * (1 - q1)) / n1 + (q2 * (1 - q2)) / n2 };
}

/**
 * The most likely rates under treatment = ratio · control, by the smaller root of the quadratic likelihood equation
 * (Miettinen & Nurminen 1985, eq. 9; Farrington & Manning 1990). Without a positive ratio both are 0.
 */
export function restrictedRatio(control: Proportion, treatment: Proportion, ratio: number): RestrictedRates {
  const [n1, n2] = [treatment.trials, control.trials];
  const [x1, x2] = [treatment.successes, control.successes];
  if (!(ratio > 0)) return { control: 0, treatment: 0, variance: 0 };
  const a = ratio * (n1 + n2);
  const b = ratio * (n1 + x2) + n2 + x1;
  const c = x1 + x2;
  // The root written so that small rates keep their digits.
  const root = (2 * c) / (b + Math.sqrt(Math.max(0, b * b - 4 * a * c)));
  const q2 = Math.min(1, 1 / ratio, root);
  const q1 = Math.min(1, ratio * q2);
  return {
    control: q2,
    treatment: q1,
    variance: (q1 * (1 - q1)) / n1 + (ratio * ratio * q2 * (1 - q2)) / n2,
  };
}
