import { MAX_NUMERIC_CELLS } from './assess-column-drift.ts';
import { chiSquareTest } from './chi-square.ts';
import type { ColumnMeasures } from './column-measures.ts';
import { hellinger, jensenShannon, kullbackLeibler, lInfinity, totalVariation } from './divergences.ts';
import type { IntervalCells } from './interval-cells.ts';
import { cellsAtLow, coarsenIntervals, intervalsToOpen, wassersteinOfIntervals } from './interval-cells.ts';
import { kolmogorovSmirnovOfCells } from './kolmogorov-smirnov.ts';
import type { MeasurableCells } from './measure-cells.ts';
import { quantileShares } from './measure-cells.ts';
import { populationStabilityIndex } from './population-stability-index.ts';
import { toShares } from './shares.ts';
import { MIN_SPREAD } from './wasserstein.ts';

const BINS = 10;

/** The measures that sums can give; Mann-Whitney's U needs every value. */
export type SummarisedMeasures = Omit<ColumnMeasures, 'mann_whitney' | 'two_proportion_z' | 'reasons'> & {
  readonly reasons: Readonly<Partial<Record<keyof ColumnMeasures, string>>>;
};

/** The intervals that `measureIntervals` needs to know value by value; none when it may be called. */
export function intervalsToOpenForDrift(cells: IntervalCells): number[] {
  return intervalsToOpen(cells, BINS, MAX_NUMERIC_CELLS);
}

/**
 * What `columnMeasures` and the cells of `assessColumnDrift` are for the values themselves, from sums over intervals of
 * which none needs to be opened any more. Both sides hold values.
 */
export function measureIntervals(cells: IntervalCells): {
  readonly measures: SummarisedMeasures;
  readonly judged: MeasurableCells;
} {
  const pooled = cellsAtLow(cells);
  const { p, q } = quantileShares(pooled, BINS);
  const ks = kolmogorovSmirnovOfCells(pooled);
  return {
    measures: {
      ...divergences(p, q),
      ks: ks === null ? null : { statistic: ks.statistic, p_value: ks.pValue },
      wasserstein_normed: wassersteinOfIntervals(cells) / Math.max(cells.referenceSpread, MIN_SPREAD),
      chi_square: null,
      reasons: { chi_square: 'needs categories' },
    },
    judged: coarsenIntervals(cells, MAX_NUMERIC_CELLS),
  };
}

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

function divergences(
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
