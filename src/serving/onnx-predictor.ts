import { basename } from 'node:path';
import type { Signature, TensorSpec } from '../contracts/trainer.ts';
import { PerennialError } from '../errors/define-error.ts';
import { MODEL_UNLOADABLE } from '../errors/serving-errors.ts';
import { InferenceSession, Tensor } from '../platform/onnx-driver.ts';
import { checkTensors, mismatch, signatureProblems } from './check-signature.ts';
import { numericData, sizeOf } from './tensor.ts';
import type { ModelTensor, TensorData, TensorType } from './tensor.ts';

// One thread: requests are what runs in parallel, and a latency measured alone stays true under load.
const SESSION_OPTIONS: InferenceSession.SessionOptions = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  logSeverityLevel: 3,
};

/** Rows of features: an array for each row, or all values row by row. NaN stands for a missing value. */
export type FeatureRows = Float32Array | readonly (readonly number[])[];

/** Runs one ONNX file in this process, held to its signature. */
export class OnnxPredictor {
  readonly signature: Signature;
  /** How many features make a row: the numeric inputs side by side, in the order of the signature. */
  readonly featureCount: number;
  readonly #session: InferenceSession;

  private constructor(session: InferenceSession, signature: Signature) {
    this.#session = session;
    this.signature = signature;
    this.featureCount = signature.inputs.reduce((sum, input) => sum + widthOf(input), 0);
  }

  /**
   * Loads a model file and checks it against its signature.
   * @throws PerennialError MODEL_UNLOADABLE when onnxruntime cannot read it, SIGNATURE_MISMATCH when it is another model.
   */
  static async load(path: string, signature: Signature): Promise<OnnxPredictor> {
    let session: InferenceSession;
    try {
      session = await InferenceSession.create(path, SESSION_OPTIONS);
    } catch (cause) {
      // onnxruntime names the whole path, which says nothing to a reader elsewhere.
      const reason = (cause instanceof Error ? cause.message : String(cause)).replaceAll(
        path,
        basename(path),
      );
      const text = `The model file ${basename(path)} cannot be loaded: ${reason}`;
      throw new PerennialError(MODEL_UNLOADABLE, text, { cause });
    }
    const problems = signatureProblems(signature, session.inputMetadata, session.outputMetadata);
    if (problems.length > 0) {
      await session.release();
      throw mismatch(`The model file ${basename(path)} is not what its signature says`, problems);
    }
    return new OnnxPredictor(session, signature);
  }

