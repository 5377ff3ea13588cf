import { chiSquareTest } from './chi-square.ts';
import type { ColumnMeasures } from './column-measures.ts';
import { hellinger, jensenShannon, kullbackLeibler, lInfinity, totalVariation } from './divergences.ts';
import { populationStabilityIndex } from './population-stability-index.ts';
import { toShares } from './shares.ts';

/** The measures of a report on a column that may hold millions of values. */
export type SummarisedMeasures = Omit<ColumnMeasures, 'mann_whitney' | 'two_proportion_z' | 'reasons'> & {
  readonly reasons: Readonly<Partial<Record<keyof ColumnMeasures, string>>>;
};

/** Categories by how often both sides hold them: `repeats[i]` of them occur `reference[i]` and `current[i]` times. */
export interface RepeatedCategories {
  readonly reference: Float64Array;
  readonly current: Float64Array;
  readonly repeats: Float64Array;
}

/** What `columnMeasures` is for the categories themselves, which may be millions. Both sides hold values. */
export function measureRepeated({ reference, current, repeats }: RepeatedCategories): SummarisedMeasures {
  const chi = chiSquareTest(reference, current, repeats);
  const needsOrder = 'needs values with an order';
  return {
    ...divergences(toShares(reference, repeats), toShares(current, repeats), repeats),
    ks: null,
    wasserstein_normed: null,
    chi_square: chi === null ? null : { statistic: chi.statistic, p_value: chi.pValue },
    reasons: {
      ks: needsOrder,
      wasserstein_normed: needsOrder,
      ...(chi === null ? { chi_square: 'only one category occurs' } : {}),
    },
  };
}

/** Measures of two distributions over the same cells. */
export function divergences(
  p: Float64Array,
  q: Float64Array,
  repeats?: Float64Array,
): Pick<
  SummarisedMeasures,
  'psi' | 'js_distance' | 'js_divergence' | 'kl' | 'hellinger' | 'tvd' | 'l_infinity'
> {
  const js = jensenShannon(p, q, { repeats });
  return {
    psi: populationStabilityIndex(p, q, undefined, repeats),
    js_distance: js.distance,
    js_divergence: js.divergence,
    kl: kullbackLeibler(p, q, undefined, repeats),
    hellinger: hellinger(p, q, repeats),
    tvd: totalVariation(p, q, repeats),
    l_infinity: lInfinity(p, q),
  };
}
