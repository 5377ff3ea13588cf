import { kolmogorovSurvival } from '../distributions/kolmogorov.ts';
import { finiteSorted } from './quantile-bins.ts';
import type { PooledCells } from './value-cells.ts';
import { poolSorted } from './value-cells.ts';

/** Above this many values on either side `auto` uses the asymptotic p, as SciPy does. */
const MAX_EXACT = 10_000;
const MAX_INT32 = 2_147_483_647;

export interface KolmogorovSmirnov {
  /** sup |F_reference − F_current|, in [0, 1]. */
  readonly statistic: number;
  readonly pValue: number;
  readonly method: 'exact' | 'asymptotic';
}

export interface KolmogorovSmirnovOptions {
  readonly method?: 'auto' | 'exact' | 'asymptotic';
}

/**
 * Two-sample, two-sided Kolmogorov-Smirnov test, defined as SciPy's `ks_2samp`. The exact p counts lattice paths
 * (Hodges 1958) and is conservative under ties; the asymptotic p is the one-sample law at round(nm/(n+m)).
 * Values that are not finite are dropped; null when a side is empty.
 */
export function kolmogorovSmirnov(
  reference: ArrayLike<number | null | undefined>,
  current: ArrayLike<number | null | undefined>,
  options: KolmogorovSmirnovOptions = {},
): KolmogorovSmirnov | null {
  return kolmogorovSmirnovOfCells(poolSorted(finiteSorted(reference), finiteSorted(current)), options);
}

/** The same of two samples given as counts per distinct value. */
export function kolmogorovSmirnovOfCells(
  cells: PooledCells,
  options: KolmogorovSmirnovOptions = {},
): KolmogorovSmirnov | null {
  const n = cells.referenceCount;
  const m = cells.currentCount;
  if (n === 0 || m === 0) return null;
  return kolmogorovSmirnovOfStatistic(ksStatistic(cells), n, m, options);
}

/** The same of a statistic that is known, for n and m values, both above 0. */
export function kolmogorovSmirnovOfStatistic(
  statistic: number,
  n: number,
  m: number,
  options: KolmogorovSmirnovOptions = {},
): KolmogorovSmirnov {
  const wanted = options.method ?? 'auto';
  const shared = greatestCommonDivisor(n, m);
  const exact =
    wanted === 'exact' ||
    (wanted === 'auto' && Math.max(n, m) <= MAX_EXACT && n / shared < MAX_INT32 / (m / shared));
  const pValue = exact
    ? exactP(n, m, shared, statistic)
    : kolmogorovSurvival(roundHalfEven((n * m) / (n + m)), statistic);
  return { statistic, pValue: Math.min(1, Math.max(0, pValue)), method: exact ? 'exact' : 'asymptotic' };
}

/** sup |F_reference − F_current| over the cells; both sides must hold something. */
export function ksStatistic(
  cells: Pick<PooledCells, 'reference' | 'current' | 'referenceCount' | 'currentCount'>,
): number {
  let left = 0;
  let right = 0;
  let largest = 0;
  const { reference, current } = cells;
  for (let i = 0; i < reference.length; i++) {
    left += reference[i]!;
    right += current[i]!;
    largest = Math.max(largest, Math.abs(left / cells.referenceCount - right / cells.currentCount));
  }
  return largest;
}

function exactP(n: number, m: number, shared: number, d: number): number {
  const h = Math.round(d * (n / shared) * m);
  if (h === 0) return 1;
  return n === m ? outsideSquare(n, h) : outsideBand(n, m, shared, h);
}

/** P(D ≥ h/n) for equal sizes: 2 (C(2n, n−h) − C(2n, n−2h) + …) / C(2n, n), by Horner's scheme. */
function outsideSquare(n: number, h: number): number {
  let p = 0;
  for (let k = Math.floor(n / h); k >= 0; k--) {
    let term = 1;
    for (let j = 0; j < h; j++) term = ((n - k * h - j) * term) / (n + k * h + j + 1);
    p = term * (1 - p);
  }
  return 2 * p;
}

/** Share of lattice paths (0,0) → (m,n) that reach |x/m − y/n| ≥ d; every step mixes the two earlier probabilities. */
function outsideBand(first: number, second: number, shared: number, h: number): number {
  const m = Math.max(first, second);
  const n = Math.min(first, second);
  const mg = m / shared;
  const ng = n / shared;
  let low = 0;
  let high = Math.min(Math.ceil(h / mg), n + 1);
  const column = new Float64Array(Math.min(2 * high + 2, n + 1)).fill(1);
  column.fill(0, low, high);
  let length = high - low;
  for (let i = 1; i <= m; i++) {
    const lastLow = low;
    const lastLength = length;
    low = Math.min(Math.max(Math.floor((ng * i - h) / mg) + 1, 0), n);
    high = Math.min(Math.ceil((ng * i + h) / mg), n + 1);
    if (high <= low) return 1;
    let value = low === 0 ? 0 : 1;
    for (let k = 0; k < high - low; k++) {
      const j = k + low;
      value = (column[j - lastLow]! * i + value * j) / (i + j);
      column[k] = value;
    }
    length = high - low;
    if (lastLength > length) column.fill(1, length, lastLength);
  }
  return column[length - 1]!;
}

function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
