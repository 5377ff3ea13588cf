import { mannWhitneyUOfCells } from '../canary/mann-whitney-u.ts';
import { twoProportionTest } from '../canary/two-proportion-test.ts';
import { chiSquareTest } from './chi-square.ts';
import type { ColumnDriftInput } from './column-sample.ts';
import { pairColumn } from './column-sample.ts';
import { hellinger, jensenShannon, kullbackLeibler, lInfinity, totalVariation } from './divergences.ts';
import { kolmogorovSmirnovOfCells } from './kolmogorov-smirnov.ts';
import type { MeasurableCells } from './measure-cells.ts';
import { quantileShares } from './measure-cells.ts';
import { populationStabilityIndex } from './population-stability-index.ts';
import { toShares } from './shares.ts';
import { wassersteinNormedOfCells } from './wasserstein.ts';

interface TestResult {
  readonly statistic: number;
  readonly p_value: number;
}

/** Every measure by its name in `--json`; one without a meaning for the column is null and `reasons` says why. */
export interface ColumnMeasures {
  readonly psi: number | null;
  readonly js_distance: number | null;
  readonly js_divergence: number | null;
  /** KL(reference‖current), nats. */
  readonly kl: number | null;
  readonly hellinger: number | null;
  readonly tvd: number | null;
  readonly l_infinity: number | null;
  readonly ks: TestResult | null;
  readonly wasserstein_normed: number | null;
  readonly chi_square: TestResult | null;
  /** U of the reference. */
  readonly mann_whitney: TestResult | null;
  /** Pooled z of the second of two categories. */
  readonly two_proportion_z: TestResult | null;
  readonly reasons: Readonly<Partial<Record<Exclude<keyof ColumnMeasures, 'reasons'>, string>>>;
}

/**
 * All drift measures of one column, as published, without correction for sampling noise (the verdict has that).
 * Numbers and timestamps in ten left-closed reference-quantile bins, categories as they are, ε = 1e-4, base 2.
 */
export function columnMeasures(input: ColumnDriftInput): ColumnMeasures {
  const { cells } = pairColumn(input);
  if (cells.referenceCount === 0 || cells.currentCount === 0) return noMeasures(cells);
  const { values } = cells;
  const { p, q } =
    values === null
      ? { p: toShares(cells.reference), q: toShares(cells.current) }
      : quantileShares({ ...cells, values });
  const js = jensenShannon(p, q);
  const shared = {
    psi: populationStabilityIndex(p, q),
    js_distance: js.distance,
    js_divergence: js.divergence,
    kl: kullbackLeibler(p, q),
    hellinger: hellinger(p, q),
    tvd: totalVariation(p, q),
    l_infinity: lInfinity(p, q),
  };
  return values === null
    ? { ...shared, ...ofCategories(cells) }
    : { ...shared, ...ofNumbers({ ...cells, values }) };
}

type Tests = Pick<
  ColumnMeasures,
  'ks' | 'wasserstein_normed' | 'chi_square' | 'mann_whitney' | 'two_proportion_z' | 'reasons'
>;

function ofNumbers(cells: MeasurableCells & { readonly values: Float64Array }): Tests {
  const ks = kolmogorovSmirnovOfCells(cells);
  const u = mannWhitneyUOfCells(cells);
  return {
    ks: ks === null ? null : { statistic: ks.statistic, p_value: ks.pValue },
    wasserstein_normed: wassersteinNormedOfCells(cells),
    chi_square: null,
    mann_whitney: u === null ? null : { statistic: u.uA, p_value: u.pTwoSided },
    two_proportion_z: null,
    reasons: { chi_square: 'needs categories', two_proportion_z: 'needs two categories' },
  };
}

function ofCategories(cells: MeasurableCells): Tests {
  const chi = chiSquareTest(cells.reference, cells.current);
  const z = cells.reference.length === 2 ? zOfSecond(cells) : null;
  const needsOrder = 'needs values with an order';
  return {
    ks: null,
    wasserstein_normed: null,
    chi_square: chi === null ? null : { statistic: chi.statistic, p_value: chi.pValue },
    mann_whitney: null,
    two_proportion_z: z,
    reasons: {
      ks: needsOrder,
      wasserstein_normed: needsOrder,
      mann_whitney: needsOrder,
      ...(chi === null ? { chi_square: 'only one category occurs' } : {}),
      ...(z === null ? { two_proportion_z: 'needs exactly two categories' } : {}),
    },
  };
}

function zOfSecond(cells: MeasurableCells): TestResult | null {
  const test = twoProportionTest(
    { successes: cells.reference[1]!, trials: cells.referenceCount },
    { successes: cells.current[1]!, trials: cells.currentCount },
  );
  return test.z === null ? null : { statistic: test.z, p_value: test.pTwoSided };
}

/** Of a column without a usable value on one side. */
export function noMeasures(cells: Pick<MeasurableCells, 'referenceCount'>): ColumnMeasures {
  const side = cells.referenceCount === 0 ? 'reference' : 'current';
  const nothing = {
    psi: null,
    js_distance: null,
    js_divergence: null,
    kl: null,
    hellinger: null,
    tvd: null,
    l_infinity: null,
    ks: null,
    wasserstein_normed: null,
    chi_square: null,
    mann_whitney: null,
    two_proportion_z: null,
  };
  const reason = `no usable value in the ${side} data`;
  return { ...nothing, reasons: Object.fromEntries(Object.keys(nothing).map((name) => [name, reason])) };
}
