import type { OnnxPredictor } from '../serving/onnx-predictor.ts';

const WARM_UP = 20;

/** Quantiles of the time that single predictions take, in milliseconds; null without rows. */
export async function measureLatency(
  predictor: OnnxPredictor,
  rows: readonly (readonly number[])[],
  samples: number,
): Promise<{ readonly samples: number; readonly msP50: number | null; readonly msP99: number | null }> {
  if (rows.length === 0) return { samples: 0, msP50: null, msP99: null };
  const times: number[] = [];
  for (let i = -WARM_UP; i < samples; i += 1) {
    const row = rows[(i + WARM_UP) % rows.length] ?? [];
    const start = performance.now();
    await predictor.predict([row]);
    if (i >= 0) times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  const quantile = (q: number) => times[Math.min(times.length - 1, Math.ceil(q * times.length) - 1)] ?? null;
  return { samples, msP50: quantile(0.5), msP99: quantile(0.99) };
}
