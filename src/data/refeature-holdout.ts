import { join } from 'node:path';
import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import type { ModelSpec } from '../contracts/spec/model-spec.ts';
import type { FrameManifest } from '../domain/frame.ts';
import { resolveKeys, viewsOfFeatures } from '../domain/key-resolution.ts';
import { FEATURE_KEYS_UNRESOLVED } from '../errors/data-errors.ts';
import { PerennialError } from '../errors/define-error.ts';
import type { DatasetRef } from '../registry/datasets.ts';
import type { DuckDbSession } from './duckdb.ts';
import { materialiseView } from './feature-view.ts';
import { joinAsOf } from './point-in-time-join.ts';
import { attachSources } from './source-tables.ts';
import { quoteName, quoteNames, quoteValue } from './sql-text.ts';

const ROWS = 'holdout rows';

/**
 * The rows of a holdout with the features of another spec, so that a model that takes quite different ones is judged on
 * the very same examples: that spec's views over the very datasets of the frame, joined as of each row's time.
 * @returns the path of a Parquet file in the session's folder, in the holdout's order
 * @throws PerennialError FEATURE_KEYS_UNRESOLVED, FEATURE_VIEW_INVALID, SQL_INVALID, SOURCE_EMPTY, FRAME_INVALID
 */
export async function refeatureHoldout(
  session: DuckDbSession,
  store: ArtifactStore,
  holdoutPath: string,
  frame: FrameManifest,
  datasets: readonly DatasetRef[],
  other: { readonly spec: ModelSpec; readonly features: readonly string[] },
): Promise<string> {
  const { views } = other.spec.features;
  const given = [...new Set([...frame.keys, ...frame.attributes])];
  const resolution = resolveKeys(views, viewsOfFeatures(other.features), given);
  if (resolution.kind === 'unresolved') throw new PerennialError(FEATURE_KEYS_UNRESOLVED, resolution.reason);
  await attachSources(session, store, other.spec.sources, datasets);
  const kept = [...new Set([frame.id, frame.eventTime, frame.label, ...given])];
  const file = await session.adopt(holdoutPath);
  await session.run(
    `CREATE TEMP TABLE ${quoteName(ROWS)} AS SELECT ${quoteNames(kept)} FROM read_parquet(${quoteValue(file)})`,
  );
  const offline = (view: string): string => `offline ${view}`;
  for (const { view } of resolution.joins) {
    const definition = views[view];
    if (!definition) throw new Error(`the resolver joined view ${view}, which is not in the spec`);
    const { digest } = await materialiseView(session, store, view, definition, datasets, undefined);
    const values = await session.adopt(await store.fetchFile(digest));
    await session.run(
      `CREATE TEMP VIEW ${quoteName(offline(view))} AS SELECT * FROM read_parquet(${quoteValue(values)})`,
    );
  }
  const joined = await joinAsOf(session, ROWS, frame.eventTime, resolution.joins, views, offline);
  const path = join(session.directory, 'refeatured-holdout.parquet');
  const columns = [
    ...kept.map(quoteName),
    ...other.features.map((feature) => `${quoteName(feature)}::FLOAT AS ${quoteName(feature)}`),
  ];
  await session.run(
    `COPY (SELECT ${columns.join(', ')} FROM ${quoteName(joined)} ORDER BY ${quoteName(frame.id)})
       TO ${quoteValue(path)} (FORMAT parquet)`,
  );
  return path;
}
