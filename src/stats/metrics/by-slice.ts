import { sliceValue } from './slice-value.ts';

export interface Slice<M> {
  /** `country=BR` or, crossed, `country=BR,device=ios`. */
  readonly name: string;
  readonly values: Readonly<Record<string, string>>;
  readonly count: number;
  readonly metrics: M;
}

/**
 * The metric of every slice: one per value of each key; a key that is a list is crossed (`['country', 'device']`).
 * Ordered by key as given, then by name. Slices with fewer than `minCount` rows (default 1) are left out; with more
 * than `maxSlices` values (default 1,000) of a key, the largest are kept.
 */
export function bySlice<Row extends object, M>(
  rows: readonly Row[],
  sliceKeys: readonly (string | readonly string[])[],
  metric: (rows: readonly Row[]) => M,
  options: { readonly minCount?: number; readonly maxSlices?: number } = {},
): Slice<M>[] {
  return sliceKeys.flatMap((key) => {
    const keys = typeof key === 'string' ? [key] : key;
    const groups = new Map<string, { name: string; values: Record<string, string>; rows: Row[] }>();
    for (const row of rows) {
      const parts = keys.map((k) => sliceValue((row as Readonly<Record<string, unknown>>)[k]));
      const id = parts.join('\u0000');
      const group = groups.get(id);
      if (group === undefined) {
        const name = keys.map((k, i) => `${k}=${parts[i]!}`).join(',');
        groups.set(id, { name, values: Object.fromEntries(keys.map((k, i) => [k, parts[i]!])), rows: [row] });
      } else group.rows.push(row);
    }
    return [...groups.values()]
      .filter((group) => group.rows.length >= (options.minCount ?? 1))
      .sort((a, b) => b.rows.length - a.rows.length || (a.name < b.name ? -1 : 1))
      .slice(0, options.maxSlices ?? 1_000)
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ name, values, rows: inSlice }) => ({
        name,
        values,
        count: inSlice.length,
        metrics: metric(inSlice),
      }));
  });
}