  /**
   * Scores rows of features.
   * @returns By output name, its values row by row: one for each row where the output is [N] or [N,1], C where it is [N,C].
   * @throws PerennialError SIGNATURE_MISMATCH when a row has another width or the model takes more than numbers.
   */
  async predict(rows: FeatureRows): Promise<Record<string, number[]>> {
    const outputs = await this.infer(this.#inputsFrom(rows));
    return Object.fromEntries(outputs.map((output) => [output.name, Array.from(output.data, Number)]));
  }

  /**
   * One score for each row: the output of that name, or the only one. Of class probabilities [N,2] it is the
   * second column, the positive class.
   */
  async score(rows: FeatureRows, outputName?: string): Promise<number[]> {
    const spec = this.scoreOutput(outputName);
    const [output] = await this.infer(this.#inputsFrom(rows), [spec.name]);
    const values = Array.from(output?.data ?? [], Number);
    const count = rows instanceof Float32Array ? rows.length / this.featureCount : rows.length;
    const width = values.length / count;
    if (width === 1) return values;
    return Array.from({ length: count }, (_, row) => values[row * width + width - 1] ?? Number.NaN);
  }

  /** The output that ranks. @throws PerennialError SIGNATURE_MISMATCH when none yields one number for each row. */
  scoreOutput(outputName?: string): TensorSpec {
    const { outputs } = this.signature;
    const named = outputs.find((output) => output.name === outputName);
    const spec = named ?? (outputs.length === 1 ? outputs[0] : undefined);
    if (spec === undefined) {
      const names = outputs.map((output) => output.name).join(', ');
      throw mismatch('The model has no score', [
        { path: outputName ?? 'output', message: `is not among its outputs ${names}` },
      ]);
    }
    const width = widthOf(spec);
    if (spec.type === 'string' || width > 2 || width < 1)
      throw mismatch('The model has no score', [
        { path: spec.name, message: 'must be numbers of shape [-1], [-1,1] or [-1,2]' },
      ]);
    return spec;
  }

  /**
   * Runs the model on tensors.
   * @param outputNames Which outputs to compute; all of the signature when left out.
   * @throws PerennialError SIGNATURE_MISMATCH for tensors that it does not take, MODEL_UNLOADABLE when it fails on them.
   */
  async infer(tensors: readonly ModelTensor[], outputNames?: readonly string[]): Promise<ModelTensor[]> {
    checkTensors(this.signature.inputs, tensors);
    const names = outputNames ?? this.signature.outputs.map((output) => output.name);
    const unknown = names.filter((name) => !this.signature.outputs.some((output) => output.name === name));
    if (unknown.length > 0) {
      const known = this.signature.outputs.map((output) => output.name).join(', ');
      throw mismatch(
        'The model has no such output',
        unknown.map((name) => ({ path: name, message: `is not among its outputs ${known}` })),
      );
    }
    const feeds = Object.fromEntries(tensors.map((tensor) => [tensor.name, toOnnx(tensor)]));
    let answer: InferenceSession.OnnxValueMapType;
    try {
      answer = await this.#session.run(feeds, [...names]);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new PerennialError(MODEL_UNLOADABLE, `The model failed on its input: ${reason}`, { cause });
    }
    return names.map((name) => fromOnnx(name, answer[name] as Tensor));
  }

  /** Frees the model's memory; it answers no more. */
  async release(): Promise<void> {
    await this.#session.release();
  }

  #inputsFrom(rows: FeatureRows): ModelTensor[] {
    const width = this.featureCount;
    const flat = rows instanceof Float32Array ? rows : flatten(rows, width);
    if (width < 1 || flat.length % width !== 0)
      throw mismatch('The rows do not fit the model', [
        { path: 'rows', message: `${flat.length} values were sent, rows of ${width} features are taken` },
      ]);
    const count = flat.length / width;
    let offset = 0;
    return this.signature.inputs.map((input) => {
      if (input.type === 'string')
        throw mismatch('The model cannot be fed rows of numbers', [
          { path: input.name, message: 'takes strings' },
        ]);
      const own = widthOf(input);
      const values = own === width ? flat : columnsOf(flat, width, offset, own);
      offset += own;
      const shape = input.shape.map((dimension, i) => (i === 0 ? count : dimension));
      return { name: input.name, type: input.type, shape, data: numericData(input.type, values) };
    });
  }
}

/** Values for each row of the batch. */
function widthOf(spec: TensorSpec): number {
  return sizeOf(spec.shape.slice(1));
}

function flatten(rows: readonly (readonly number[])[], width: number): Float32Array {
  const flat = new Float32Array(rows.length * width);
  rows.forEach((row, i) => {
    if (row.length !== width)
      throw mismatch('The rows do not fit the model', [
        { path: `rows[${i}]`, message: `${row.length} features were sent, ${width} are taken` },
      ]);
    flat.set(row, i * width);
  });
  return flat;
}

function columnsOf(flat: Float32Array, width: number, offset: number, own: number): Float32Array {
  const count = flat.length / width;
  const part = new Float32Array(count * own);
  for (let row = 0; row < count; row += 1)
    part.set(flat.subarray(row * width + offset, row * width + offset + own), row * own);
  return part;
}

function toOnnx(tensor: ModelTensor): Tensor {
  if (tensor.type === 'string') return new Tensor('string', tensor.data as readonly string[], tensor.shape);
  return new Tensor(tensor.type, tensor.data, tensor.shape);
}

function fromOnnx(name: string, tensor: Tensor): ModelTensor {
  return { name, type: tensor.type as TensorType, shape: tensor.dims, data: tensor.data as TensorData };
}
