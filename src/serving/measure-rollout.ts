import type { Serving } from '../contracts/spec/operation.ts';
import type { ArmSamples } from '../domain/rollout-samples.ts';
import { FEATURES_UNAVAILABLE } from '../errors/serving-errors.ts';
import { outcomesOfRequests } from './outcomes-of-requests.ts';
import type { PredictionLogView } from './prediction-log.ts';

interface ArmRow {
  requests: number;
  errors: number;
  p50: number | null;
  p99: number | null;
}

export interface ArmToMeasure {
  readonly version: number;
  readonly generation: number;
  readonly role: 'live' | 'shadow';
  readonly outcomes: Serving['outcomes'];
  /** Milliseconds since the epoch: younger requests than an outcome's `delay` do not count for it. */
  readonly measuredAt: number;
}

/**
 * What a version did under one generation: as `live` what its callers saw, as `shadow` what it answered unseen,
 * to which no outcome belongs. Pinned requests chose the version themselves and count in neither. Requests that only
 * the absence of the online features left unanswered count nowhere: every version needs them alike. Where the champion
 * had its own then, they bear another code (FEATURES_OVERDUE) and count as errors.
 */
export async function measureArm(log: PredictionLogView, arm: ArmToMeasure): Promise<ArmSamples> {
  const { version, generation, role } = arm;
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
  const outcomes =
    role === 'shadow' ? [] : await outcomesOfRequests(log, own, parameters, arm.outcomes, arm.measuredAt);
  return {
    version,
    requests: row?.requests ?? 0,
    errors: row?.errors ?? 0,
    latencyMsP50: row?.p50 ?? null,
    latencyMsP99: row?.p99 ?? null,
    // Without the squares, which nothing compares by and every look would carry.
    outcomes: Object.fromEntries(
      [...outcomes].map(([name, { sumSquares: _, ...outcome }]) => [name, outcome]),
    ),
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
