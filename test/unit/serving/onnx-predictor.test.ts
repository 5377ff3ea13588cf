import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Signature } from '../../../src/contracts/trainer.ts';
import { OnnxPredictor } from '../../../src/serving/onnx-predictor.ts';

const model = (name: string) =>
  fileURLToPath(new URL(`../../integration/serving/models/${name}.onnx`, import.meta.url));

const LINEAR: Signature = {
  inputs: [{ name: 'features', type: 'float32', shape: [-1, 3] }],
  outputs: [{ name: 'score', type: 'float32', shape: [-1] }],
};
const MIXED: Signature = {
  inputs: [
    { name: 'pair', type: 'float32', shape: [-1, 2] },
    { name: 'id', type: 'int64', shape: [-1] },
    { name: 'name', type: 'string', shape: [-1] },
    { name: 'flag', type: 'bool', shape: [-1] },
  ],
  outputs: [
    { name: 'doubled', type: 'float32', shape: [-1, 2] },
    { name: 'next', type: 'int64', shape: [-1] },
    { name: 'echo', type: 'string', shape: [-1] },
    { name: 'opposite', type: 'bool', shape: [-1] },
  ],
};

describe('OnnxPredictor', () => {
  it('scores rows the same whether they come as arrays or flat', async () => {
    const predictor = await OnnxPredictor.load(model('linear'), LINEAR);
    expect(
      await predictor.predict([
        [1, 2, 3],
        [0, 1, 0],
      ]),
    ).toEqual({ score: [2, 2] });
    expect(await predictor.predict(Float32Array.of(1, 2, 3, 0, 1, 0))).toEqual({ score: [2, 2] });
    expect(await predictor.score([[4, 0, 1]], 'score')).toEqual([3]);
    await predictor.release();
  });

  it('gives a missing value to the model as NaN', async () => {
    const tolerant = await OnnxPredictor.load(model('tolerant'), LINEAR);
    expect(await tolerant.score([[Number.NaN, 2, 1]])).toEqual([3]);
    const linear = await OnnxPredictor.load(model('linear'), LINEAR);
    expect(await linear.score([[Number.NaN, 2, 1]])).toEqual([Number.NaN]);
  });

  it('refuses a row of another width and says what is taken', async () => {
    const predictor = await OnnxPredictor.load(model('linear'), LINEAR);
    await expect(predictor.predict([[1, 2]])).rejects.toMatchObject({
      code: 'SIGNATURE_MISMATCH',
      message: expect.stringContaining('2 features were sent, 3 are taken') as string,
    });
  });

  it('carries every type of tensor through', async () => {
    const predictor = await OnnxPredictor.load(model('mixed'), MIXED);
    const outputs = await predictor.infer([
      { name: 'pair', type: 'float32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
      { name: 'id', type: 'int64', shape: [2], data: BigInt64Array.of(7n, 9n) },
      { name: 'name', type: 'string', shape: [2], data: ['fern', 'ficus'] },
      { name: 'flag', type: 'bool', shape: [2], data: Uint8Array.of(1, 0) },
    ]);
    expect(
      outputs.map((output) => [output.name, output.shape, Array.from(output.data as ArrayLike<unknown>)]),
    ).toEqual([
      ['doubled', [2, 2], [2, 4, 6, 8]],
      ['next', [2], [8n, 10n]],
      ['echo', [2], ['fern', 'ficus']],
      ['opposite', [2], [0, 1]],
    ]);
  });

  it('names every tensor that does not fit, with what was sent and what is taken', async () => {
    const predictor = await OnnxPredictor.load(model('mixed'), MIXED);
    const sent = [
      { name: 'pair', type: 'float32' as const, shape: [1, 3], data: Float32Array.of(1, 2, 3) },
      { name: 'id', type: 'int32' as const, shape: [1], data: Int32Array.of(1) },
      { name: 'colour', type: 'int32' as const, shape: [1], data: Int32Array.of(1) },
      { name: 'flag', type: 'bool' as const, shape: [3], data: Uint8Array.of(1) },
    ];
    await expect(predictor.infer(sent)).rejects.toMatchObject({
      code: 'SIGNATURE_MISMATCH',
      problems: [
        { path: 'pair', message: 'float32[1,3] was sent, float32[-1,2] is taken' },
        { path: 'id', message: 'int32[1] was sent, int64[-1] is taken' },
        { path: 'name', message: 'is missing; string[-1] is taken' },
        { path: 'flag', message: 'the shape holds 3 values, 1 were sent' },
        { path: 'colour', message: expect.stringContaining('pair, id, name, flag') as string },
        { path: 'shape', message: expect.stringContaining('number of rows') as string },
      ],
    });
  });

  it('refuses a file that is no model, and a model that is not what its signature says', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'predictor-'));
    const broken = join(folder, 'broken.onnx');
    await writeFile(broken, 'not a model');
    await expect(OnnxPredictor.load(broken, LINEAR)).rejects.toMatchObject({ code: 'MODEL_UNLOADABLE' });
    await expect(OnnxPredictor.load(join(folder, 'absent.onnx'), LINEAR)).rejects.toMatchObject({
      code: 'MODEL_UNLOADABLE',
    });
    const wider: Signature = { ...LINEAR, inputs: [{ name: 'features', type: 'float32', shape: [-1, 4] }] };
    await expect(OnnxPredictor.load(model('linear'), wider)).rejects.toMatchObject({
      code: 'SIGNATURE_MISMATCH',
      problems: [{ path: 'inputs.features', message: expect.stringContaining('float32[-1,4]') as string }],
    });
    await expect(OnnxPredictor.load(model('mixed'), LINEAR)).rejects.toMatchObject({
      code: 'SIGNATURE_MISMATCH',
    });
  });
});
