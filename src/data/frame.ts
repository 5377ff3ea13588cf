import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import type { ModelSpec } from '../contracts/spec/model-spec.ts';
import type { Training } from '../contracts/spec/training.ts';
import type { ModelRef } from '../contracts/workflows/ids.ts';
import type { FrameManifest, FramePart } from '../domain/frame.ts';
import { resolveKeys, viewsOfFeatures } from '../domain/key-resolution.ts';
import { nearestName } from '../domain/nearest-name.ts';
import { FEATURE_KEYS_UNRESOLVED, FRAME_INVALID, FRAME_TOO_SMALL } from '../errors/data-errors.ts';
import { PerennialError } from '../errors/define-error.ts';
import type { DatasetRef } from '../registry/datasets.ts';
import type { OfflineValues } from '../registry/feature-materialisations.ts';
import { definitionOf } from '../registry/view-definition.ts';
import { writePart } from './append-batch.ts';
import { isNumeric } from './column-types.ts';
import { withDuckDb } from './duckdb.ts';
import type { DuckDbOptions, DuckDbSession } from './duckdb.ts';
import { materialiseView } from './feature-view.ts';
import { joinAsOf } from './point-in-time-join.ts';
import { attachSources } from './source-tables.ts';
import { loadSpine, spineColumns } from './spine.ts';
import { splitByTime } from './split-by-time.ts';
import { quoteName, quoteValue } from './sql-text.ts';

export interface FrameInput extends ModelRef {
  readonly specRevision: number;
  readonly spec: ModelSpec;
  readonly datasets: readonly DatasetRef[];
  /** Offline values that are there already. */
  readonly materialised: readonly OfflineValues[];
}

/**
 * Builds the labelled examples of one training from the given datasets: point-in-time correct, split by time. The same
 * datasets and spec give the same digest.
 * @throws PerennialError FRAME_TOO_SMALL, FRAME_INVALID, FEATURE_KEYS_UNRESOLVED, SQL_INVALID, FEATURE_VIEW_INVALID
 */
export async function makeFrame(
  store: ArtifactStore,
  duckdb: DuckDbOptions,
  input: FrameInput,
): Promise<{ readonly digest: string; readonly manifest: FrameManifest }> {
  const { spec, datasets } = input;
  const { training, features } = spec;
  const { spine } = training;
  for (const feature of training.features) mustExist(feature, features.views);
  const resolution = resolveKeys(features.views, viewsOfFeatures(training.features), spine.keys);
  if (resolution.kind === 'unresolved') {
    throw new PerennialError(FEATURE_KEYS_UNRESOLVED, `training.spine.keys: ${resolution.reason}`);
  }
  return withDuckDb(duckdb, async (session) => {
    await attachSources(session, store, spec.sources, datasets);
    const views: Record<string, string> = {};
    for (const { view } of resolution.joins) {
      const definition = features.views[view];
      if (!definition) throw new Error(`the resolver joined view ${view}, which is not in the spec`);
      const id = definitionOf(definition);
      const known = input.materialised.find(({ lineage }) => lineage.definition === id);
      const values = await materialiseView(session, store, view, definition, datasets, known);
      const file = await session.adopt(await store.fetchFile(values.digest));
      await session.run(
        `CREATE VIEW ${quoteName(offline(view))} AS SELECT * FROM read_parquet(${quoteValue(file)})`,
      );
      views[view] = values.digest;
    }
    await loadSpine(session, spine);
    const joined = await joinAsOf(
      session,
      'spine',
      spine.eventTime,
      resolution.joins,
      features.views,
      offline,
    );
    await mustBeNumbers(session, joined, training.features);
    const split = await splitByTime(session, training);
    if (split === null) throw tooSmall(0, 0, training.minRows);
    const manifest: FrameManifest = {
      kind: 'frame',
      model: input.model,
      environment: input.environment,
      specRevision: input.specRevision,
      train: await writeFramePart(session, store, joined, training, split.train),
      holdout: await writeFramePart(session, store, joined, training, split.holdout),
      features: training.features,
      id: spine.id,
      eventTime: spine.eventTime,
      label: spine.label,
      keys: spine.keys,
      attributes: spine.attributes,
      datasets: Object.fromEntries(datasets.map((d) => [d.source, d.digest])),
      views,
      splitAt: split.splitAt,
    };
    mustSuffice(manifest, training);
    const { digest } = await store.putJson(manifest);
    return { digest, manifest };
  });
}

/** A frame's manifest, and local paths of its Parquet files when they are asked for. */
export interface OpenFrame {
  readonly manifest: FrameManifest;
  trainPath(): Promise<string>;
  holdoutPath(): Promise<string>;
}

/** Opens a frame by the digest of its manifest. @throws PerennialError ARTIFACT_NOT_FOUND */
export async function openFrame(store: ArtifactStore, digest: string): Promise<OpenFrame> {
  const manifest = await store.readJson<FrameManifest>(digest);
  return {
    manifest,
    trainPath: () => store.fetchFile(manifest.train.blob),
    holdoutPath: () => store.fetchFile(manifest.holdout.blob),
  };
}

const offline = (view: string): string => `offline ${view}`;

function mustExist(feature: string, views: ModelSpec['features']['views']): void {
  const known = Object.entries(views).flatMap(([view, { columns }]) =>
    Object.keys(columns).map((column) => `${view}.${column}`),
  );
  if (known.includes(feature)) return;
  const near = nearestName(feature, known);
  throw new PerennialError(
    FRAME_INVALID,
    `training.features: there is no "${feature}"${near === null ? '' : `; did you mean "${near}"?`}`,
  );
}

async function mustBeNumbers(
  session: DuckDbSession,
  table: string,
  features: readonly string[],
): Promise<void> {
  const types = new Map((await session.columns(table)).map((c) => [c.name, c.type]));
  for (const feature of features) {
    const type = types.get(feature) ?? '';
    if (isNumeric(type) || type === 'BOOLEAN' || type === 'HUGEINT') continue;
    throw new PerennialError(
      FRAME_INVALID,
      `training.features: "${feature}" is ${type}; features are numbers or booleans`,
    );
  }
}

async function writeFramePart(
  session: DuckDbSession,
  store: ArtifactStore,
  table: string,
  training: Training,
  condition: string,
): Promise<FramePart> {
  const columns = [
    ...spineColumns(training.spine).map(quoteName),
    ...training.features.map((f) => `${quoteName(f)}::FLOAT AS ${quoteName(f)}`),
  ];
  const { part } = await writePart(
    session,
    store,
    `SELECT ${columns.join(', ')} FROM ${quoteName(table)} WHERE ${condition} ORDER BY ${quoteName(training.spine.id)}`,
  );
  return { blob: part.digest, rows: part.rows };
}

function mustSuffice(manifest: FrameManifest, training: Training): void {
  const [train, holdout] = [manifest.train.rows, manifest.holdout.rows];
  if (train > 0 && holdout > 0 && train + holdout >= training.minRows) return;
  throw tooSmall(train, holdout, training.minRows);
}

function tooSmall(train: number, holdout: number, minRows: number): PerennialError {
  return new PerennialError(
    FRAME_TOO_SMALL,
    `${String(train)} examples to train on and ${String(holdout)} to evaluate on; training.minRows is ${String(minRows)} in all, and neither may be empty`,
    { details: { train, holdout, minRows } },
  );
}
