/** What a missing slice value is called. */
export const MISSING_SLICE = '(missing)';

/** The name of the slice or group that a value puts its row into; null, undefined and NaN are missing. */
export function sliceValue(value: unknown): string {
  if (value === null || value === undefined || Number.isNaN(value)) return MISSING_SLICE;
  // JSON knows no infinity, and no bigint, which databases deliver whole numbers as.
  if (typeof value === 'bigint' || typeof value === 'number') return value.toString();
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? MISSING_SLICE);
}
