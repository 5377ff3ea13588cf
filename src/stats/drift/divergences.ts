import { DEFAULT_EPSILON, requireSameLength } from './shares.ts';

/** How many cells there are like the i-th one; each once when absent. */
type Repeats = ArrayLike<number>;

/**
 * Jensen-Shannon divergence ½ KL(p‖m) + ½ KL(q‖m), m = (p + q)/2, and its square root, the distance (a metric).
 * In base 2 both lie in [0, 1]; in base e the divergence ends at ln 2. Empty cells need no ε. Lin (1991).
 */
export function jensenShannon(
  p: ArrayLike<number>,
  q: ArrayLike<number>,
  options: { readonly base?: 2 | 'e'; readonly repeats?: Repeats | undefined } = {},
): { readonly divergence: number; readonly distance: number } {
  requireSameLength(p, q);
  let sum = 0;
  for (let i = 0; i < p.length; i++) {
    const a = p[i]!;
    const b = q[i]!;
    const m = (a + b) / 2;
    const times = options.repeats?.[i] ?? 1;
    if (a > 0) sum += times * a * Math.log(a / m);
    if (b > 0) sum += times * b * Math.log(b / m);
  }
  const nats = Math.max(0, sum / 2);
  const divergence = (options.base ?? 2) === 2 ? nats / Math.LN2 : nats;
  return { divergence, distance: Math.sqrt(divergence) };
}

/**
 * Kullback-Leibler divergence KL(p‖q) = Σ p_i ln(p_i / q_i) in nats; not symmetric: what p costs when coded for q.
 * Shares below `epsilon` count as `epsilon` on both sides, so that a vanished cell is finite; clipped at 0 from
 * below because the clipped shares need not sum to one. Kullback & Leibler (1951).
 */
export function kullbackLeibler(
  p: ArrayLike<number>,
  q: ArrayLike<number>,
  epsilon: number = DEFAULT_EPSILON,
  repeats?: Repeats,
): number {
  requireSameLength(p, q);
  let sum = 0;
  for (let i = 0; i < p.length; i++) {
    const a = Math.max(p[i]!, epsilon);
    sum += (repeats?.[i] ?? 1) * a * Math.log(a / Math.max(q[i]!, epsilon));
  }
  return Math.max(0, sum);
}

/** Hellinger distance √(½ Σ (√p_i − √q_i)²), in [0, 1]. */
export function hellinger(p: ArrayLike<number>, q: ArrayLike<number>, repeats?: Repeats): number {
  requireSameLength(p, q);
  let sum = 0;
  for (let i = 0; i < p.length; i++) sum += (repeats?.[i] ?? 1) * (Math.sqrt(p[i]!) - Math.sqrt(q[i]!)) ** 2;
  return Math.sqrt(sum / 2);
}

/** Total variation distance ½ Σ |p_i − q_i|, in [0, 1]: the largest difference in the probability of any event. */
export function totalVariation(p: ArrayLike<number>, q: ArrayLike<number>, repeats?: Repeats): number {
  requireSameLength(p, q);
  let sum = 0;
  for (let i = 0; i < p.length; i++) sum += (repeats?.[i] ?? 1) * Math.abs(p[i]! - q[i]!);
  return sum / 2;
}

/** L∞ distance max |p_i − q_i|, in [0, 1]; TFDV's measure for categorical skew. */
export function lInfinity(p: ArrayLike<number>, q: ArrayLike<number>): number {
  requireSameLength(p, q);
  let largest = 0;
  for (let i = 0; i < p.length; i++) largest = Math.max(largest, Math.abs(p[i]! - q[i]!));
  return largest;
}
