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
  const { ksStatistic, distance } = walkBoth(numbers, coarse);
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
          : distance / Math.max(spreadOf(reference), MIN_SPREAD),
      chi_square: null,
      reasons: { chi_square: 'needs categories' },
    },
    judged,
  };
}

/** So many distinct values are passed at once: a function that is called often is compiled better than one long loop. */
const STRIDE = 4_096;

/** How far a walk over both sides has come, and what it has found. */
interface Walk {
  readonly passedReference: number;
  readonly passedCurrent: number;
  readonly last: number;
  readonly ksStatistic: number;
  readonly distance: number;
  readonly ended: boolean;
}

/** Walks over both sides in ascending order, and puts each distinct value into a cell. */
function walkBoth(numbers: SortedNumbers, cells: CoarseCells): Walk {
  let walk: Walk = {
    passedReference: 0,
    passedCurrent: 0,
    last: 0,
    ksStatistic: 0,
    distance: 0,
    ended: false,
  };
  while (!walk.ended) walk = stride(walk, numbers, cells);
  return walk;
}

function stride(walk: Walk, { reference, current }: SortedNumbers, cells: CoarseCells): Walk {
  const [n, m] = [reference.length, current.length];
  const [perReference, perCurrent] = [1 / n, 1 / m];
  let { passedReference: i, passedCurrent: j, last, ksStatistic, distance } = walk;
  // All values are finite: what is infinite is the end of a side.
  let a = i < n ? reference[i]! : Infinity;
  let b = j < m ? current[j]! : Infinity;
  for (let passed = 0; passed < STRIDE && (a < Infinity || b < Infinity); passed++) {
    const value = a < b ? a : b;
    const apart = Math.abs(i * perReference - j * perCurrent);
    if (apart > 0) distance += apart * (value - last);
    if (apart > ksStatistic) ksStatistic = apart;
    last = value;
    const left = i;
    const right = j;
    while (a === value) a = ++i < n ? reference[i]! : Infinity;
    while (b === value) b = ++j < m ? current[j]! : Infinity;
    cells.add(value, i - left, j - right);
  }
  const ended = !(a < Infinity || b < Infinity);
  return { passedReference: i, passedCurrent: j, last, ksStatistic, distance, ended };
}

/** The population σ. */
function spreadOf(sorted: Float64Array): number {
  const n = sorted.length;
  // The median lies within one σ of the mean, so that no digits are lost.
  const origin = sorted[n >> 1] ?? 0;
  let [sum, squares] = [0, 0];
  for (let i = 0; i < n; i++) {
    const shifted = sorted[i]! - origin;
    sum += shifted;
    squares += shifted * shifted;
  }
  const mean = sum / n;
  return Math.sqrt(Math.max(0, squares / n - mean * mean));
}

/** Shares of ascending values in left-closed bins. */
function sharesBetween(sorted: Float64Array, edges: readonly number[]): Float64Array {
  const below = [...edges.map((edge) => countBelow(sorted, edge)), sorted.length];
  return toShares(below.map((count, i) => count - (below[i - 1] ?? 0)));
}

function largestMagnitude({ reference, current }: SortedNumbers): number {
  return Math.max(...[reference, current].flatMap((side) => [Math.abs(side[0]!), Math.abs(side.at(-1)!)]));
}
