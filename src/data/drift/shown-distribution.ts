import type { PooledCells } from '../../stats/index.ts';
import type { ShownCategory } from './category-counts.ts';

/** Both distributions of a column, coarse enough to be drawn. */
export type ShownDistribution =
  | {
      readonly kind: 'histogram';
      /** Ends of the bins, one more than there are bins; what lies outside counts in the outermost bins. */
      readonly edges: readonly number[];
      readonly reference: readonly number[];
      readonly current: readonly number[];
    }
  | { readonly kind: 'categories'; readonly categories: readonly ShownCategory[] };

const BINS = 40;
/** So much on each end is drawn in the outermost bin, so that one outlier does not hide the rest. */
const CUT = 0.005;

/** Equal-width bins over the middle 99 % of both samples; null when there is nothing to draw. */
export function drawnHistogram(
  cells: Pick<PooledCells, 'values' | 'reference' | 'current'>,
): ShownDistribution | null {
  const { values, reference, current } = cells;
  let total = 0;
  for (let i = 0; i < values.length; i++) total += reference[i]! + current[i]!;
  if (total === 0) return null;
  const low = valueAt(cells, CUT * total);
  const high = valueAt(cells, (1 - CUT) * total);
  const width = (high - low) / BINS;
  const bins = width > 0 && Number.isFinite(width) ? BINS : 1;
  const left = new Array<number>(bins).fill(0);
  const right = new Array<number>(bins).fill(0);
  for (let i = 0; i < values.length; i++) {
    const bin = bins === 1 ? 0 : Math.max(0, Math.min(bins - 1, Math.floor((values[i]! - low) / width)));
    left[bin] = left[bin]! + reference[i]!;
    right[bin] = right[bin]! + current[i]!;
  }
  const edges = Array.from({ length: bins + 1 }, (_, i) => (i === bins ? high : low + i * width));
  return { kind: 'histogram', edges, reference: left, current: right };
}

function valueAt(cells: Pick<PooledCells, 'values' | 'reference' | 'current'>, rank: number): number {
  let seen = 0;
  for (let i = 0; i < cells.values.length; i++) {
    seen += cells.reference[i]! + cells.current[i]!;
    if (seen >= rank) return cells.values[i]!;
  }
  return cells.values[cells.values.length - 1]!;
}
