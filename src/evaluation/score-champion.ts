import type { ModelRef } from '../contracts/workflows/ids.ts';
import type { ModelSpec } from '../contracts/spec/model-spec.ts';
import type { Evaluation } from '../contracts/spec/training.ts';
import { withDuckDb } from '../data/duckdb.ts';
import type { DuckDbSession } from '../data/duckdb.ts';
import { openFrame } from '../data/frame.ts';
import type { OpenFrame } from '../data/frame.ts';
import { refeatureHoldout } from '../data/refeature-holdout.ts';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { ChampionMetrics } from '../domain/gates/judged-metrics.ts';
import { resolveKeys, viewsOfFeatures } from '../domain/key-resolution.ts';
import {
  ARTIFACT_NOT_FOUND,
  FEATURE_KEYS_UNRESOLVED,
  FEATURE_VIEW_INVALID,
  FRAME_INVALID,
  SOURCE_EMPTY,
  SQL_INVALID,
} from '../errors/data-errors.ts';
import { isPerennialError } from '../errors/define-error.ts';
import { EVALUATION_INPUT_INVALID } from '../errors/evaluation-errors.ts';
import { MODEL_UNLOADABLE, SIGNATURE_MISMATCH } from '../errors/serving-errors.ts';
import { datasetsByDigest } from '../registry/datasets.ts';
import { loadSpecRecord } from '../registry/specs.ts';
import type { EvaluationParts } from './evaluate-version.ts';
import { scoreHoldout } from './score-holdout.ts';
import { judgeRows } from './task-metrics.ts';
import { withPredictor } from './trained-model.ts';
import type { TrainedModel } from './trained-model.ts';

/** What makes a champion unfit to be scored on this holdout, rather than keeps it from being scored now. */
const UNSCORABLE: readonly string[] = [
  EVALUATION_INPUT_INVALID.code,
  MODEL_UNLOADABLE.code,
  SIGNATURE_MISMATCH.code,
  ARTIFACT_NOT_FOUND.code,
  FEATURE_KEYS_UNRESOLVED.code,
  FEATURE_VIEW_INVALID.code,
  FRAME_INVALID.code,
  SOURCE_EMPTY.code,
  SQL_INVALID.code,
];

/**
 * The holdout with the champion's own features: as it is where it has them by the very same SQL, else joined anew by the
 * champion's spec. A view may mean something else under the same name.
 */
async function holdoutFor(
  parts: EvaluationParts,
  session: DuckDbSession,
  frame: OpenFrame,
  ref: ModelRef,
  champion: TrainedModel,
): Promise<string> {
  const path = await frame.holdoutPath();
  const { manifest } = frame;
  const { features } = champion;
  const { model, environment } = ref;
  const specOf = async (specRevision: number): Promise<ModelSpec> =>
    (await loadSpecRecord(parts.db, { model, environment, specRevision })).spec;
  const spec = await specOf(champion.specRevision);
  if (features.every((name) => manifest.features.includes(name))) {
    const given = [...manifest.keys, ...manifest.attributes];
    const framed = definitionOf(await specOf(manifest.specRevision), features, given);
    if (definitionOf(spec, features, given) === framed) return path;
  }
  const datasets = await datasetsByDigest(parts.db, Object.values(manifest.datasets));
  return refeatureHoldout(session, parts.store, path, manifest, datasets, { spec, features });
}

/** What the values of features rest on beside the data: which views are joined by which keys, and their SQL. */
function definitionOf(
  { features: { views } }: ModelSpec,
  features: readonly string[],
  given: readonly string[],
): string {
  const resolution = resolveKeys(views, viewsOfFeatures(features), given);
  if (resolution.kind === 'unresolved') return resolution.reason;
  const joined = resolution.joins.map((join) => {
    const { description: _, columns, ...definition } = views[join.view] ?? { columns: {} };
    return { join, definition, columns: Object.keys(columns).sort() };
  });
  return canonicalJson(joined);
}

/** Scores another version's model on a holdout: the same rows and metrics as the candidate's. */
export async function scoreChampion(
  parts: EvaluationParts,
  input: {
    readonly ref: ModelRef;
    readonly champion: TrainedModel;
    /** Digest of the candidate's frame. */
    readonly frame: string;
    readonly evaluation: Evaluation;
  },
  signal: AbortSignal,
): Promise<ChampionMetrics> {
  const { champion, evaluation } = input;
  const frame = await openFrame(parts.store, input.frame);
  try {
    return await withPredictor(parts.store, champion, (predictor) =>
      withDuckDb({ ...parts.duckdb, signal }, async (session) => {
        const path = await holdoutFor(parts, session, frame, input.ref, champion);
        const { rows } = await scoreHoldout(
          session,
          path,
          frame.manifest,
          champion.features,
          predictor,
          evaluation,
        );
        return { kind: 'scored', metrics: judgeRows(rows, evaluation) };
      }),
    );
  } catch (error) {
    if (isPerennialError(error) && UNSCORABLE.includes(error.code))
      return { kind: 'unscorable', reason: error.message };
    throw error;
  }
}
