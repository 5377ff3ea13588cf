import { seededRandom } from '../distributions/seeded-random.ts';

/** Scores of many rows at once; a model server may answer later. */
export type Predict = (
  rows: readonly (readonly number[])[],
) => ArrayLike<number> | Promise<ArrayLike<number>>;

export interface FeatureImportance {
  readonly feature: number;
  /** Mean over the repeats of score as it is − score with this feature shuffled; null where none had a score. */
  readonly mean: number | null;
  /** Population standard deviation over the repeats. */
  readonly standardDeviation: number | null;
  readonly each: readonly number[];
}

export interface PermutationOptions {
  /** Shuffles per feature. Default 5. */
  readonly repeats?: number;
  readonly seed?: number;
  /** [feature][repeat] → order of the rows, in place of seeded ones. */
  readonly permutations?: readonly (readonly (readonly number[])[])[];
}

/**
 * Permutation importance (Breiman 2001; Fisher et al. 2019): how much `score` (higher is better) falls when one
 * column is shuffled. Correlated features share it. Repeats on which the score is not defined are left out.
 * @throws RangeError unless `repeats` is a whole number above 0.
 */
export async function permutationImportance(
  rows: readonly (readonly number[])[],
  predict: Predict,
  score: (predictions: ArrayLike<number>) => number | null,
  options: PermutationOptions = {},
): Promise<FeatureImportance[]> {
  if (options.repeats !== undefined && !(Number.isInteger(options.repeats) && options.repeats > 0))
    throw new RangeError(`repeats must be a whole number above 0; got ${options.repeats}.`);
  const features = rows[0]?.length ?? 0;
  const baseline = rows.length === 0 ? null : score(await predict(rows));
  if (baseline === null) return [];
  const random = seededRandom(options.seed ?? 1);
  const result: FeatureImportance[] = [];
  for (let feature = 0; feature < features; feature++) {
    const each: number[] = [];
    const repeats = options.permutations?.[feature]?.length ?? options.repeats ?? 5;
    for (let repeat = 0; repeat < repeats; repeat++) {
      const order = options.permutations?.[feature]?.[repeat] ?? shuffled(rows.length, random.below);
      const changed = rows.map((row, i) =>
        row.map((v, f) => (f === feature ? rows[order[i]!]![feature]! : v)),
      );
      const value = score(await predict(changed));
      if (value !== null) each.push(baseline - value);
    }
    result.push({ feature, ...spreadOf(each), each });
  }
  return result;
}

function spreadOf(each: readonly number[]): Pick<FeatureImportance, 'mean' | 'standardDeviation'> {
  if (each.length === 0) return { mean: null, standardDeviation: null };
  const mean = each.reduce((a, b) => a + b, 0) / each.length;
  const variance = each.reduce((a, b) => a + (b - mean) ** 2, 0) / each.length;
  return { mean, standardDeviation: Math.sqrt(variance) };
}

/** A uniformly random order of 0 … n − 1 (Fisher-Yates). */
export function shuffled(n: number, below: (bound: number) => number): number[] {
  const order = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = below(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
