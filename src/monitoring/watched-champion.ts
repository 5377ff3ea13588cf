import type { Baseline } from '../contracts/activities/rollout.ts';
import type { ModelSpec } from '../contracts/spec/model-spec.ts';
import type { ModelRef } from '../contracts/workflows/ids.ts';
import { trafficUntil } from '../domain/monitors/monitor-window.ts';
import { effectiveSpec } from '../domain/spec/effective-spec.ts';
import type { EvaluationReport } from '../evaluation/evaluation-report.ts';
import { trainedModel } from '../evaluation/trained-model.ts';
import type { TrainedModel } from '../evaluation/trained-model.ts';
import type { Queryable } from '../registry/database.ts';
import { evaluationOfVersion } from '../registry/evaluations.ts';
import { loadSpecRecord } from '../registry/specs.ts';

/** The champion and all that its monitors compare it with. Times are milliseconds since the epoch. */
export interface WatchedChampion {
  /** Of the model. */
  readonly name: string;
  readonly environment: string;
  readonly version: number;
  /** Since when it has had all traffic: from its bake or, without one, from its promotion or a rollback to it. */
  readonly since: number;
  readonly now: number;
  /** Where windows of live traffic end. */
  readonly trafficUntil: number;
  /** The model's newest spec, with the environment's overrides. */
  readonly spec: ModelSpec;
  readonly model: TrainedModel;
  /** Live traffic of its rollout; null when it was promoted without. */
  readonly baseline: Baseline | null;
  readonly evaluation: EvaluationReport | null;
}

/** null when there is no champion. @throws PerennialError MODEL_NOT_FOUND, RUN_NOT_FOUND */
export async function watchedChampion(db: Queryable, ref: ModelRef): Promise<WatchedChampion | null> {
  const { rows } = await db.query<{
    version: number;
    since: number;
    now: number;
    shipped: number | null;
    baseline: Baseline | null;
  }>(
    `SELECT v.version, b.baseline, (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now,
            (SELECT (extract(epoch FROM max(p.last_at)) * 1000)::float8 FROM prediction_segments p
              WHERE p.environment = v.environment) AS shipped,
            (SELECT (extract(epoch FROM min(r.created_at)) * 1000)::float8 FROM routes r
              WHERE r.model = v.model AND r.environment = v.environment
                AND r.generation > coalesce(
                  (SELECT max(o.generation) FROM routes o
                    WHERE o.model = v.model AND o.environment = v.environment AND o.champion IS DISTINCT FROM v.version
                      AND NOT o.weights @> jsonb_build_array(jsonb_build_object('version', v.version, 'weight', 100))), 0)
            ) AS since
       FROM versions v
       LEFT JOIN baselines b ON b.model = v.model AND b.environment = v.environment AND b.version = v.version
      WHERE v.model = $1 AND v.environment = $2 AND v.stage = 'champion'`,
    [ref.model, ref.environment],
  );
  const found = rows[0];
  if (!found) return null;
  const { model, environment } = ref;
  const version = { model, environment, version: found.version };
  const record = await loadSpecRecord(db, { model, environment });
  return {
    name: model,
    environment,
    version: found.version,
    since: found.since,
    now: found.now,
    trafficUntil: trafficUntil(found.now, found.shipped),
    baseline: found.baseline,
    spec: effectiveSpec(record.spec, environment),
    model: await trainedModel(db, version),
    evaluation: await evaluationOfVersion(db, version),
  };
}
