import { upperRegularisedGamma } from './incomplete-gamma.ts';
import { normalQuantile } from './normal.ts';

/** P(X > x) for X ~ χ² with `df` > 0 degrees of freedom. */
export function chiSquaredSurvival(x: number, df: number): number {
  return upperRegularisedGamma(df / 2, x / 2);
}

/** The x with P(X ≤ x) = p, by bisection around the Wilson-Hilferty approximation. */
export function chiSquaredQuantile(p: number, df: number): number {
  if (p <= 0) return 0;
  if (p >= 1) return Number.POSITIVE_INFINITY;
  const spread = 2 / (9 * df);
  let high = Math.max(df * Math.max(1 - spread + normalQuantile(p) * Math.sqrt(spread), 0.01) ** 3, 1e-3);
  while (chiSquaredSurvival(high, df) > 1 - p) high *= 2;
  let low = 0;
  for (let i = 0; i < 200; i++) {
    const mid = (low + high) / 2;
    if (mid === low || mid === high) break;
    if (chiSquaredSurvival(mid, df) > 1 - p) low = mid;
    else high = mid;
  }
  return (low + high) / 2;
}
