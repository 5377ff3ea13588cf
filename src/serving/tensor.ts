import type { TensorSpec } from '../contracts/trainer.ts';

export type TensorType = TensorSpec['type'];

export type TensorData =
  Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array | readonly string[];

/** A dense tensor, row-major. `bool` is held as 0 and 1. */
export interface ModelTensor {
  readonly name: string;
  readonly type: TensorType;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** How many values a shape holds. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, dimension) => size * dimension, 1);
}

/** `float32[-1,3]`, for messages. */
export function describeTensor(tensor: {
  readonly type: string;
  readonly shape: readonly (number | string)[];
}): string {
  return `${tensor.type}[${tensor.shape.join(',')}]`;
}

/** The type that a tensor's data has at run time, made from plain numbers; strings cannot be made so. */
export function numericData(type: Exclude<TensorType, 'string'>, values: ArrayLike<number>): TensorData {
  switch (type) {
    case 'float32':
      return values instanceof Float32Array ? values : Float32Array.from(values);
    case 'float64':
      return Float64Array.from(values);
    case 'int32':
      return Int32Array.from(values);
    case 'int64':
      return BigInt64Array.from(Array.from(values), (value) => BigInt(Math.trunc(value)));
    case 'bool':
      return Uint8Array.from(Array.from(values), (value) => (value === 0 ? 0 : 1));
  }
}
