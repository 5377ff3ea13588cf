import type { Queryable } from './database.ts';

export type FeatureValue = number | string | boolean | null;
export type KeyValue = string | number | boolean;

/** The newest values of one key of a view. */
export interface OnlineRow {
  readonly values: Readonly<Record<string, FeatureValue>>;
  /** Milliseconds since the epoch: when the values began to hold. */
  readonly eventTimeMs: number;
}

export interface OnlineLookup {
  readonly view: string;
  /** Of the view, as the version was trained with it. */
  readonly definition?: string;
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

/** Identifies a row in the answer of `readOnlineFeatures`: one definition has the same values under every name. */
export function onlineRowId({ view, definition, key }: OnlineLookup): string {
  return `${definition ?? view}\n${key}`;
}

/**
 * Looks up many keys of many views in one round trip. The map is by `onlineRowId`; keys without values are absent.
 * Time-to-live is the caller's to apply, by `eventTimeMs`. LIMIT keeps the planner to one look at the index for each
 * key: as long as it has no statistics, it takes a plain join to read every row of the model for each request.
 * A definition that was never put online is looked up by the view's name: rows of before views had definitions lie there.
 */
export async function readOnlineFeatures(
  db: Queryable,
  model: string,
  environment: string,
  lookups: readonly OnlineLookup[],
): Promise<Map<string, OnlineRow>> {
  if (lookups.length === 0) return new Map();
  const views = new Map<string, { readonly nth: number; readonly lookup: OnlineLookup }>();
  const nthOf = (lookup: OnlineLookup): number => {
    const id = `${lookup.view}\n${lookup.definition ?? ''}`;
    const view = views.get(id) ?? { nth: views.size + 1, lookup };
    views.set(id, view);
    return view.nth;
  };
  const nths = lookups.map(nthOf);
  const asked = [...views.values()].map(({ lookup }) => lookup);
  const { rows } = await db.query<{ i: number; values: Record<string, FeatureValue>; at: number }>({
    name: 'read-online-features',
    text: `WITH places AS MATERIALIZED (
                  SELECT nth, coalesce(
                    (SELECT m.view FROM feature_materialisations m
                      WHERE m.model = $1 AND m.environment = $2 AND m.datasets->>'definition' = asked.definition
                      ORDER BY m.created_at DESC LIMIT 1), asked.view) AS place
                    FROM unnest($3::text[], $4::text[]) WITH ORDINALITY AS asked (view, definition, nth))
           SELECT wanted.i::int, o.values, (extract(epoch FROM o.event_time) * 1000)::float8 AS at
             FROM unnest($5::int[], $6::text[]) WITH ORDINALITY AS wanted (nth, key, i)
             JOIN places USING (nth)
            CROSS JOIN LATERAL (
                  SELECT * FROM online_features
                   WHERE model = $1 AND environment = $2 AND view = places.place AND key = wanted.key
                   LIMIT 1) o`,
    values: [
      model,
      environment,
      asked.map((l) => l.view),
      asked.map((l) => l.definition ?? null),
      nths,
      lookups.map((l) => l.key),
    ],
  });
  return new Map(
    rows.flatMap((row) => {
      const lookup = lookups[row.i - 1];
      return lookup ? [[onlineRowId(lookup), { values: row.values, eventTimeMs: row.at }] as const] : [];
    }),
  );
}
