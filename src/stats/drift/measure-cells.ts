import { hellinger, jensenShannon, kullbackLeibler, lInfinity, totalVariation } from './divergences.ts';
import type { DriftMethod } from './drift-policy.ts';
import { ksStatistic } from './kolmogorov-smirnov.ts';
import { interpolate } from './quantile-bins.ts';
import { populationStabilityIndex } from './population-stability-index.ts';
import { toShares } from './shares.ts';
import type { PooledCells } from './value-cells.ts';
import { wassersteinNormedOfCells } from './wasserstein.ts';

/** Cells with an order (numbers, one value per cell) or without (categories: `values` is null). */
export interface MeasurableCells {
  readonly values: Float64Array | null;
  readonly reference: Float64Array;
  readonly current: Float64Array;
  readonly referenceCount: number;
  readonly currentCount: number;
}

/** Each method's value on the cells; numbers are first put into ten left-closed reference-quantile bins. */
export function measureCells(cells: MeasurableCells, methods: readonly DriftMethod[]): number[] {
  const { values } = cells;
  let shares: { p: ArrayLike<number>; q: ArrayLike<number> } | null = null;
  return methods.map((method) => {
    if (values !== null && method === 'ks') return ksStatistic(cells);
    if (values !== null && method === 'wasserstein_normed') {
      return wassersteinNormedOfCells({ ...cells, values }) ?? 0;
    }
    shares ??= values === null ? plainShares(cells) : quantileShares({ ...cells, values });
    return onShares(method, shares.p, shares.q);
  });
}

function onShares(method: DriftMethod, p: ArrayLike<number>, q: ArrayLike<number>): number {
  switch (method) {
    case 'js_distance':
      return jensenShannon(p, q).distance;
    case 'psi':
      return populationStabilityIndex(p, q);
    case 'kl':
      return kullbackLeibler(p, q);
    case 'hellinger':
      return hellinger(p, q);
    case 'tvd':
      return totalVariation(p, q);
    case 'l_infinity':
      return lInfinity(p, q);
    case 'ks':
    case 'wasserstein_normed':
      throw new RangeError(`${method} needs values with an order; this column holds categories.`);
  }
}

function plainShares(cells: MeasurableCells): { p: Float64Array; q: Float64Array } {
  return { p: toShares(cells.reference), q: toShares(cells.current) };
}

/** Shares in the bins of `quantileBins(reference, 10)`, found in one pass over cells that ascend. */
export function quantileShares(cells: PooledCells, bins = 10): { p: Float64Array; q: Float64Array } {
  const { left, right } = quantileCounts(cells, quantileEdgesOfCells(cells, bins));
  return { p: toShares(left), q: toShares(right) };
}

/** Counts of both sides in each of edges.length + 1 left-closed bins. */
function quantileCounts(
  cells: PooledCells,
  edges: readonly number[],
): { left: Float64Array; right: Float64Array } {
  const left = new Float64Array(edges.length + 1);
  const right = new Float64Array(edges.length + 1);
  const { values, reference, current } = cells;
  let bin = 0;
  let edge = edges[0] ?? Number.POSITIVE_INFINITY;
  let inReference = 0;
  let inCurrent = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    while (edge <= value) {
      left[bin] = inReference;
      right[bin] = inCurrent;
      inReference = 0;
      inCurrent = 0;
      bin++;
      edge = edges[bin] ?? Number.POSITIVE_INFINITY;
    }
    inReference += reference[i]!;
    inCurrent += current[i]!;
  }
  left[bin] = inReference;
  right[bin] = inCurrent;
  return { left, right };
}

/** The reference's type-7 quantile edges read off its counts, duplicates merged; equals `quantileBins`. */
function quantileEdgesOfCells(cells: PooledCells, bins = 10): number[] {
  const edges: number[] = [];
  const n = cells.referenceCount;
  if (n === 0) return edges;
  const { values, reference } = cells;
  let cell = 0;
  let upTo = reference[0]!;
  for (let i = 1; i < bins; i++) {
    const position = (i / bins) * (n - 1);
    const below = Math.floor(position);
    while (upTo <= below) upTo += reference[++cell]!;
    const low = values[cell]!;
    let high = low;
    if (upTo <= below + 1 && below + 1 < n) {
      let next = cell + 1;
      while (reference[next] === 0) next++;
      high = values[next]!;
    }
    const edge = interpolate(low, high, position - below);
    if (edges.length === 0 || edge > edges[edges.length - 1]!) edges.push(edge);
  }
  return edges;
}
