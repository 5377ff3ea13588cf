import { onlineKey, onlineRowId } from '../registry/online-features.ts';
import type { FeatureValue, OnlineLookup, OnlineRow } from '../registry/online-features.ts';
import type { FeatureSource } from './cached-features.ts';
import type { FeaturePlan, PlannedJoin } from './feature-plan.ts';

export type Keys = Readonly<Record<string, string | number | boolean>>;

/** The values of a join for each candidate; one for all of them where the key is the entity's. */
type JoinedRows = readonly (Readonly<Record<string, FeatureValue>> | null)[];

/**
 * Looks up the features of every candidate: one row of `plan.features.length` numbers for each, NaN where a value
 * is missing or older than its view's time to live. Booleans count 0 and 1.
 */
export async function assembleFeatures(
  plan: FeaturePlan,
  source: FeatureSource,
  model: string,
  entity: Keys,
  candidates: readonly Keys[],
  now: number,
): Promise<Float32Array> {
  const joined = new Map<string, JoinedRows>();
  for (const level of plan.levels) {
    const lookups = new Map<string, OnlineLookup>();
    const idsOf = level.map((join) => rowIds(join, entity, candidates, joined, lookups));
    const rows = await source.get(model, lookups);
    level.forEach((join, i) => {
      const values = (idsOf[i] ?? []).map((id) =>
        id === null ? null : valid(rows.get(id) ?? null, join, now),
      );
      joined.set(join.view, values);
    });
  }
  const width = plan.features.length;
  const matrix = new Float32Array(candidates.length * width);
  plan.features.forEach(({ view, column }, f) => {
    const rows = joined.get(view) ?? [];
    for (let c = 0; c < candidates.length; c += 1) {
      const row = rows.length === 1 ? rows[0] : rows[c];
      matrix[c * width + f] = numberOf(row?.[column]);
    }
  });
  return matrix;
}

/** The row that each candidate needs of a join, noted in `lookups`; null where a key is unknown. */
function rowIds(
  join: PlannedJoin,
  entity: Keys,
  candidates: readonly Keys[],
  joined: ReadonlyMap<string, JoinedRows>,
  lookups: Map<string, OnlineLookup>,
): (string | null)[] {
  const count = join.perCandidate ? candidates.length : 1;
  return Array.from({ length: count }, (_, c) => {
    const values: (string | number | boolean)[] = [];
    for (const { key, origin } of join.keys) {
      const rows = origin.from === 'view' ? joined.get(origin.view) : undefined;
      const value =
        origin.from === 'given'
          ? (candidates[c]?.[key] ?? entity[key])
          : (rows?.length === 1 ? rows[0] : rows?.[c])?.[origin.column];
      if (value === undefined || value === null) return null;
      values.push(value);
    }
    const { view, definition } = join;
    const key = onlineKey(values);
    const lookup = definition === undefined ? { view, key } : { view, definition, key };
    const id = onlineRowId(lookup);
    lookups.set(id, lookup);
    return id;
  });
}

function valid(row: OnlineRow | null, join: PlannedJoin, now: number): OnlineRow['values'] | null {
  if (row === null || (join.ttlMs !== null && now - row.eventTimeMs > join.ttlMs)) return null;
  return row.values;
}

function numberOf(value: FeatureValue | undefined): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return Number.NaN;
}
