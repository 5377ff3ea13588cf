import { requireSameRows } from './usable-rows.ts';

/**
 * NDCG at k (default: all) of one list of scored items, linear gain. Items of equal score share the places that they
 * take together: each has the mean gain of its tie (McSherry & Najork 2008), so that the order of equal rows cannot
 * matter; scikit-learn's `ndcg_score`. `rankingMetrics` and ranx take the order of the list as given. Rows whose score is
 * not finite rank last, a grade that is not a positive number counts 0; 0 without any gain, null without rows.
 */
export function scoredNdcg(
  grades: ArrayLike<number | null | undefined>,
  scores: ArrayLike<number | null | undefined>,
  k = Number.POSITIVE_INFINITY,
): number | null {
  requireSameRows({ grades, scores });
  if (grades.length === 0) return null;
  const rows = Array.from({ length: grades.length }, (_, i) => {
    const [grade, score] = [grades[i], scores[i]];
    return {
      gain: typeof grade === 'number' && grade > 0 ? grade : 0,
      score: typeof score === 'number' && Number.isFinite(score) ? score : Number.NEGATIVE_INFINITY,
    };
  });
  const ideal = rows.map((row) => row.gain).sort((a, b) => b - a);
  const best = ideal.reduce((sum, gain, rank) => sum + gain * discount(rank, k), 0);
  if (best === 0) return 0;
  rows.sort((a, b) => (a.score === b.score ? 0 : b.score - a.score));
  let found = 0;
  for (let from = 0, to = 0; from < rows.length; from = to) {
    let [gain, discounts] = [0, 0];
    for (to = from; to < rows.length && rows[to]!.score === rows[from]!.score; to++) {
      gain += rows[to]!.gain;
      discounts += discount(to, k);
    }
    found += (gain / (to - from)) * discounts;
  }
  return found / best;
}

function discount(rank: number, k: number): number {
  return rank < k ? 1 / Math.log2(rank + 2) : 0;
}
