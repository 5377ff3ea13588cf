import type { SortedNumbers } from '../../stats/index.ts';
import { countBelow } from '../../stats/index.ts';
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
export function drawnHistogram({ reference, current }: SortedNumbers): ShownDistribution | null {
  const total = reference.length + current.length;
  if (total === 0) return null;
  const low = pooledAt(reference, current, Math.max(1, Math.ceil(CUT * total)));
  const high = pooledAt(reference, current, Math.ceil((1 - CUT) * total));
  const edges = areWhole(reference) && areWhole(current) ? wholeEdges(low, high) : equalEdges(low, high);
  const bins = edges.length - 1;
  const counts = (side: Float64Array): number[] => {
    const below = edges.map((edge, i) => (i === 0 ? 0 : i === bins ? side.length : countBelow(side, edge)));
    return below.slice(1).map((count, i) => count - below[i]!);
  };
  return { kind: 'histogram', edges, reference: counts(reference), current: counts(current) };
}

function equalEdges(low: number, high: number): number[] {
  const width = (high - low) / BINS;
  if (width === 0 || !Number.isFinite(width)) return [low, high];
  return Array.from({ length: BINS + 1 }, (_, i) => (i === BINS ? high : low + i * width));
}

/** As many whole numbers in each bin: where some bins hold two and others one, the drawing is a comb. */
function wholeEdges(low: number, high: number): number[] {
  const width = Math.ceil((high - low + 1) / BINS);
  const bins = Math.ceil((high - low + 1) / width);
  return Array.from({ length: bins + 1 }, (_, i) => low + i * width);
}

function areWhole(values: Float64Array): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isSafeInteger(values[i])) return false;
  return true;
}

/** The value of a rank, counted from 1, among both of two ascending samples. */
function pooledAt(a: Float64Array, b: Float64Array, rank: number): number {
  let low = Math.max(0, rank - b.length);
  let high = Math.min(rank, a.length);
  // How many of the values up to the rank are a's.
  while (low < high) {
    const mid = (low + high) >>> 1;
    if (a[mid]! < b[rank - mid - 1]!) low = mid + 1;
    else high = mid;
  }
  return Math.max(a[low - 1] ?? -Infinity, b[rank - low - 1] ?? -Infinity);
}
