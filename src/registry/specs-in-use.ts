import type { SourceOfSpec } from '../contracts/activities/control.ts';
import type { ModelSpec } from '../contracts/spec/model-spec.ts';
import type { ModelRef } from '../contracts/workflows/ids.ts';
import { FORMER_CHAMPIONS_LIMIT } from '../domain/lifecycle/champion.ts';
import type { VersionStage } from '../domain/version-stage.ts';
import type { Queryable } from './database.ts';
import { readMaterialisations } from './feature-materialisations.ts';
import { findRoute } from './routes.ts';

export interface SpecInUse {
  readonly revision: number;
  readonly spec: ModelSpec;
}

/** Of versions that serve, or that nothing but time keeps from it. */
const ON_THE_WAY: readonly VersionStage[] = [
  'producing',
  'candidate',
  'validated',
  'approved',
  'shadow',
  'canary',
  'bake',
  'champion',
];
/** Of versions that serve again when a rollback chooses them, if they are among the earlier champions that are remembered. */
const EARLIER_CHAMPION: readonly VersionStage[] = ['retired', 'rolled_back', 'rollback_failed'];

/** The newest spec, and those of all versions that serve, may come to serve or be rolled back to. Newest first. */
export async function specsInUse(db: Queryable, ref: ModelRef): Promise<readonly SpecInUse[]> {
  const route = await findRoute(db, ref);
  const routed = [...(route?.weights.map(({ version }) => version) ?? []), ...(route?.shadow ?? [])];
  const { rows } = await db.query<SpecInUse>(
    `WITH champions AS (
            SELECT version FROM version_stages WHERE model = $1 AND environment = $2 AND stage = 'champion'
             GROUP BY version ORDER BY max(id) DESC LIMIT $6),
          used AS (
            SELECT spec_revision FROM versions
             WHERE model = $1 AND environment = $2
               AND (stage = ANY ($3::text[]) OR version = ANY ($5::int[])
                 OR (stage = ANY ($4::text[]) AND version IN (SELECT version FROM champions))))
     SELECT revision, spec FROM model_specs
      WHERE model = $1 AND environment = $2
        AND (revision IN (SELECT spec_revision FROM used)
          OR revision = (SELECT max(revision) FROM model_specs WHERE model = $1 AND environment = $2))
      ORDER BY revision DESC`,
    // The champion of now heads those before it.
    [ref.model, ref.environment, ON_THE_WAY, EARLIER_CHAMPION, routed, FORMER_CHAMPIONS_LIMIT + 1],
  );
  return rows;
}

/** Sources that the newest spec has no more and that online views of the other specs in use read. */
export async function servedSources(db: Queryable, ref: ModelRef): Promise<readonly SourceOfSpec[]> {
  const [newest, ...others] = await specsInUse(db, ref);
  const online = await readMaterialisations(db, ref);
  const read = new Set(online.flatMap(({ lineage }) => Object.keys(lineage.sources)));
  const found = new Map<string, SourceOfSpec>();
  for (const { revision, spec } of others)
    for (const source of Object.keys(spec.sources))
      if (read.has(source) && newest?.spec.sources[source] === undefined && !found.has(source))
        found.set(source, { source, specRevision: revision });
  return [...found.values()];
}
