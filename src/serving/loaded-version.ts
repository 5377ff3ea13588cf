import { isPerennialError, PerennialError } from '../errors/define-error.ts';
import { ANSWER_NOT_FINITE } from '../errors/serving-errors.ts';
import type { ServableVersion } from '../registry/servable-versions.ts';
import { mismatch } from './check-signature.ts';
import { planFeatures } from './feature-plan.ts';
import type { FeaturePlan } from './feature-plan.ts';
import { OnnxPredictor } from './onnx-predictor.ts';
import { numericData, sizeOf } from './tensor.ts';
import type { ModelTensor } from './tensor.ts';

/** A version that can answer: its model in memory and its features planned. */
export interface LoadedVersion {
  readonly servable: ServableVersion;
  readonly predictor: OnnxPredictor;
  /** How `rank` gets its features; the reason where the version does not rank. */
  readonly plan: FeaturePlan | PerennialError;
}

const PROBE_VALUES = [0, 1, 0.5];

/**
 * Loads a version from its model file and has it answer once, so that the first request meets a warm model.
 * @throws PerennialError MODEL_UNLOADABLE, SIGNATURE_MISMATCH
 */
export async function loadVersion(servable: ServableVersion, path: string): Promise<LoadedVersion> {
  const predictor = await OnnxPredictor.load(path, servable.signature);
  try {
    await predictor.infer(probeTensors(predictor));
    const plan = planOrReason(servable);
    if (!(plan instanceof PerennialError)) checkWidth(servable, predictor);
    return { servable, predictor, plan };
  } catch (error) {
    await predictor.release();
    throw error;
  }
}

/**
 * Has the model score a small synthetic batch.
 * @throws PerennialError ANSWER_NOT_FINITE when no row of it gets a finite answer
 */
export async function probeAnswers(predictor: OnnxPredictor): Promise<void> {
  const outputs = await predictor.infer(probeTensors(predictor));
  const numeric = outputs.filter((output) => output.type !== 'string');
  const finite = PROBE_VALUES.some((_, row) =>
    numeric.every((output) => {
      const width = output.data.length / PROBE_VALUES.length;
      const values = Array.from(output.data as ArrayLike<number | bigint>, Number);
      return values.slice(row * width, (row + 1) * width).every(Number.isFinite);
    }),
  );
  if (finite) return;
  const text = `The model loads, but answers no finite number to any of ${PROBE_VALUES.length} synthetic rows.`;
  throw new PerennialError(ANSWER_NOT_FINITE, text);
}

function probeTensors(predictor: OnnxPredictor): ModelTensor[] {
  return predictor.signature.inputs.map((input) => {
    const shape = input.shape.map((dimension, i) =>
      dimension === -1 ? (i === 0 ? PROBE_VALUES.length : 1) : dimension,
    );
    const perRow = sizeOf(shape) / (shape[0] ?? 1);
    const values = Array.from({ length: sizeOf(shape) }, (_, i) => PROBE_VALUES[Math.floor(i / perRow)] ?? 0);
    const data = input.type === 'string' ? values.map(() => '') : numericData(input.type, values);
    return { name: input.name, type: input.type, shape, data };
  });
}

function planOrReason(servable: ServableVersion): FeaturePlan | PerennialError {
  try {
    return planFeatures(servable);
  } catch (error) {
    if (isPerennialError(error)) return error;
    throw error;
  }
}

/** A model that ranks takes exactly the features of its spec, and has a score. */
function checkWidth(servable: ServableVersion, predictor: OnnxPredictor): void {
  predictor.scoreOutput(servable.output);
  if (predictor.featureCount === servable.features.length) return;
  throw mismatch(`Version ${servable.version} of ${servable.model} does not fit its spec`, [
    {
      path: 'features',
      message: `the spec names ${servable.features.length}, the model takes ${predictor.featureCount}`,
    },
  ]);
}
