import type { SpecRef } from './data.ts';

export interface TrainInput extends SpecRef {
  readonly version: number;
  readonly runId: string;
  readonly frame: string;
}

export interface TrainResult {
  readonly runId: string;
  /** SHA-256 of the ONNX file. */
  readonly artifact: string;
  readonly sizeBytes: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly device: string | null;
  readonly durationMs: number;
}

/** Task queue `training`: one slot per GPU or, without GPUs, per worker. */
export interface TrainingActivities {
  train(input: TrainInput): Promise<TrainResult>;
}
