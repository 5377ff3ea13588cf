import type { OutcomeSample } from '../domain/monitors/judge-outcome.ts';
import type { KeyedNumbers } from '../stats/index.ts';
import { outcomesOfRequests } from '../serving/outcomes-of-requests.ts';
import type { PredictionLogView } from '../serving/prediction-log.ts';

/** More rows would sharpen a measure of drift by nothing that matters. */
const MAX_ROWS = 20_000;
/** What callers got from the version; what was shadowed or asked for by number tells nothing of its traffic. */
const LIVE = `version = $version AND arm IN ('champion', 'challenger')`;
/**
 * One row for each decision: the first choice of a ranking, every row of an inference. Further ranks repeat the
 * entity's features and would pass for more data than there is. `key` is the user by whom traffic was split: decisions of
 * one are alike. Rows of an inference that names no split key are taken to be of as many users.
 */
const DECISIONS = `SELECT i.*, r.entity,
         CASE WHEN r.call = 'infer' AND coalesce(r.split_key, i.request_id) = i.request_id
              THEN i.request_id || '/' || i.rank ELSE coalesce(r.split_key, i.request_id) END AS key
    FROM items i JOIN requests r USING (request_id, arm)
   WHERE i.${LIVE.replace('arm', 'i.arm')} AND (i.rank = 1 OR r.call = 'infer')`;

export interface LiveItems {
  readonly scores: KeyedNumbers;
  /** By feature, in the order of the model. */
  readonly features: readonly KeyedNumbers[];
}

export interface LiveDecisions extends LiveItems {
  /** No entity came under two keys: where a key is unknown, the entity stands for it. */
  readonly keyedByEntity: boolean;
}

/** Scores and features of the version's decisions in the view's window; an even sample of them when they are many. */
export async function liveItems(view: PredictionLogView, version: number): Promise<LiveDecisions> {
  const rows = await view.query<{
    score: number;
    features: (number | null)[] | { items: (number | null)[] };
    key: string;
    entity: string | null;
  }>(
    `SELECT score, features, key, entity FROM (${DECISIONS}) ORDER BY hash(request_id, rank) LIMIT ${MAX_ROWS}`,
    { version },
  );
  const lists = rows.map(({ features }) => ('items' in features ? features.items : features));
  const keys = rows.map((row) => row.key);
  const keyOf = new Map(rows.map((row) => [row.entity, row.key]));
  return {
    ...itemsOf({ values: rows.map((row) => row.score), keys }, { lists, keys }, lists[0]?.length ?? 0),
    keyedByEntity: rows.every((row) => row.entity !== null && keyOf.get(row.entity) === row.key),
  };
}

/** Rows of features as columns. */
export function itemsOf(
  scores: KeyedNumbers,
  rows: { readonly lists: readonly (readonly (number | null)[])[]; readonly keys: KeyedNumbers['keys'] },
  width: number,
): LiveItems {
  const column = (f: number): KeyedNumbers => ({
    values: rows.lists.map((list) => list[f] ?? null),
    keys: rows.keys,
  });
  return { scores, features: Array.from({ length: width }, (_, f) => column(f)) };
}

/** The outcomes of the version's requests in the window, one for each request: its sum or, of a boolean, whether any was true. */
export async function liveOutcome(
  view: PredictionLogView,
  version: number,
  outcome: string,
  type: 'boolean' | 'number',
): Promise<OutcomeSample> {
  // The window ends early enough for the outcome's delay.
  const declared = { [outcome]: { type, delay: 0 } };
  const outcomes = await outcomesOfRequests(view, LIVE, { version }, declared, Number.MAX_SAFE_INTEGER);
  return outcomes.get(outcome) ?? { count: 0, sum: 0, sumSquares: 0 };
}

/** The candidate that is first most often, by one of its keys; null without rankings. */
export async function topCandidate(
  view: PredictionLogView,
  version: number,
  key: string,
): Promise<{ readonly candidate: string; readonly count: number; readonly total: number } | null> {
  const [row] = await view.query<{ first: string; count: number; total: number }>(
    `SELECT json_extract_string(candidate, $key) AS first, count(*) AS count, (sum(count(*)) OVER ())::BIGINT AS total
       FROM items WHERE ${LIVE} AND rank = 1 AND json_extract_string(candidate, $key) IS NOT NULL
      GROUP BY first ORDER BY count DESC, first LIMIT 1`,
    { version, key: `$."${key}"` },
  );
  return row ? { candidate: row.first, count: row.count, total: row.total } : null;
}

/** When the version's newest request in the window came, in milliseconds since the epoch; null without any. */
export async function newestRequestAt(view: PredictionLogView, version: number): Promise<number | null> {
  const [row] = await view.query<{ at: number | null }>(
    `SELECT max("at") AS at FROM requests WHERE ${LIVE}`,
    { version },
  );
  return row?.at ?? null;
}

/** Latency of the answers that the version gave, in milliseconds. */
export async function liveLatency(
  view: PredictionLogView,
  version: number,
): Promise<{ readonly requests: number; readonly latencyMsP99: number | null }> {
  const [row] = await view.query<{ requests: number; p99: number | null }>(
    `SELECT count(*) AS requests, quantile_cont(latency_ms, 0.99) AS p99 FROM requests WHERE ${LIVE} AND error IS NULL`,
    { version },
  );
  return { requests: row?.requests ?? 0, latencyMsP99: row?.p99 ?? null };
}
