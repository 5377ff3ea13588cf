import { logFactorial, stirlingRemainder } from './log-gamma.ts';

const PI2 = Math.PI ** 2;
const clip = (p: number): number => Math.min(1, Math.max(0, p));

/**
 * P(D_n > x) of the two-sided one-sample Kolmogorov statistic, n ≥ 1 whole, chosen by region as in
 * Simard & L'Ecuyer (2011), J. Stat. Softw. 39(11): Ruben-Gambino at the ends, twice the one-sided tail when
 * large, the Durbin matrix when small, Pelz-Good in between.
 */
export function kolmogorovSurvival(n: number, x: number): number {
  if (x >= 1) return 0;
  if (x <= 0) return 1;
  const t = n * x;
  if (t <= 1) {
    if (t <= 0.5) return 1;
    return clip(1 - Math.exp(logFactorial(n) - n * Math.log(n) + n * Math.log(2 * t - 1)));
  }
  if (t >= n - 1) return clip(2 * (1 - x) ** n);
  if (x >= 0.5) return clip(2 * smirnovSurvival(n, x));
  const nxx = t * x;
  if (n <= 140) return nxx <= 4 ? clip(1 - durbinCdf(n, x)) : clip(2 * smirnovSurvival(n, x));
  if (nxx >= 370) return 0;
  if (nxx >= 2.2) return clip(2 * smirnovSurvival(n, x));
  if (n <= 100_000 && n * x ** 1.5 <= 1.4) return clip(1 - durbinCdf(n, x));
  return clip(1 - pelzGoodCdf(n, x));
}

/** P(D⁺_n ≥ x), one-sided, exact: Σ_j C(n,j) x (x + j/n)^(j−1) (1 − x − j/n)^(n−j) (Birnbaum & Tingey 1951). */
export function smirnovSurvival(n: number, x: number): number {
  if (x <= 0) return 1;
  if (x >= 1) return 0;
  const last = Math.floor(n * (1 - x));
  let sum = 0;
  for (let j = 0; j <= last; j++) {
    const remaining = 1 - x - j / n;
    if (remaining > 0) sum += Math.exp(logSmirnovTerm(n, j, x, remaining));
  }
  return clip(sum);
}

/** The logarithm of a term; Stirling's large parts cancel analytically so that n of a million keeps its digits. */
function logSmirnovTerm(n: number, j: number, x: number, remaining: number): number {
  const head = Math.log(x) - Math.log(x + j / n);
  const nx = n * x;
  if (j === 0) return n * Math.log1p(-x);
  const rest = n - j;
  const binomialScale =
    0.5 * Math.log(n / (2 * Math.PI * j * rest)) + remainder(n) - remainder(j) - remainder(rest);
  const up = nx / j;
  const down = nx / rest;
  return (
    head +
    binomialScale +
    j * Math.log1p(up) +
    rest * (down < 1 ? Math.log1p(-down) : Math.log((remaining * n) / rest))
  );
}

/** ln k! − Stirling's leading terms. */
function remainder(k: number): number {
  if (k >= 16) return stirlingRemainder(k);
  return logFactorial(k) - ((k + 0.5) * Math.log(k) - k + 0.91893853320467274178);
}

/** P(D_n < x) by the Durbin matrix (Marsaglia, Tsang & Wang 2003); exact, cost O(⌈nx⌉³ log n). */
function durbinCdf(n: number, x: number): number {
  const t = n * x;
  const k = Math.floor(t) + 1;
  const m = 2 * k - 1;
  const h = k - t;
  let H = new Float64Array(m * m);
  for (let i = 0; i < m; i++) for (let j = 0; j < m; j++) H[i * m + j] = i - j + 1 < 0 ? 0 : 1;
  for (let i = 0; i < m; i++) {
    H[i * m] = H[i * m]! - h ** (i + 1);
    H[(m - 1) * m + i] = H[(m - 1) * m + i]! - h ** (m - i);
  }
  H[(m - 1) * m] = H[(m - 1) * m]! + (2 * h - 1 > 0 ? (2 * h - 1) ** m : 0);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < m; j++)
      if (i - j + 1 > 0) for (let g = 2; g <= i - j + 1; g++) H[i * m + j] = H[i * m + j]! / g;
  let power: Float64Array<ArrayBuffer> | null = null;
  let powerLog2 = 0;
  let baseLog2 = 0;
  for (let e = n; e > 0; e = Math.floor(e / 2)) {
    if (e % 2 === 1) {
      powerLog2 += baseLog2;
      power = power === null ? H.slice() : multiply(power, H, m);
      powerLog2 += rescale(power);
    }
    if (e > 1) {
      H = multiply(H, H, m);
      baseLog2 = 2 * baseLog2 + rescale(H);
    }
  }
  const entry = power![(k - 1) * m + k - 1]!;
  if (entry <= 0) return 0;
  return clip(Math.exp(Math.log(entry) + powerLog2 * Math.LN2 + logFactorial(n) - n * Math.log(n)));
}

