import { seededRandom } from '../distributions/seeded-random.ts';
import type { Predict } from './permutation-importance.ts';
import { shuffled } from './permutation-importance.ts';

export interface ShapleyExplanation {
  /** Mean prediction over the background. */
  readonly expected: number;
  readonly prediction: number;
  /** One per feature; they sum to prediction − expected. */
  readonly values: readonly number[];
  /** Standard error of each value from the sampling of orders; 0 for additive models. */
  readonly standardErrors: readonly number[];
}

/**
 * Shapley values of one row by sampled feature orders (Castro et al. 2009), each order with its reverse (antithetic):
 * a feature's value is its mean marginal contribution when features are switched from the background's values to
 * the row's. Interventional: absent features take whole background rows, so that for a linear model
 * φ_j = coef_j (x_j − background mean_j) exactly. Cost: orders · 2 · features · background predictions. Null without a
 * background.
 * @throws RangeError unless `orders` (50) is a whole number of at least 2: one order tells no standard error.
 */
export async function sampledShapley(
  row: readonly number[],
  background: readonly (readonly number[])[],
  predict: Predict,
  options: { readonly orders?: number; readonly seed?: number } = {},
): Promise<ShapleyExplanation | null> {
  const orders = options.orders ?? 50;
  if (!(Number.isInteger(orders) && orders >= 2))
    throw new RangeError(`orders must be a whole number of at least 2; got ${orders}.`);
  if (background.length === 0) return null;
  const random = seededRandom(options.seed ?? 1);
  const mean = async (rows: readonly (readonly number[])[]): Promise<number> => {
    const scores = await predict(rows);
    let sum = 0;
    for (let i = 0; i < rows.length; i++) sum += scores[i]!;
    return sum / rows.length;
  };
  const expected = await mean(background);
  const prediction = await mean([row]);
  const sums = row.map(() => 0);
  const squares = row.map(() => 0);
  for (let o = 0; o < orders; o++) {
    const order = shuffled(row.length, random.below);
    const pair = row.map(() => 0);
    for (const sequence of [order, [...order].reverse()]) {
      let rows = background;
      let before = expected;
      for (const feature of sequence) {
        rows = rows.map((r) => r.map((v, f) => (f === feature ? row[f]! : v)));
        const after = await mean(rows);
        pair[feature] = pair[feature]! + (after - before) / 2;
        before = after;
      }
    }
    pair.forEach((value, f) => {
      sums[f] = sums[f]! + value;
      squares[f] = squares[f]! + value * value;
    });
  }
  const values = sums.map((s) => s / orders);
  const standardErrors = squares.map((s, f) =>
    Math.sqrt(Math.max(0, s / orders - values[f]! ** 2) / (orders - 1)),
  );
  return { expected, prediction, values, standardErrors };
}
