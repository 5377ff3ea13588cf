import { requireSameRows } from '../metrics/usable-rows.ts';

export interface FlipTestInput {
  /** Predictions, 0 (unfavourable) or 1 (favourable), one a row. */
  readonly predictions: ArrayLike<number>;
  /** Marks the facet d, which might be disadvantaged; everybody else is a. */
  readonly inFacet: ArrayLike<boolean>;
  /** Numbers by which rows are alike, a column each, without facet and label. Encode categories before. */
  readonly features: readonly ArrayLike<number>[];
  /** Neighbours that vote; 5 by default, and 1 where a has at most 9 rows. At most the rows of a. */
  readonly k?: number;
  /** Divides each feature by its population standard deviation over all usable rows first; default false, as Clarify. */
  readonly standardise?: boolean;
}

export interface FlipTest {
  /** (F₊ − F₋)/n_d in [−1, 1]; above 0 to the disadvantage of d. Null where either facet has no usable row. */
  readonly FT: number | null;
  /** F₊: rows of d with prediction 0 whose neighbours in a have 1. */
  readonly toFavourable: number;
  /** F₋: rows of d with prediction 1 whose neighbours in a have 0. */
  readonly toUnfavourable: number;
  /** Usable rows of d and of a. */
  readonly facetRows: number;
  readonly otherRows: number;
  /** Neighbours that voted. */
  readonly k: number;
}

const [DEFAULT_K, SMALL_K, FEW_ROWS] = [5, 1, 9];

/**
 * SageMaker Clarify's counterfactual flip test (FT): would the model have decided otherwise about members of the facet d
 * were they like those of a? Each row of d is compared with the majority of its k nearest rows of a (Black et al. 2020,
 * "FlipTest", approximated by nearest neighbours as Clarify does).
 *
 * Distance is Euclidean over the features as they are, or in standard deviations with `standardise`: without it the
 * feature of the largest numbers decides who is alike. Of rows at the same distance the earlier one is nearer; as many
 * votes for 1 as for 0 (an even k only) are 0, as scikit-learn has it. Rows whose prediction is not 0 or 1, or with a
 * feature that is not finite, are left out. Exact search: time grows with n_a·n_d·features.
 *
 * The sign is that of Clarify's documentation: above 0 where d is refused what its neighbours in a are granted.
 * Clarify's library (smclarify 0.5) subtracts the other way round and gives −FT; apart from rows at the same distance the
 * amount is the same with its k and without `standardise`. It refuses missing features, and we leave such rows out.
 */
export function counterfactualFlipTest(input: FlipTestInput): FlipTest {
  const { predictions, inFacet, features } = input;
  requireSameRows({ predictions, inFacet });
  for (const feature of features) requireSameRows({ predictions, feature });
  if (features.length === 0) throw new RangeError('features must name at least one column.');
  if (input.k !== undefined && !(Number.isInteger(input.k) && input.k > 0))
    throw new RangeError(`k must be a whole number above 0; got ${input.k}.`);
  const usable: number[] = [];
  for (let i = 0; i < predictions.length; i++) {
    const known = predictions[i] === 0 || predictions[i] === 1;
    if (known && features.every((feature) => Number.isFinite(feature[i]))) usable.push(i);
  }
  const d = usable.filter((i) => inFacet[i] === true);
  const a = usable.filter((i) => inFacet[i] !== true);
  const k = Math.min(input.k ?? (a.length > FEW_ROWS ? DEFAULT_K : SMALL_K), a.length);
  const scales = features.map((feature) => (input.standardise ? spread(feature, usable) : 1));
  const others = pointsOf(features, scales, a);
  const votes = a.map((i) => predictions[i]!);
  let [toFavourable, toUnfavourable] = [0, 0];
  if (a.length > 0) {
    for (const i of d) {
      const point = pointsOf(features, scales, [i]);
      const voted = nearest(point, others, k).reduce((sum, row) => sum + votes[row]!, 0) * 2 > k ? 1 : 0;
      if (voted > predictions[i]!) toFavourable++;
      if (voted < predictions[i]!) toUnfavourable++;
    }
  }
  return {
    FT: a.length === 0 || d.length === 0 ? null : (toFavourable - toUnfavourable) / d.length,
    ...{ toFavourable, toUnfavourable, facetRows: d.length, otherRows: a.length, k },
  };
}

/** Rows one after the other. A feature that does not vary tells nobody apart: its scale is 0 and it is left at 0. */
function pointsOf(
  features: readonly ArrayLike<number>[],
  scales: readonly number[],
  rows: readonly number[],
): Float64Array {
  const points = new Float64Array(rows.length * features.length);
  rows.forEach((row, r) =>
    features.forEach((feature, f) => {
      const scale = scales[f]!;
      points[r * features.length + f] = scale === 0 ? 0 : feature[row]! / scale;
    }),
  );
  return points;
}

/** The k rows of `others` that are nearest to the point, kept in ascending order of distance, then of row. */
function nearest(point: Float64Array, others: Float64Array, k: number): number[] {
  const width = point.length;
  const rows: number[] = [];
  const distances: number[] = [];
  for (let row = 0; row * width < others.length; row++) {
    const farthest = rows.length < k ? Number.POSITIVE_INFINITY : distances[k - 1]!;
    let distance = 0;
    for (let f = 0; f < width && distance < farthest; f++) {
      distance += (point[f]! - others[row * width + f]!) ** 2;
    }
    if (distance >= farthest) continue;
    let at = rows.length;
    while (at > 0 && distances[at - 1]! > distance) at--;
    rows.splice(at, 0, row);
    distances.splice(at, 0, distance);
    if (rows.length > k) {
      rows.pop();
      distances.pop();
    }
  }
  return rows;
}

/** Population standard deviation. */
function spread(feature: ArrayLike<number>, rows: readonly number[]): number {
  const mean = rows.reduce((sum, i) => sum + feature[i]!, 0) / rows.length;
  return Math.sqrt(rows.reduce((sum, i) => sum + (feature[i]! - mean) ** 2, 0) / rows.length);
}
