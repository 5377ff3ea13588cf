import { fisherExact } from '../distributions/fisher-exact.ts';
import { normalQuantile, normalSurvival, normalTwoSided } from '../distributions/normal.ts';
import type { Interval, Proportion } from './proportion.ts';
import { requireProportion, wilsonInterval } from './proportion.ts';

export interface TwoProportionTest {
  /** Rate of b − rate of a; null without trials on a side. */
  readonly difference: number | null;
  /** difference / rate of a. */
  readonly relativeDifference: number | null;
  /** Pooled z; null when no variance is left (all or none succeed) or a side is empty. */
  readonly z: number | null;
  readonly zUnpooled: number | null;
  /** Of the pooled z where it exists, else Fisher's. */
  readonly pTwoSided: number;
  /** Against "b is not larger". */
  readonly pGreater: number;
  /** Against "b is not smaller". */
  readonly pLess: number;
  /** Exact; prefer them where a cell expects fewer than about 5. */
  readonly fisher: { readonly pTwoSided: number; readonly pGreater: number; readonly pLess: number };
  /** Of the difference. */
  readonly wald: Interval | null;
  /** Newcombe's hybrid score interval (1998, method 10): sound for small counts, the one to report. */
  readonly newcombe: Interval | null;
  readonly agrestiCaffo: Interval | null;
}

/** Compares the success rates of a (control) and b (canary) at one fixed look; for repeated looks see `sequentialProportions`. */
export function twoProportionTest(a: Proportion, b: Proportion, alpha = 0.05): TwoProportionTest {
  requireProportion(a, 'a');
  requireProportion(b, 'b');
  const fisher = fisherExact(a.successes, a.trials, b.successes, b.trials);
  const exact = { pTwoSided: fisher.pTwoSided, pGreater: fisher.pGreater, pLess: fisher.pLess, fisher };
  if (a.trials === 0 || b.trials === 0) {
    const none = { difference: null, relativeDifference: null, z: null, zUnpooled: null };
    return { ...none, ...exact, wald: null, newcombe: null, agrestiCaffo: null };
  }
  const pa = a.successes / a.trials;
  const pb = b.successes / b.trials;
  const difference = pb - pa;
  const pooled = (a.successes + b.successes) / (a.trials + b.trials);
  const nullVariance = pooled * (1 - pooled) * (1 / a.trials + 1 / b.trials);
  const variance = (pa * (1 - pa)) / a.trials + (pb * (1 - pb)) / b.trials;
  const z = nullVariance > 0 ? difference / Math.sqrt(nullVariance) : null;
  const half = normalQuantile(1 - alpha / 2) * Math.sqrt(variance);
  return {
    difference,
    relativeDifference: pa > 0 ? difference / pa : null,
    zUnpooled: variance > 0 ? difference / Math.sqrt(variance) : null,
    z,
    ...exact,
    ...(z === null
      ? {}
      : { pTwoSided: normalTwoSided(z), pGreater: normalSurvival(z), pLess: normalSurvival(-z) }),
    wald: clamp(difference - half, difference + half),
    newcombe: newcombe(a, b, alpha),
    agrestiCaffo: agrestiCaffo(a, b, alpha),
  };
}

function newcombe(a: Proportion, b: Proportion, alpha: number): Interval {
  const pa = a.successes / a.trials;
  const pb = b.successes / b.trials;
  const wa = wilsonInterval(a, alpha);
  const wb = wilsonInterval(b, alpha);
  return {
    low: pb - pa - Math.hypot(pb - wb.low, wa.high - pa),
    high: pb - pa + Math.hypot(wb.high - pb, pa - wa.low),
  };
}

/** One success and one failure added to each side (Agresti & Caffo 2000). */
function agrestiCaffo(a: Proportion, b: Proportion, alpha: number): Interval {
  const pa = (a.successes + 1) / (a.trials + 2);
  const pb = (b.successes + 1) / (b.trials + 2);
  const variance = (pa * (1 - pa)) / (a.trials + 2) + (pb * (1 - pb)) / (b.trials + 2);
  const half = normalQuantile(1 - alpha / 2) * Math.sqrt(variance);
  return clamp(pb - pa - half, pb - pa + half);
}

function clamp(low: number, high: number): Interval {
  return { low: Math.max(-1, low), high: Math.min(1, high) };
}
