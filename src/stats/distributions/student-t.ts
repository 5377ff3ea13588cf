import { regularisedBeta } from './incomplete-beta.ts';

/** P(|T| ≥ |t|) for Student's t with `df` > 0 (not necessarily whole) degrees of freedom. */
export function studentTTwoSided(t: number, df: number): number {
  if (!Number.isFinite(t)) return Number.isNaN(t) ? 1 : 0;
  const square = t * t;
  // Near zero the complement keeps the digits that df / (df + t²) rounds away; further out it would lose the tail.
  if (square < Math.min(df, 1)) return 1 - regularisedBeta(square / (df + square), 0.5, df / 2);
  return regularisedBeta(df / (df + square), df / 2, 0.5);
}

/** P(T > t). */
export function studentTSurvival(t: number, df: number): number {
  const tail = studentTTwoSided(t, df) / 2;
  return t >= 0 ? tail : 1 - tail;
}

/** The t with P(T ≤ t) = p, by bisection. */
export function studentTQuantile(p: number, df: number): number {
  if (p === 0.5) return 0;
  if (p < 0.5) return -studentTQuantile(1 - p, df);
  if (p >= 1) return Number.POSITIVE_INFINITY;
  const tail = 1 - p;
  let low = 0;
  let high = 1;
  while (studentTSurvival(high, df) > tail && high < 1e300) high *= 2;
  for (let i = 0; i < 300; i++) {
    const mid = (low + high) / 2;
    if (mid === low || mid === high) break;
    if (studentTSurvival(mid, df) > tail) low = mid;
    else high = mid;
  }
  return (low + high) / 2;
}
