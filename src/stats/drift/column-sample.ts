import type { CategoryCounts, CategoryValue } from './category-shares.ts';
import { categoryShares, countCategories } from './category-shares.ts';
import type { MeasurableCells } from './measure-cells.ts';
import { finiteSorted } from './quantile-bins.ts';
import type { PooledCells, ValueCounts } from './value-cells.ts';
import { poolSorted, poolValueCounts } from './value-cells.ts';

/** Counts per distinct finite value (ascending), made elsewhere, with what was set aside. */
export interface CountedNumbers extends ValueCounts {
  readonly missing?: number;
  readonly infinite?: number;
}
/** Counts per category, made elsewhere, with what was set aside. */
export interface CountedCategories {
  readonly counts: CategoryCounts;
  readonly missing?: number;
}
export type NumericSample = ArrayLike<number | null | undefined> | CountedNumbers;
export type CategorySample = ArrayLike<CategoryValue> | CountedCategories;

/** Raw values or aggregates; timestamps are numbers (epoch milliseconds). */
export type ColumnDriftInput =
  | { readonly kind: 'numeric'; readonly reference: NumericSample; readonly current: NumericSample }
  | { readonly kind: 'timestamp'; readonly reference: NumericSample; readonly current: NumericSample }
  | { readonly kind: 'categorical'; readonly reference: CategorySample; readonly current: CategorySample }
  | { readonly kind: 'boolean'; readonly reference: CategorySample; readonly current: CategorySample };

export interface SetAside {
  readonly rows: number;
  /** Null, undefined and NaN. */
  readonly missing: number;
  readonly infinite: number;
}

export interface ColumnPair {
  readonly cells: MeasurableCells;
  readonly reference: SetAside;
  readonly current: SetAside;
}

/** Sorts, counts and pools whatever form the column came in. */
export function pairColumn(input: ColumnDriftInput): ColumnPair {
  if (input.kind === 'categorical' || input.kind === 'boolean') {
    const left = categories(input.reference);
    const right = categories(input.current);
    const shares = categoryShares(left.counts, right.counts);
    return {
      cells: {
        values: null,
        reference: shares.referenceCounts,
        current: shares.currentCounts,
        referenceCount: total(shares.referenceCounts),
        currentCount: total(shares.currentCounts),
      },
      reference: setAside(total(shares.referenceCounts), left.missing, 0),
      current: setAside(total(shares.currentCounts), right.missing, 0),
    };
  }
  const cells = poolNumbers(input.reference, input.current);
  return {
    cells,
    reference: countSetAside(input.reference, cells.referenceCount),
    current: countSetAside(input.current, cells.currentCount),
  };
}

/** Pools two numeric samples in either form. */
export function poolNumbers(reference: NumericSample, current: NumericSample): PooledCells {
  if (!isCounted(reference) && !isCounted(current))
    return poolSorted(finiteSorted(reference), finiteSorted(current));
  return poolValueCounts(counted(reference), counted(current));
}

function counted(sample: NumericSample): ValueCounts {
  if (isCounted(sample)) return sample;
  const values = finiteSorted(sample);
  return { values, counts: new Uint8Array(values.length).fill(1) };
}

function isCounted(sample: NumericSample): sample is CountedNumbers {
  return 'counts' in sample;
}

function categories(sample: CategorySample): { counts: CategoryCounts; missing: number } {
  if ('counts' in sample) return { counts: sample.counts, missing: sample.missing ?? 0 };
  const counts = countCategories(sample);
  let used = 0;
  for (const count of counts.values()) used += count;
  return { counts, missing: sample.length - used };
}

function countSetAside(sample: NumericSample, used: number): SetAside {
  if (isCounted(sample)) return setAside(used, sample.missing ?? 0, sample.infinite ?? 0);
  let infinite = 0;
  for (let i = 0; i < sample.length; i++) {
    const v = sample[i];
    if (v === Number.POSITIVE_INFINITY || v === Number.NEGATIVE_INFINITY) infinite++;
  }
  return setAside(used, sample.length - used - infinite, infinite);
}

function setAside(used: number, missing: number, infinite: number): SetAside {
  return { rows: used + missing + infinite, missing, infinite };
}

function total(counts: Float64Array): number {
  let sum = 0;
  for (const count of counts) sum += count;
  return sum;
}