function multiply(A: Float64Array, B: Float64Array, m: number): Float64Array<ArrayBuffer> {
  const C = new Float64Array(m * m);
  for (let i = 0; i < m; i++)
    for (let k = 0; k < m; k++) {
      const a = A[i * m + k]!;
      if (a !== 0) for (let j = 0; j < m; j++) C[i * m + j] = C[i * m + j]! + a * B[k * m + j]!;
    }
  return C;
}

function rescale(M: Float64Array): number {
  let largest = 0;
  for (const v of M) largest = Math.max(largest, Math.abs(v));
  if (largest === 0) return 0;
  const e = Math.floor(Math.log2(largest));
  const factor = 2 ** -e;
  for (let i = 0; i < M.length; i++) M[i] = M[i]! * factor;
  return e;
}

/** Pelz & Good (1976): K0(z) + K1(z)/√n + K2(z)/n + K3(z)/n^1.5 with z = x√n, in the form suited to small z. */
function pelzGoodCdf(n: number, x: number): number {
  const z = Math.sqrt(n) * x;
  const z2 = z * z;
  const z4 = z2 * z2;
  const z6 = z4 * z2;
  const qLog = -PI2 / 8 / z2;
  if (qLog < -708) return 0;
  const q = Math.exp(qLog);
  const k1b = PI2 / 4;
  const k2a = 6 * z6 + 2 * z4;
  const k2b = ((2 * z4 - 5 * z2) * PI2) / 4;
  const k2c = (PI2 ** 2 * (1 - 2 * z2)) / 16;
  const k3d = (PI2 ** 3 * (5 - 30 * z2)) / 64;
  const k3c = (PI2 ** 2 * (-60 * z2 + 212 * z4)) / 16;
  const k3b = (PI2 * (135 * z4 - 96 * z6)) / 4;
  const k3a = -30 * z6 - 90 * z4 * z4;
  let K0 = 0;
  let K1 = 0;
  let K2 = 0;
  let K3 = 0;
  const terms = Math.ceil((16 * z) / Math.PI);
  for (let k = terms; k > 0; k--) {
    const m2 = (2 * k - 1) ** 2;
    const shrink = q ** (8 * k);
    K0 = K0 * shrink + 1;
    K1 = K1 * shrink + (-z2 + k1b * m2);
    K2 = K2 * shrink + (k2a + k2b * m2 + k2c * m2 * m2);
    K3 = K3 * shrink + (k3a + k3b * m2 + k3c * m2 * m2 + k3d * m2 ** 3);
  }
  const root = Math.sqrt(2 * Math.PI);
  K0 *= (q * root) / z;
  K1 *= (q * root) / (6 * z4);
  K2 *= (q * root) / (72 * z ** 7);
  K3 *= (q * root) / (6480 * z ** 10);
  const q2 = Math.exp(-PI2 / 2 / z2);
  for (let k = terms; k > 0; k--) {
    const kk = k * k;
    const weight = kk * q2 ** kk;
    K2 += (weight * PI2 * root) / (-36 * z2 * z);
    K3 += ((3 * z2 - PI2 * kk) * weight * PI2 * root) / (216 * z6);
  }
  return K0 + K1 / Math.sqrt(n) + K2 / n + K3 / n ** 1.5;
}
