import type { Serving } from '../contracts/spec/operation.ts';
import { designEffect } from '../stats/index.ts';
import type { ClusteredMean } from '../stats/index.ts';
import type { PredictionLogView } from './prediction-log.ts';

/** What the requests of one outcome came to. */
export interface OutcomeOfRequests {
  readonly count: number;
  readonly sum: number;
  readonly sumSquares: number;
  readonly designEffect: number;
}

interface OutcomeRow extends ClusteredMean {
  readonly name: string;
}

/**
 * Outcomes of the requests for which `own`, a condition on `requests`, holds: one of each name for each request, the sum
 * of its events or, of a boolean, whether any was true (feedback takes any number, so above 0 is true). A name that is not
 * declared is a boolean. Requests that are younger than an outcome's `delay` at `until` (milliseconds since the epoch)
 * do not count for it: of those, the quick answers are in and the slow ones are not.
 */
export async function outcomesOfRequests(
  log: PredictionLogView,
  own: string,
  parameters: Readonly<Record<string, string | number>>,
  declared: Readonly<Record<string, Pick<Serving['outcomes'][string], 'type' | 'delay'>>>,
  until: number,
): Promise<ReadonlyMap<string, OutcomeOfRequests>> {
  const types = Object.entries(declared).map(([name, { type, delay }]) => ({
    ...{ name, delay },
    number: type === 'number',
  }));
  const rows = await log.query<OutcomeRow>(
    `WITH own AS (SELECT request_id, "at", coalesce(split_key, request_id) AS key FROM requests WHERE ${own}),
          declared AS (SELECT unnest(from_json($types, '[{"name":"VARCHAR","number":"BOOLEAN","delay":"BIGINT"}]'), recursive := true)),
          by_request AS (
            SELECT o.name, r.key,
                   CASE WHEN d.number THEN sum(o.value) ELSE max((o.value > 0)::INTEGER) END AS value
              FROM outcomes o JOIN own r ON o.request_id = r.request_id LEFT JOIN declared d ON o.name = d.name
             WHERE r."at" <= $until - coalesce(d.delay, 0)
             GROUP BY o.name, o.request_id, r.key, d.number),
          by_key AS (
            SELECT name, key, count(*) AS n, sum(value) AS s, sum(value * value) AS q
              FROM by_request GROUP BY name, key),
          totals AS (
            SELECT name, sum(n) AS count, sum(s) AS sum, sum(q) AS squares, count(*) AS keys FROM by_key GROUP BY name)
     SELECT name, t.count::DOUBLE AS count, t.sum::DOUBLE AS sum, t.squares::DOUBLE AS "sumSquares", t.keys,
            sum((k.s - k.n * t.sum / t.count) ** 2)::DOUBLE AS squares
       FROM totals t JOIN by_key k USING (name)
      GROUP BY name, t.count, t.sum, t.squares, t.keys ORDER BY name`,
    { ...parameters, until, types: JSON.stringify(types) },
  );
  return new Map(
    rows.map((row) => {
      const { name, count, sum, sumSquares } = row;
      return [name, { count, sum, sumSquares, designEffect: designEffect(row) }];
    }),
  );
}
