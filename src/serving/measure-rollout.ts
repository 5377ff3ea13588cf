import type { Serving } from '../contracts/spec/operation.ts';
import type { ArmSamples, OutcomeSamples } from '../domain/rollout-samples.ts';
import { FEATURES_UNAVAILABLE } from '../errors/serving-errors.ts';
import { designEffectOf, OUTCOME_OF_REQUEST } from './outcome-of-request.ts';
import type { ByKey } from './outcome-of-request.ts';
import type { PredictionLogView } from './prediction-log.ts';

interface ArmRow {
  requests: number;
  errors: number;
  p50: number | null;
  p99: number | null;
}

/**
 * What a version did under one generation: as `live` what its callers saw, as `shadow` what it answered unseen,
 * to which no outcome belongs. Pinned requests chose the version themselves and count in neither. Requests that only
 * the absence of the online features left unanswered count nowhere: every version needs them alike. Several events of
 * one request are one outcome of it, by the type that `declared` has for its name; one that is not declared is a boolean.
 * An outcome of a request that is younger than the outcome's `delay` counts nowhere either: of those, the quick answers
 * are in and the slow ones are not.
 * @param measuredAt milliseconds since the epoch
 */
export async function measureArm(
  log: PredictionLogView,
  version: number,
  generation: number,
  role: 'live' | 'shadow',
  declared: Serving['outcomes'],
  measuredAt: number,
): Promise<ArmSamples> {
  const parameters = { version, generation, away: FEATURES_UNAVAILABLE.code };
  const arms = role === 'shadow' ? `('shadow')` : `('champion', 'challenger')`;
  const own = `version = $version AND generation = $generation AND arm IN ${arms} AND error IS DISTINCT FROM $away`;
  const [row] = await log.query<ArmRow>(
    `SELECT count(*) AS requests, count(error) AS errors,
            quantile_cont(latency_ms, 0.5) FILTER (error IS NULL) AS p50,
            quantile_cont(latency_ms, 0.99) FILTER (error IS NULL) AS p99
       FROM requests WHERE ${own}`,
    parameters,
  );
  const outcomes = role === 'shadow' ? {} : await measureOutcomes(log, own, parameters, declared, measuredAt);
  return {
    version,
    requests: row?.requests ?? 0,
    errors: row?.errors ?? 0,
    latencyMsP50: row?.p50 ?? null,
    latencyMsP99: row?.p99 ?? null,
    outcomes,
  };
}

const { number: SUM, boolean: ANY } = OUTCOME_OF_REQUEST;

interface OutcomeRow extends ByKey {
  name: string;
}

async function measureOutcomes(
  log: PredictionLogView,
  own: string,
  parameters: Readonly<Record<string, string | number>>,
  declared: Serving['outcomes'],
  measuredAt: number,
): Promise<Readonly<Record<string, OutcomeSamples>>> {
  const types = Object.entries(declared).map(([name, { type, delay }]) => ({
    ...{ name, delay },
    number: type === 'number',
  }));
  const rows = await log.query<OutcomeRow>(
    `WITH own AS (SELECT request_id, "at", coalesce(split_key, request_id) AS key FROM requests WHERE ${own}),
          declared AS (SELECT unnest(from_json($types, '[{"name":"VARCHAR","number":"BOOLEAN","delay":"BIGINT"}]'), recursive := true)),
          by_request AS (
            SELECT o.name, r.key, CASE WHEN d.number THEN ${SUM} ELSE ${ANY} END AS value
              FROM outcomes o JOIN own r ON o.request_id = r.request_id LEFT JOIN declared d ON o.name = d.name
             WHERE r."at" <= $measuredAt - coalesce(d.delay, 0)
             GROUP BY o.name, o.request_id, r.key, d.number),
          by_key AS (SELECT name, key, count(*) AS n, sum(value) AS s FROM by_request GROUP BY name, key),
          totals AS (SELECT name, sum(n) AS count, sum(s) AS sum, count(*) AS keys FROM by_key GROUP BY name)
     SELECT name, t.count::DOUBLE AS count, t.sum::DOUBLE AS sum, t.keys,
            sum((k.s - k.n * t.sum / t.count) ** 2)::DOUBLE AS squares
       FROM totals t JOIN by_key k USING (name) GROUP BY name, t.count, t.sum, t.keys ORDER BY name`,
    { ...parameters, measuredAt, types: JSON.stringify(types) },
  );
  return Object.fromEntries(
    rows.map((row) => {
      const { name, count, sum } = row;
      const number = types.some((one) => one.name === name && one.number);
      return [name, number ? { count, sum } : { count, sum, designEffect: designEffectOf(row) }];
    }),
  );
}

/** Requests that both a live version and the shadow answered, and for how many their first choice was the same. */
export async function measureAgreement(
  log: PredictionLogView,
  shadow: number,
  generation: number,
): Promise<{ readonly pairs: number; readonly sameTop: number }> {
  const [row] = await log.query<{ pairs: number; sameTop: number }>(
    `WITH firsts AS (SELECT request_id, arm, version, candidate, score FROM items
                      WHERE rank = 1 AND generation = $generation AND arm <> 'pinned')
     SELECT count(*) AS pairs,
            count(*) FILTER (coalesce(s.candidate, s.score::VARCHAR) = coalesce(l.candidate, l.score::VARCHAR)) AS "sameTop"
       FROM firsts s JOIN firsts l ON s.request_id = l.request_id AND l.arm <> 'shadow'
      WHERE s.arm = 'shadow' AND s.version = $shadow`,
    { shadow, generation },
  );
  return row ?? { pairs: 0, sameTop: 0 };
}
