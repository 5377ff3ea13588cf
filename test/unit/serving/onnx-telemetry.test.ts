import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { OnnxPredictor } from '../../../src/serving/onnx-predictor.ts';

// In a file, and so in a process, of its own: onnxruntime decides once.
it('runs a model without a report to the maker of onnxruntime', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'onnx-telemetry-'));
  process.env['TMPDIR'] = folder;
  const model = fileURLToPath(new URL('../../integration/serving/models/linear.onnx', import.meta.url));
  const predictor = await OnnxPredictor.load(model, {
    inputs: [{ name: 'features', type: 'float32', shape: [-1, 3] }],
    outputs: [{ name: 'score', type: 'float32', shape: [-1] }],
  });
  expect(await predictor.predict([[1, 2, 3]])).toEqual({ score: [2] });
  // Its log of what it would send is there as soon as the session is; the rest within this time.
  await sleep(200);
  expect(readdirSync(folder)).toEqual([]);
});
