import { normalSurvival, normalTwoSided } from '../distributions/normal.ts';
import { finiteSorted } from '../drift/quantile-bins.ts';
import type { PooledCells } from '../drift/value-cells.ts';
import { poolSorted } from '../drift/value-cells.ts';

/** Exact p when the smaller side has at most this many values and nothing is tied, as SciPy does. */
const MAX_EXACT_SMALLER = 8;
const MAX_EXACT_STATES = 4_000_000;

export interface MannWhitneyU {
  /** U of a: how many pairs (a_i, b_j) have a_i > b_j, ties as ½. */
  readonly uA: number;
  readonly uB: number;
  /** uB / (n_a n_b) = P(b > a) + ½ P(equal). */
  readonly probabilityBLarger: number;
  readonly pTwoSided: number;
  /** Against "b is not stochastically larger". */
  readonly pGreater: number;
  readonly pLess: number;
  readonly method: 'exact' | 'asymptotic';
}

export interface MannWhitneyOptions {
  readonly method?: 'auto' | 'exact' | 'asymptotic';
  /** Continuity correction of the asymptotic p. Default true. */
  readonly continuity?: boolean;
}

/**
 * Mann-Whitney U test of two samples (SciPy's `mannwhitneyu`, tie-corrected). Values that are not finite are
 * dropped; null when a side is empty.
 */
export function mannWhitneyU(
  a: ArrayLike<number | null | undefined>,
  b: ArrayLike<number | null | undefined>,
  options: MannWhitneyOptions = {},
): MannWhitneyU | null {
  return mannWhitneyUOfCells(poolSorted(finiteSorted(a), finiteSorted(b)), options);
}

/** The same of counts per distinct value, a as `reference` and b as `current`. */
export function mannWhitneyUOfCells(
  cells: PooledCells,
  options: MannWhitneyOptions = {},
): MannWhitneyU | null {
  const n = cells.referenceCount;
  const m = cells.currentCount;
  if (n === 0 || m === 0) return null;
  let uB = 0;
  let seen = 0;
  let ties = 0;
  for (let i = 0; i < cells.values.length; i++) {
    const left = cells.reference[i]!;
    const right = cells.current[i]!;
    uB += right * (seen + left / 2);
    seen += left;
    const t = left + right;
    ties += t * t * t - t;
  }
  const uA = n * m - uB;
  const auto = Math.min(n, m) <= MAX_EXACT_SMALLER && ties === 0;
  const exact =
    (options.method === 'exact' || ((options.method ?? 'auto') === 'auto' && auto)) &&
    n * m <= MAX_EXACT_STATES;
  const p = exact ? exactTails(n, m, uB) : normalTails(n, m, uB, ties, options.continuity ?? true);
  return { uA, uB, probabilityBLarger: uB / (n * m), ...p, method: exact ? 'exact' : 'asymptotic' };
}

type Tails = Pick<MannWhitneyU, 'pTwoSided' | 'pGreater' | 'pLess'>;

function normalTails(n: number, m: number, uB: number, ties: number, continuity: boolean): Tails {
  const total = n + m;
  const variance = ((n * m) / 12) * (total + 1 - ties / (total * (total - 1)));
  if (!(variance > 0)) return { pTwoSided: 1, pGreater: 1, pLess: 1 };
  const shift = continuity ? 0.5 : 0;
  const sd = Math.sqrt(variance);
  const excess = uB - (n * m) / 2;
  return {
    pTwoSided: Math.min(1, normalTwoSided(Math.max(0, Math.abs(excess) - shift) / sd)),
    pGreater: normalSurvival((excess - shift) / sd),
    pLess: normalSurvival((-excess - shift) / sd),
  };
}

/** Shares of the C(n+m, n) orders with each U, by adding one value of the smaller side at a time. */
function exactTails(n: number, m: number, uB: number): Tails {
  const small = Math.min(n, m);
  const large = Math.max(n, m);
  const size = small * large + 1;
  let ways = new Float64Array(size);
  ways[0] = 1;
  // The generating function is Π_(i=1..small) (1 − q^(large+i)) / (1 − q^i).
  for (let i = 1; i <= small; i++) {
    const next = ways.slice();
    for (let u = size - 1; u >= large + i; u--) next[u] = next[u]! - ways[u - large - i]!;
    for (let u = i; u < size; u++) next[u] = next[u]! + next[u - i]!;
    const scale = i / (large + i);
    ways = next.map((w) => w * scale);
  }
  // A U is as frequent as its mirror image, and only the lower half of these has digits: the upper is a difference.
  // Without a whole U (ties) both tails include the neighbour, which errs on the side of no alarm.
  let atLeast = 0;
  let atMost = 0;
  for (let u = 0; u < size; u++) {
    if (u <= size - 1 - Math.floor(uB)) atLeast += ways[u]!;
    if (u <= Math.ceil(uB)) atMost += ways[u]!;
  }
  const tail = Math.min(atLeast, atMost);
  return { pTwoSided: Math.min(1, 2 * tail), pGreater: Math.min(1, atLeast), pLess: Math.min(1, atMost) };
}
