import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import type { ModelRef } from '../contracts/workflows/ids.ts';
import { PerennialError } from '../errors/define-error.ts';
import { RUN_NOT_FOUND } from '../errors/training-errors.ts';
import type { Signature } from '../contracts/trainer.ts';
import type { Queryable } from '../registry/database.ts';
import { getRun } from '../registry/runs.ts';
import type { RunRecord } from '../registry/runs.ts';
import { OnnxPredictor } from '../serving/onnx-predictor.ts';

/** The run that made a version's model, with what an evaluation needs of it. */
export interface TrainedModel {
  readonly run: RunRecord;
  readonly artifact: string;
  readonly signature: Signature;
  readonly sizeBytes: number;
  readonly specRevision: number;
  /** In the order in which the model takes them. */
  readonly features: readonly string[];
}

/**
 * The registered run of a version or, before it is registered, its newest run that succeeded.
 * @throws PerennialError RUN_NOT_FOUND
 */
export async function trainedModel(
  db: Queryable,
  ref: ModelRef & { readonly version: number },
): Promise<TrainedModel> {
  const { rows } = await db.query<{ run_id: string; revision: number; features: string[] }>(
    `SELECT r.run_id, s.revision, s.spec->'training'->'features' AS features FROM runs r
       JOIN versions v ON v.model = r.model AND v.environment = r.environment AND v.version = r.version
       JOIN model_specs s ON s.model = v.model AND s.environment = v.environment AND s.revision = v.spec_revision
      WHERE r.model = $1 AND r.environment = $2 AND r.version = $3 AND r.status = 'succeeded'
      ORDER BY (r.run_id = v.run_id) DESC NULLS LAST, r.finished_at DESC LIMIT 1`,
    [ref.model, ref.environment, ref.version],
  );
  const found = rows[0];
  if (found) {
    const run = await getRun(db, found.run_id);
    const { artifact, signature, sizeBytes } = run;
    if (artifact !== null && signature !== null && sizeBytes !== null)
      return {
        run,
        artifact,
        signature,
        sizeBytes,
        specRevision: found.revision,
        features: orderOf(signature, found.features),
      };
  }
  throw new PerennialError(
    RUN_NOT_FOUND,
    `version ${ref.version} of ${ref.model} has no run that succeeded; there is nothing to evaluate`,
  );
}

/** A signature that names features is obeyed; else the spec's order is the model's. */
function orderOf(signature: Signature, features: readonly string[]): readonly string[] {
  const named = signature.inputs.flatMap((input) => input.features ?? []);
  return named.length === 0 ? features : named;
}

/** Runs `work` with the model loaded, and frees it. @throws PerennialError MODEL_UNLOADABLE, SIGNATURE_MISMATCH */
export async function withPredictor<T>(
  store: ArtifactStore,
  model: Pick<TrainedModel, 'artifact' | 'signature'>,
  work: (predictor: OnnxPredictor) => Promise<T>,
): Promise<T> {
  const predictor = await OnnxPredictor.load(await store.fetchFile(model.artifact), model.signature);
  try {
    return await work(predictor);
  } finally {
    await predictor.release();
  }
}
