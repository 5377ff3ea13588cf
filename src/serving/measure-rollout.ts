import type { Serving } from '../contracts/spec/operation.ts';
import type { ArmSamples } from '../domain/rollout-samples.ts';
import { FEATURES_UNAVAILABLE } from '../errors/serving-errors.ts';
import { OUTCOME_OF_REQUEST } from './outcome-of-request.ts';
import type { PredictionLogView } from './prediction-log.ts';
import { quote } from './segment-parquet.ts';

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
 */
export async function measureArm(
  log: PredictionLogView,
  version: number,
  generation: number,
  role: 'live' | 'shadow',
  declared: Serving['outcomes'],
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
  const names = Object.keys(declared).filter((name) => declared[name]?.type === 'number');
  const numbers = names.length === 0 ? 'NULL' : names.map(quote).join(', ');
  const outcomes =
    role === 'shadow'
      ? []
      : await log.query<{ name: string; count: number; sum: number }>(
          `SELECT name, count(*) AS count, sum(value) AS sum FROM (
             SELECT o.name, CASE WHEN o.name IN (${numbers}) THEN ${OUTCOME_OF_REQUEST.number} ELSE ${OUTCOME_OF_REQUEST.boolean} END AS value
               FROM outcomes o SEMI JOIN (SELECT request_id FROM requests WHERE ${own}) r ON o.request_id = r.request_id
              GROUP BY o.name, o.request_id)
            GROUP BY name ORDER BY name`,
          parameters,
        );
  return {
    version,
    requests: row?.requests ?? 0,
    errors: row?.errors ?? 0,
    latencyMsP50: row?.p50 ?? null,
    latencyMsP99: row?.p99 ?? null,
    outcomes: Object.fromEntries(outcomes.map(({ name, count, sum }) => [name, { count, sum }])),
  };
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
