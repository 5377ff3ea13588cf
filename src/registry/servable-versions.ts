import type { ModelSpec } from '../contracts/spec/model-spec.ts';
import type { Signature } from '../contracts/trainer.ts';
import type { ModelRef } from '../contracts/workflows/ids.ts';
import type { Queryable } from './database.ts';
import { definitionOf } from './view-definition.ts';

/** How the values of a feature view are looked up. */
interface ServableView {
  /** The definition whose values the version takes; absent where a gateway of before there were any wrote it down. */
  readonly definition?: string;
  readonly keys: readonly string[];
  readonly columns: Readonly<Record<string, string>>;
  /** Milliseconds. */
  readonly ttl?: number;
}

/** All that a gateway needs of a version to answer with it, by the spec that the version was made with. */
export interface ServableVersion extends ModelRef {
  readonly version: number;
  /** SHA-256 of the model file. */
  readonly artifact: string;
  readonly signature: Signature;
  /** `view.column`, in the order in which the model takes them. */
  readonly features: readonly string[];
  /** By name. */
  readonly views: Readonly<Record<string, ServableView>>;
  readonly rank: NonNullable<ModelSpec['serving']['rank']> | null;
  /** The output that ranks. */
  readonly output: string;
}

interface Row {
  version: number;
  artifact: string;
  signature: Signature;
  spec: ModelSpec;
}

/** The versions named that have a model file; others are absent. */
export async function servableVersions(
  db: Queryable,
  ref: ModelRef,
  versions: readonly number[],
): Promise<ServableVersion[]> {
  const { rows } = await db.query<Row>(
    `SELECT v.version, v.artifact, v.signature, s.spec FROM versions v
       JOIN model_specs s ON s.model = v.model AND s.environment = v.environment AND s.revision = v.spec_revision
      WHERE v.model = $1 AND v.environment = $2 AND v.version = ANY ($3::int[])
        AND v.artifact IS NOT NULL AND v.signature IS NOT NULL ORDER BY v.version`,
    [ref.model, ref.environment, versions],
  );
  return rows.map(({ version, artifact, signature, spec }) => ({
    model: ref.model,
    environment: ref.environment,
    version,
    artifact,
    signature,
    features: spec.training.features,
    views: servableViews(spec),
    rank: spec.serving.rank ?? null,
    output: spec.evaluation.output,
  }));
}

/** The views of the spec that a version was made with. */
export function servableViews(spec: ModelSpec): ServableVersion['views'] {
  return Object.fromEntries(
    Object.entries(spec.features.views).map(([name, view]) => {
      const { keys, columns, ttl } = view;
      return [name, { definition: definitionOf(view), keys, columns, ...(ttl === undefined ? {} : { ttl }) }];
    }),
  );
}

/** The newest earlier champions, at most as many as the model's newest spec keeps warm. */
export async function championsToKeepWarm(db: Queryable, ref: ModelRef): Promise<number[]> {
  const { rows } = await db.query<{ version: number }>(
    `SELECT h.version FROM version_stages h
       JOIN versions v ON v.model = h.model AND v.environment = h.environment AND v.version = h.version
      WHERE h.model = $1 AND h.environment = $2 AND h.stage = 'champion' AND v.stage = 'retired'
      GROUP BY h.version ORDER BY max(h.id) DESC
      LIMIT (SELECT (spec->'serving'->>'keepWarm')::int FROM model_specs
              WHERE model = $1 AND environment = $2 ORDER BY revision DESC LIMIT 1)`,
    [ref.model, ref.environment],
  );
  return rows.map((row) => row.version);
}
