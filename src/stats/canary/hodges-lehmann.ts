import { normalQuantile } from '../distributions/normal.ts';
import { finiteSorted } from '../drift/quantile-bins.ts';
import type { Interval } from './proportion.ts';

export interface HodgesLehmann {
  /** Median of all differences b_j − a_i: by how much b is shifted. */
  readonly shift: number;
  readonly interval: Interval;
}

/** Below this on both sides and without ties R's `wilcox.test` uses the exact distribution. */
const EXACT_BELOW = 50;

/**
 * Hodges & Lehmann's estimate (1963) of the shift of b against a, and the interval of shifts that Mann-Whitney's test
 * does not reject at `alpha` (0.05). `auto` is R's `wilcox.test(b, a, conf.int = TRUE)`: exact for small sides without
 * ties, else by the normal approximation with continuity correction. R finds the ends with a root finder that stops
 * within 1e-4; these are the differences themselves. Values that are not finite are dropped; null without values.
 */
export function hodgesLehmann(
  a: ArrayLike<number | null | undefined>,
  b: ArrayLike<number | null | undefined>,
  options: { readonly alpha?: number; readonly method?: 'auto' | 'exact' | 'asymptotic' } = {},
): HodgesLehmann | null {
  const alpha = options.alpha ?? 0.05;
  const method = options.method ?? 'auto';
  const [x, y] = [finiteSorted(a), finiteSorted(b)];
  const pairs = x.length * y.length;
  if (pairs === 0) return null;
  const rank = (k: number): number => differenceOfRank(x, y, Math.min(pairs, Math.max(1, k)));
  const shift = rank(Math.ceil(pairs / 2)) / 2 + rank(Math.floor(pairs / 2) + 1) / 2;
  const ties = tieTerm(x) + tieTerm(y);
  const untied = ties === 0 && !sharesValue(x, y);
  const exact =
    method === 'exact' || (method === 'auto' && untied && Math.max(x.length, y.length) < EXACT_BELOW);
  const below = exact
    ? exactRank(x.length, y.length, alpha / 2)
    : normalRank(x.length, y.length, ties, alpha);
  return { shift, interval: { low: rank(below), high: rank(pairs + 1 - below) } };
}

/** How many differences lie at or below the lower end, by the normal approximation. */
function normalRank(n: number, m: number, ties: number, alpha: number): number {
  const total = n + m;
  const variance = ((n * m) / 12) * (total + 1 - ties / (total * (total - 1)));
  const half = normalQuantile(1 - alpha / 2) * Math.sqrt(Math.max(0, variance));
  return Math.ceil((n * m) / 2 - half - 0.5);
}

/** R's qwilcox(p, n, m), at least 1: the smallest U with P(U ≤ u) ≥ p. */
function exactRank(n: number, m: number, p: number): number {
  const small = Math.min(n, m);
  const large = Math.max(n, m);
  const size = n * m + 1;
  let ways = new Float64Array(size);
  ways[0] = 1;
  for (let i = 1; i <= small; i++) {
    const next = ways.slice();
    for (let u = size - 1; u >= large + i; u--) next[u] = next[u]! - ways[u - large - i]!;
    for (let u = i; u < size; u++) next[u] = next[u]! + next[u - i]!;
    ways = next.map((w) => w * (i / (large + i)));
  }
  let sum = 0;
  for (let u = 0; u < size; u++) {
    sum += ways[u]!;
    if (sum >= p) return Math.max(1, u);
  }
  return size;
}

/** The k-th smallest (from 1) of all y_j − x_i, by halving the doubles themselves: exact, without listing the pairs. */
function differenceOfRank(x: Float64Array, y: Float64Array, k: number): number {
  let low = toOrdinal(y[0]! - x[x.length - 1]!);
  let high = toOrdinal(y[y.length - 1]! - x[0]!);
  while (low < high) {
    const middle = (low + high) >> 1n;
    if (countAtMost(x, y, fromOrdinal(middle)) >= k) high = middle;
    else low = middle + 1n;
  }
  return Math.min(Number.MAX_VALUE, Math.max(-Number.MAX_VALUE, fromOrdinal(low)));
}

function countAtMost(x: Float64Array, y: Float64Array, limit: number): number {
  let count = 0;
  let j = 0;
  for (const value of x) {
    while (j < y.length && y[j]! - value <= limit) j++;
    count += j;
  }
  return count;
}

const bits = new DataView(new ArrayBuffer(8));

/** Whole numbers that order as the doubles do. */
function toOrdinal(value: number): bigint {
  bits.setFloat64(0, value === 0 ? 0 : value);
  const raw = bits.getBigInt64(0);
  return raw < 0n ? -(raw & 0x7fffffffffffffffn) : raw;
}

function fromOrdinal(ordinal: bigint): number {
  bits.setBigInt64(0, ordinal < 0n ? -ordinal : ordinal);
  const size = bits.getFloat64(0);
  return ordinal < 0n ? -size : size;
}

function tieTerm(sorted: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < sorted.length;) {
    const from = i;
    while (i < sorted.length && sorted[i] === sorted[from]) i++;
    const t = i - from;
    sum += t * t * t - t;
  }
  return sum;
}

function sharesValue(x: Float64Array, y: Float64Array): boolean {
  const values = new Set(x);
  return y.some((value) => values.has(value));
}
