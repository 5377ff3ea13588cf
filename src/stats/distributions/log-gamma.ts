const LANCZOS_G = 607 / 128;
const LANCZOS = [
  0.99999999999999709182, 57.156235665862923517, -59.597960355475491248, 14.136097974741747174,
  -0.49191381609762019978, 0.33994649984811888699e-4, 0.46523628927048575665e-4, -0.98374475304879564677e-4,
  0.15808870322491248884e-3, -0.21026444172410488319e-3, 0.2174396181152126432e-3, -0.16431810653676389022e-3,
  0.84418223983852743293e-4, -0.2619083840158140867e-4, 0.36899182659531622704e-5,
];
const HALF_LOG_TWO_PI = 0.91893853320467274178;
const STIRLING_FROM = 16;

/** Remainder of Stirling's series, Σ B_2k / (2k(2k−1) x^(2k−1)); below 1e-16 absolute for x ≥ 16. */
export function stirlingRemainder(x: number): number {
  const r = 1 / (x * x);
  return (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r * (1 / 1188))))) / x;
}

/** ln Γ(x) for x > 0: Lanczos below 16, Stirling above; about 1e-15 relative. */
export function logGamma(x: number): number {
  if (!(x > 0)) return Number.POSITIVE_INFINITY;
  if (x >= STIRLING_FROM) return (x - 0.5) * Math.log(x) - x + HALF_LOG_TWO_PI + stirlingRemainder(x);
  let series = LANCZOS[0]!;
  for (let i = 1; i < LANCZOS.length; i++) series += LANCZOS[i]! / (x + i);
  const t = x + LANCZOS_G + 0.5;
  return (x + 0.5) * Math.log(t) - t + Math.log((2.5066282746310005 * series) / x);
}

const SMALL_FACTORIALS = 256;
const logFactorials = new Float64Array(SMALL_FACTORIALS);
for (let i = 2; i < SMALL_FACTORIALS; i++) logFactorials[i] = logFactorials[i - 1]! + Math.log(i);

/** ln n! for an integer n ≥ 0. */
export function logFactorial(n: number): number {
  return n < SMALL_FACTORIALS ? logFactorials[n]! : logGamma(n + 1);
}

/** ln C(n, k); −∞ outside 0 ≤ k ≤ n. */
export function logBinomial(n: number, k: number): number {
  if (k < 0 || k > n) return Number.NEGATIVE_INFINITY;
  return logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}

/** ln B(a, b) for a, b > 0. */
export function logBeta(a: number, b: number): number {
  const [small, large] = a < b ? [a, b] : [b, a];
  if (large < STIRLING_FROM) return logGamma(a) + logGamma(b) - logGamma(a + b);
  // ln Γ(large) − ln Γ(large + small) by the terms of Stirling's series, which are small where the two are large.
  const ratio =
    small -
    (large - 0.5) * Math.log1p(small / large) -
    small * Math.log(large + small) +
    (stirlingRemainder(large) - stirlingRemainder(large + small));
  return logGamma(small) + ratio;
}
