import { z } from 'zod';
import { StorableText } from '../contracts/storable-text.ts';
import type { TensorSpec } from '../contracts/trainer.ts';
import { BODY_TOO_LARGE } from '../errors/api-errors.ts';
import { PerennialError } from '../errors/define-error.ts';
import type { Problem } from '../errors/define-error.ts';
import { ANSWER_NOT_FINITE } from '../errors/serving-errors.ts';
import { mismatch } from './check-signature.ts';
import type { LoadedVersion } from './loaded-version.ts';
import type { SpoolItem } from './spool-record.ts';
import { numericData } from './tensor.ts';
import type { ModelTensor, TensorType } from './tensor.ts';

/** Datatypes of the Open Inference Protocol v2 and the tensor types of a signature. */
const DATATYPES = {
  FP32: 'float32',
  FP64: 'float64',
  INT32: 'int32',
  INT64: 'int64',
  BOOL: 'bool',
  BYTES: 'string',
} as const;
type Datatype = keyof typeof DATATYPES;
const DATATYPE_OF = Object.fromEntries(Object.entries(DATATYPES).map(([d, t]) => [t, d])) as Record<
  TensorType,
  Datatype
>;

const MAX_TENSORS = 1024;
const MAX_DIMENSIONS = 8;
/** Of those that are logged. */
const MAX_ROWS = 500_000;
const MAX_SHOWN = 60;
const Name = z.string().max(256);
const Parameters = z
  .record(z.string(), z.union([StorableText.max(1024), z.number(), z.boolean()]))
  .optional();

/** `POST /v2/models/{name}/infer`. `data` may be flat or nested by the shape; null is a missing FP32 or FP64. */
export const InferRequest = z.object({
  id: StorableText.min(1).max(128).optional(),
  parameters: Parameters,
  inputs: z
    .array(
      z.object({
        name: Name,
        shape: z.array(z.int().positive()).min(1).max(MAX_DIMENSIONS),
        datatype: z.enum(Object.keys(DATATYPES) as [Datatype, ...Datatype[]]),
        parameters: Parameters,
        data: z.array(z.unknown()),
      }),
    )
    .min(1)
    .max(MAX_TENSORS),
  outputs: z
    .array(z.object({ name: Name, parameters: Parameters }))
    .max(MAX_TENSORS)
    .optional(),
});
export type InferRequest = z.infer<typeof InferRequest>;

/** @throws PerennialError SIGNATURE_MISMATCH when a value is not of its datatype */
export function tensorsOf(request: InferRequest): ModelTensor[] {
  return request.inputs.map(({ name, shape, datatype, data }) => {
    const values = data.some(Array.isArray) ? data.flat(shape.length) : data;
    const type = DATATYPES[datatype];
    const wrong = values.findIndex((value) => !fits(type, value));
    if (wrong >= 0) {
      const problem: Problem = {
        path: `${name}[${wrong}]`,
        message: `${shown(values[wrong])} is no ${datatype}`,
      };
      throw mismatch('The tensors do not fit the model', [problem]);
    }
    if (type === 'string') return { name, type, shape, data: values as string[] };
    const numbers = values.map((value) => (value === null ? Number.NaN : Number(value)));
    return { name, type, shape, data: numericData(type, numbers) };
  });
}

function shown(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  // As JSON has no infinity, it came as a number too large for any type.
  if (typeof value === 'number') return String(value);
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

function fits(type: TensorType, value: unknown): boolean {
  switch (type) {
    case 'float32':
      return value === null || (typeof value === 'number' && Number.isFinite(Math.fround(value)));
    case 'float64':
      return value === null || Number.isFinite(value);
    case 'int32':
      return typeof value === 'number' && (value | 0) === value;
    case 'int64':
      return Number.isSafeInteger(value);
    case 'bool':
      return typeof value === 'boolean';
    case 'string':
      return typeof value === 'string';
  }
}

export interface InferOutput {
  readonly name: string;
  readonly shape: readonly number[];
  readonly datatype: Datatype;
  /** Flat; a number that is not finite is null. */
  readonly data: readonly (number | boolean | string | null)[];
}

export function outputOf(tensor: ModelTensor): InferOutput {
  const { name, shape, type } = tensor;
  const datatype = DATATYPE_OF[type];
  if (type === 'string') return { name, shape, datatype, data: tensor.data as readonly string[] };
  const numbers = Array.from(tensor.data as ArrayLike<number | bigint>, Number);
  const data =
    type === 'bool' ? numbers.map((n) => n !== 0) : numbers.map((n) => (Number.isFinite(n) ? n : null));
  return { name, shape, datatype, data };
}

/** `GET /v2/models/{name}`: what it takes and gives. */
export function metadataOf(name: string, versions: readonly number[], loaded: LoadedVersion) {
  const describe = (tensor: TensorSpec) => ({
    name: tensor.name,
    datatype: DATATYPE_OF[tensor.type],
    shape: tensor.shape,
  });
  const { signature } = loaded.servable;
  return {
    name,
    versions: versions.map(String),
    platform: 'onnxruntime_onnx',
    inputs: signature.inputs.map(describe),
    outputs: signature.outputs.map(describe),
  };
}

/**
 * The rows of a batch for the log: features as sent and score, where the model takes numbers and has a score.
 * @throws PerennialError ANSWER_NOT_FINITE when it has, and no row got a finite one; BODY_TOO_LARGE for too many rows
 */
export function itemsOfBatch(
  loaded: LoadedVersion,
  inputs: readonly ModelTensor[],
  outputs: readonly ModelTensor[],
): SpoolItem[] {
  const { model, version, signature, output } = loaded.servable;
  const spec = signature.outputs.find((one) => one.name === output) ?? signature.outputs[0];
  const scored = outputs.find((tensor) => tensor.name === spec?.name);
  const rows = scored?.shape[0] ?? 0;
  if (scored === undefined || scored.type === 'string' || rows === 0) return [];
  if (rows > MAX_ROWS) {
    const text = `The request has ${rows} rows, at most ${MAX_ROWS} are taken. Send them in several requests.`;
    throw new PerennialError(BODY_TOO_LARGE, text);
  }
  const width = scored.data.length / rows;
  const columns = signature.inputs.map((input) => inputs.find((tensor) => tensor.name === input.name));
  const items = Array.from({ length: rows }, (_, row) => ({
    rank: row + 1,
    candidate: null,
    score: Number(scored.data[row * width + width - 1]),
    features: columns.flatMap((tensor) => (tensor ? rowOf(tensor, rows, row) : [])),
  })).filter((item) => Number.isFinite(item.score));
  if (items.length > 0) return items;
  const text = `Version ${version} of ${model} gave no finite ${scored.name} for any of ${rows} rows.`;
  throw new PerennialError(ANSWER_NOT_FINITE, text);
}

function rowOf(tensor: ModelTensor, rows: number, row: number): (number | null)[] {
  const width = tensor.data.length / rows;
  return Array.from({ length: width }, (_, i) => {
    const value = Number(tensor.data[row * width + i]);
    return Number.isFinite(value) ? value : null;
  });
}
