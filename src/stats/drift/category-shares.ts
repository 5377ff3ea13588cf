import { toShares } from './shares.ts';

export type CategoryValue = string | number | boolean | bigint | null | undefined;
/** Category → how often. */
export type CategoryCounts = ReadonlyMap<string, number>;

export interface CategoryShares {
  /** Every category of either side, in code-unit order. */
  readonly categories: readonly string[];
  readonly referenceCounts: Float64Array;
  readonly currentCounts: Float64Array;
  readonly reference: Float64Array;
  readonly current: Float64Array;
  /** In the current data but not in the reference. */
  readonly newCategories: readonly string[];
  readonly vanishedCategories: readonly string[];
}

/** Counts of each category as it is (no trimming, no case folding); null, undefined and NaN are dropped. */
export function countCategories(values: ArrayLike<CategoryValue>): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i < values.length; i++) {
    const v = values[i];
    if (v === null || v === undefined || (typeof v === 'number' && Number.isNaN(v))) continue;
    const key = String(v);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** Both sides laid over the union of their categories; accepts raw values or counts that were made elsewhere. */
export function categoryShares(
  reference: ArrayLike<CategoryValue> | CategoryCounts,
  current: ArrayLike<CategoryValue> | CategoryCounts,
): CategoryShares {
  const left = isCounts(reference) ? reference : countCategories(reference);
  const right = isCounts(current) ? current : countCategories(current);
  const has = (counts: CategoryCounts, key: string): boolean => (counts.get(key) ?? 0) > 0;
  const categories = [...new Set([...left.keys(), ...right.keys()])]
    .filter((key) => has(left, key) || has(right, key))
    .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const referenceCounts = Float64Array.from(categories, (key) => left.get(key) ?? 0);
  const currentCounts = Float64Array.from(categories, (key) => right.get(key) ?? 0);
  return {
    categories,
    referenceCounts,
    currentCounts,
    reference: toShares(referenceCounts),
    current: toShares(currentCounts),
    newCategories: categories.filter((key) => !has(left, key)),
    vanishedCategories: categories.filter((key) => !has(right, key)),
  };
}

function isCounts(value: ArrayLike<CategoryValue> | CategoryCounts): value is CategoryCounts {
  return value instanceof Map;
}
