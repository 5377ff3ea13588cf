import { createHash } from 'node:crypto';
import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import type { EvaluateVersionInput } from '../contracts/activities/data.ts';
import type { ModelSpec } from '../contracts/spec/model-spec.ts';
import { withDuckDb } from '../data/duckdb.ts';
import type { DuckDbOptions, DuckDbSession } from '../data/duckdb.ts';
import { openFrame } from '../data/frame.ts';
import type { OpenFrame } from '../data/frame.ts';
import { attachSources } from '../data/source-tables.ts';
import { quoteName } from '../data/sql-text.ts';
import { canonicalJson } from '../domain/canonical-json.ts';
import { effectiveSpec } from '../domain/spec/effective-spec.ts';
import type { Database } from '../registry/database.ts';
import { currentDatasets } from '../registry/datasets.ts';
import { findEvaluation, recordEvaluation } from '../registry/evaluations.ts';
import { servableViews } from '../registry/servable-versions.ts';
import { loadSpecRecord } from '../registry/specs.ts';
import type { OnnxPredictor } from '../serving/onnx-predictor.ts';
import type { EvaluationReport, StoredTable } from './evaluation-report.ts';
import { measureLatency } from './measure-latency.ts';
import { RECOMMENDATIONS, recommend } from './recommend.ts';
import type { Recommendations } from './recommend.ts';
import { PREDICTIONS, scoreHoldout, tableToParquet } from './score-holdout.ts';
import { judgeRows } from './task-metrics.ts';
import { trainedModel, withPredictor } from './trained-model.ts';
import type { TrainedModel } from './trained-model.ts';

const LATENCY_ROWS = 100;

export interface EvaluationParts {
  readonly db: Database;
  readonly store: ArtifactStore;
  readonly duckdb: Omit<DuckDbOptions, 'signal'>;
}

/**
 * Scores a version's holdout and reports what it found; applies no threshold. What was evaluated before is not
 * evaluated again: the same model file, frame and settings answer with the same report, unless `again` asks for another.
 * @throws PerennialError RUN_NOT_FOUND, EVALUATION_INPUT_INVALID, MODEL_UNLOADABLE, SQL_INVALID, RECOMMENDATIONS_TOO_LARGE
 */
export async function evaluateVersion(
  parts: EvaluationParts,
  input: EvaluateVersionInput,
  signal: AbortSignal,
): Promise<EvaluationReport> {
  const { db, store } = parts;
  const record = await loadSpecRecord(db, input);
  const spec = effectiveSpec(record.spec, input.environment);
  const model = await trainedModel(db, input);
  const evaluationId = evaluationIdOf(input, model, spec);
  const known = await findEvaluation(db, evaluationId);
  if (known !== null) return known;
  const frame = await openFrame(store, model.run.frame);
  const report = await withPredictor(store, model, (predictor) =>
    withDuckDb({ ...parts.duckdb, signal }, async (session) => {
      const job: Job = { parts, input, spec, model, frame, predictor, signal };
      return { ...describe(job, evaluationId), ...(await measure(session, job)) };
    }),
  );
  return recordEvaluation(db, report);
}

interface Job {
  readonly parts: EvaluationParts;
  readonly input: EvaluateVersionInput;
  readonly spec: ModelSpec;
  readonly model: TrainedModel;
  readonly frame: OpenFrame;
  readonly predictor: OnnxPredictor;
  readonly signal: AbortSignal;
}

type Measured = 'metrics' | 'distinctScores' | 'predictions' | 'recommendations' | 'latency';

async function measure(session: DuckDbSession, job: Job): Promise<Pick<EvaluationReport, Measured>> {
  const { parts, spec, model, frame, predictor } = job;
  const { store } = parts;
  const { evaluation } = spec;
  const path = await frame.holdoutPath();
  const scored = await scoreHoldout(session, path, frame.manifest, model.features, predictor, evaluation);
  const judged = judgeRows(scored.rows, evaluation);
  const predictions = await storeTable(session, store, PREDICTIONS, frame.manifest.holdout.rows);
  const samples = await featureRows(session, model.features);
  const latency = await measureLatency(predictor, samples, evaluation.latencySamples);
  const made = await recommendations(session, job);
  const metrics = { ...judged, overall: { ...judged.overall, ...made?.metrics } };
  if (made === null)
    return { metrics, distinctScores: scored.distinctScores, predictions, recommendations: null, latency };
  const { entities, candidates, k } = made;
  const [{ n }] = (await session.rows(`SELECT count(*) AS n FROM ${RECOMMENDATIONS}`)) as [{ n: number }];
  const table = await storeTable(session, store, RECOMMENDATIONS, n);
  return {
    metrics,
    distinctScores: scored.distinctScores,
    predictions,
    recommendations: { ...table, entities, candidates, k },
    latency,
  };
}

async function recommendations(session: DuckDbSession, job: Job): Promise<Recommendations | null> {
  const { parts, input, spec, model, predictor, signal } = job;
  const wanted = spec.evaluation.recommendations;
  if (wanted === undefined) return null;
  await attachSources(session, parts.store, spec.sources, await currentDatasets(parts.db, input));
  const trained = await loadSpecRecord(parts.db, { ...input, specRevision: model.specRevision });
  const views = servableViews(trained.spec);
  return recommend(session, { db: parts.db, predictor, signal }, { ref: input, spec, model, views, wanted });
}

/** Equal inputs have one id, so that an evaluation that was cut off and begun anew is recorded once. */
function evaluationIdOf(input: EvaluateVersionInput, model: TrainedModel, spec: ModelSpec): string {
  const { environment, version, model: name } = input;
  const basis = {
    model: name,
    environment,
    version,
    run: model.run.runId,
    artifact: model.artifact,
    frame: model.run.frame,
    evaluation: spec.evaluation,
    ...(input.again === undefined ? {} : { again: input.again }),
  };
  return `evaluation-${createHash('sha256').update(canonicalJson(basis)).digest('hex').slice(0, 32)}`;
}

function describe(job: Job, evaluationId: string): Omit<EvaluationReport, Measured> {
  const { input, spec, model } = job;
  return {
    kind: 'evaluation',
    evaluationId,
    model: input.model,
    environment: input.environment,
    version: input.version,
    specRevision: input.specRevision,
    runId: model.run.runId,
    artifact: model.artifact,
    frame: model.run.frame,
    task: spec.evaluation.task,
    output: spec.evaluation.output,
    minSliceSize: spec.evaluation.minSliceSize,
    sizeBytes: model.sizeBytes,
    featureImportance: model.run.featureImportance,
    signature: model.signature,
  };
}

async function storeTable(
  session: DuckDbSession,
  store: ArtifactStore,
  table: string,
  rows: number,
): Promise<StoredTable> {
  const { digest } = await store.putFile(await tableToParquet(session, table));
  return { blob: digest, rows };
}

async function featureRows(
  session: DuckDbSession,
  features: readonly string[],
): Promise<readonly (readonly number[])[]> {
  const columns = features.map((name) => `coalesce(${quoteName(name)}::DOUBLE, 'nan'::DOUBLE)`).join(', ');
  const rows = await session.rows(`SELECT [${columns}] AS f FROM ${PREDICTIONS} LIMIT ${LATENCY_ROWS}`);
  return rows.map((row) => row['f'] as number[]);
}
