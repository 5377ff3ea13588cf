import { MAX_NUMERIC_CELLS } from './assess-column-drift.ts';
import { CoarseCells } from './coarse-cells.ts';
import { noMeasures } from './column-measures.ts';
import { kolmogorovSmirnovOfStatistic } from './kolmogorov-smirnov.ts';
import type { MeasurableCells } from './measure-cells.ts';
import { MAX_SHUFFLED_ROWS } from './permute-cells.ts';
import { countBelow, quantileBinsOfSorted } from './quantile-bins.ts';
import { toShares } from './shares.ts';
import type { SummarisedMeasures } from './summarised-column.ts';
import { divergences } from './summarised-column.ts';
import { poolSorted } from './value-cells.ts';
import { MIN_SPREAD, SAFE_MAGNITUDE, wassersteinNormedOfCells } from './wasserstein.ts';

/** Both sides of a column of numbers: finite values, ascending. */
export interface SortedNumbers {
  readonly reference: Float64Array;
  readonly current: Float64Array;
}

/**
 * What `columnMeasures` and the cells of `assessColumnDrift` are, in one walk over both sides and without a table of
 * all distinct values, which takes several times the memory of the values.
 */
export function measureSorted(numbers: SortedNumbers): {
  readonly measures: SummarisedMeasures;
  readonly judged: MeasurableCells;
} {
  const { reference, current } = numbers;
  const [n, m] = [reference.length, current.length];
  const coarse = new CoarseCells(n, m, MAX_NUMERIC_CELLS);
  const { ksStatistic, distance, spread } = walkBoth(numbers, coarse);
  const cells = coarse.cells();
  const judged = n + m <= MAX_SHUFFLED_ROWS ? poolSorted(reference, current) : cells;
  if (n === 0 || m === 0) return { measures: noMeasures(cells), judged };
  const edges = quantileBinsOfSorted(reference);
  const ks = kolmogorovSmirnovOfStatistic(ksStatistic, n, m);
  return {
    measures: {
      ...divergences(sharesBetween(reference, edges), sharesBetween(current, edges)),
      ks: { statistic: ks.statistic, p_value: ks.pValue },
      wasserstein_normed:
        largestMagnitude(numbers) > SAFE_MAGNITUDE
          ? wassersteinNormedOfCells(poolSorted(reference, current))
          : distance / Math.max(spread, MIN_SPREAD),
      chi_square: null,
      reasons: { chi_square: 'needs categories' },
    },
    judged,
  };
}

/** Walks over both sides in ascending order, and puts each distinct value into a cell. */
function walkBoth(
  { reference, current }: SortedNumbers,
  cells: CoarseCells,
): { readonly ksStatistic: number; readonly distance: number; readonly spread: number } {
  const [n, m] = [reference.length, current.length];
  const [perReference, perCurrent] = [1 / n, 1 / m];
  // The median lies within one σ of the mean, so that no digits are lost.
  const origin = reference[n >> 1] ?? 0;
  let [i, j] = [0, 0];
  // All values are finite: what is infinite is the end of a side.
  let [a, b] = [reference[0] ?? Infinity, current[0] ?? Infinity];
  let [apart, ksStatistic, distance] = [0, 0, 0];
  let [sum, squares] = [0, 0];
  let last = 0;
  while (a < Infinity || b < Infinity) {
    const value = Math.min(a, b);
    if (apart > 0) distance += apart * (value - last);
    last = value;
    const [left, right] = [i, j];
    while (a === value) a = ++i < n ? reference[i]! : Infinity;
    while (b === value) b = ++j < m ? current[j]! : Infinity;
    apart = Math.abs(i * perReference - j * perCurrent);
    if (apart > ksStatistic) ksStatistic = apart;
    const shifted = value - origin;
    sum += (i - left) * shifted;
    squares += (i - left) * shifted * shifted;
    cells.add(value, i - left, j - right);
  }
  const mean = sum / n;
  return { ksStatistic, distance, spread: Math.sqrt(Math.max(0, squares / n - mean * mean)) };
}

/** Shares of ascending values in left-closed bins. */
function sharesBetween(sorted: Float64Array, edges: readonly number[]): Float64Array {
  const below = [...edges.map((edge) => countBelow(sorted, edge)), sorted.length];
  return toShares(below.map((count, i) => count - (below[i - 1] ?? 0)));
}

function largestMagnitude({ reference, current }: SortedNumbers): number {
  return Math.max(...[reference, current].flatMap((side) => [Math.abs(side[0]!), Math.abs(side.at(-1)!)]));
}
