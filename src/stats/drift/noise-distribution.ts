import { chiSquaredQuantile } from '../distributions/chi-squared.ts';
import { normalQuantile } from '../distributions/normal.ts';

/** A little more than four in five, because the relabelled line itself is uncertain. */
const POWER = 0.85;

export interface NoiseDistribution {
  readonly mean: number;
  /** What chance exceeds with probability 1 − p. */
  readonly quantile: (p: number) => number;
  /** The true effect with which the measure exceeds `line` four times in five. */
  readonly detectable: (line: number) => number;
}

/**
 * The normed Wasserstein distance is at least the difference of the means in standard deviations, whose error is
 * √(1/n + 1/m); its tail follows that one component rather than the fit to all of them.
 */
export function describeLocationNull(values: readonly number[], n: number, m: number): NoiseDistribution {
  const fitted = describeNull(values, false);
  const error = Math.sqrt(1 / n + 1 / m);
  return {
    mean: fitted.mean,
    quantile: (p) => Math.max(fitted.quantile(p), normalQuantile((1 + p) / 2) * error),
    detectable: (line) => line + normalQuantile(POWER) * error,
  };
}

/**
 * A smooth description of relabelled values, for what is reported (an alarm rests on the values themselves): the
 * squares of distances, and divergences as they are, are nearly c·χ²_d, fitted by their mean and variance; with a
 * true effect e they are nearly c·χ²_d(ν) noncentral with cν = e² (cν = e for divergences), taken as normal.
 */
export function describeNull(values: readonly number[], divergence: boolean): NoiseDistribution {
  const toSquare = (v: number): number => (divergence ? v : v * v);
  const fromSquare = (s: number): number => (divergence ? s : Math.sqrt(s));
  const squares = values.map(toSquare);
  const mean = average(squares);
  const variance = average(squares.map((s) => (s - mean) ** 2));
  if (!(variance > mean * mean * 1e-20)) {
    return {
      mean: average(values),
      quantile: () => fromSquare(mean),
      detectable: (line) => fromSquare(Math.max(toSquare(line), 0)),
    };
  }
  const scale = variance / (2 * mean);
  const degrees = (2 * mean * mean) / variance;
  return {
    mean: average(values),
    quantile: (p) => fromSquare(scale * chiSquaredQuantile(p, degrees)),
    detectable: (line) => {
      const z = normalQuantile(POWER);
      const excess = toSquare(line) / scale - degrees;
      const spread = 2 * (z + Math.sqrt(Math.max(0, z * z + excess + degrees / 2)));
      return fromSquare(scale * Math.max(0, (spread * spread - 2 * degrees) / 4));
    },
  };
}

function average(values: readonly number[]): number {
  if (values.length === 0) return 0;
  let sum = 0;
  for (const v of values) sum += v;
  return sum / values.length;
}
