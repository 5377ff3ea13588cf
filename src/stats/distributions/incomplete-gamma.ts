import { logGamma } from './log-gamma.ts';

const EPSILON = 1e-17;
const TINY = 1e-300;
const MAX_TERMS = 100_000;

/** x^a e^−x / Γ(a) without cancelling large logarithms against each other when x is near a. */
function prefactor(a: number, x: number): number {
  if (a < 32) return Math.exp(a * Math.log(x) - x - logGamma(a));
  const u = (x - a) / a;
  const logTerm = Math.abs(u) < 0.5 ? Math.log1p(u) - u : Math.log(x / a) - u;
  const stirling = logGamma(a) - ((a - 0.5) * Math.log(a) - a + 0.9189385332046727);
  return Math.exp(a * logTerm - stirling) * Math.sqrt(a / (2 * Math.PI));
}

function lowerSeries(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; n < MAX_TERMS; n++) {
    term *= x / (a + n);
    sum += term;
    if (term < sum * EPSILON) break;
  }
  return sum * prefactor(a, x);
}

function upperContinuedFraction(a: number, x: number): number {
  let b = x + 1 - a;
  let c = 1 / TINY;
  let d = 1 / b;
  let h = d;
  for (let i = 1; i < MAX_TERMS; i++) {
    const an = -i * (i - a);
    b += 2;
    d = an * d + b;
    if (Math.abs(d) < TINY) d = TINY;
    c = b + an / c;
    if (Math.abs(c) < TINY) c = TINY;
    d = 1 / d;
    const delta = d * c;
    h *= delta;
    if (Math.abs(delta - 1) < 1e-16) break;
  }
  return h * prefactor(a, x);
}

/** P(a, x) = γ(a, x)/Γ(a), a > 0, x ≥ 0 (series below a+1, Lentz's continued fraction above; NR 6.2). */
export function lowerRegularisedGamma(a: number, x: number): number {
  if (!(x > 0)) return 0;
  if (x === Number.POSITIVE_INFINITY) return 1;
  return x < a + 1 ? lowerSeries(a, x) : 1 - upperContinuedFraction(a, x);
}

/** Q(a, x) = 1 − P(a, x), accurate in relative terms far into the tail. */
export function upperRegularisedGamma(a: number, x: number): number {
  if (!(x > 0)) return 1;
  if (x === Number.POSITIVE_INFINITY) return 0;
  return x < a + 1 ? 1 - lowerSeries(a, x) : upperContinuedFraction(a, x);
}
