import type { Queryable } from './database.ts';

export type FeatureValue = number | string | boolean | null;
export type KeyValue = string | number | boolean;

/** The newest values of one key of a view. */
export interface OnlineRow {
  readonly view: string;
  readonly key: string;
  readonly values: Readonly<Record<string, FeatureValue>>;
  /** Milliseconds since the epoch: when the values began to hold. */
  readonly eventTimeMs: number;
}

export interface OnlineLookup {
  readonly view: string;
  /** Made by `onlineKey`. */
  readonly key: string;
}

/**
 * The text under which a row is stored: key values in the view's key order, as a JSON array. Integers are written
 * alike whether they come as numbers or were read as big integers.
 */
export function onlineKey(values: readonly (KeyValue | bigint | null)[]): string {
  return JSON.stringify(values.map((value) => (typeof value === 'bigint' ? Number(value) : value)));
}

/** Identifies a row in the answer of `readOnlineFeatures`. */
export function onlineRowId(lookup: OnlineLookup): string {
  return `${lookup.view}\n${lookup.key}`;
}

/**
 * Looks up many keys of many views in one round trip. The map is by `onlineRowId`; keys without values are absent.
 * Time-to-live is the caller's to apply, by `eventTimeMs`. LIMIT keeps the planner to one look at the index for each
 * key: as long as it has no statistics, it takes a plain join to read every row of the model for each request.
 */
export async function readOnlineFeatures(
  db: Queryable,
  model: string,
  environment: string,
  lookups: readonly OnlineLookup[],
): Promise<Map<string, OnlineRow>> {
  if (lookups.length === 0) return new Map();
  const { rows } = await db.query<{
    view: string;
    key: string;
    values: Record<string, FeatureValue>;
    at: number;
  }>({
    name: 'read-online-features',
    text: `SELECT o.view, o.key, o.values, (extract(epoch FROM o.event_time) * 1000)::float8 AS at
             FROM unnest($3::text[], $4::text[]) AS wanted (view, key)
            CROSS JOIN LATERAL (
                  SELECT * FROM online_features
                   WHERE model = $1 AND environment = $2 AND view = wanted.view AND key = wanted.key
                   LIMIT 1) o`,
    values: [model, environment, lookups.map((l) => l.view), lookups.map((l) => l.key)],
  });
  return new Map(
    rows.map((row) => [
      onlineRowId(row),
      { view: row.view, key: row.key, values: row.values, eventTimeMs: row.at },
    ]),
  );
}
