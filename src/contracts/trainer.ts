import { z } from 'zod';

export const TRAINER_CONTRACT_VERSION = 1;

const TensorType = z.enum(['float32', 'float64', 'int32', 'int64', 'bool', 'string']);

/** One tensor of a model. A dimension of -1 is the batch. `features` names the columns of the last dimension. */
export const TensorSpec = z.strictObject({
  name: z.string().min(1),
  type: TensorType,
  shape: z.array(z.int().min(-1)).min(1),
  features: z.array(z.string()).optional(),
});
export type TensorSpec = z.infer<typeof TensorSpec>;

/** What a model takes and gives. Serving refuses requests that don't fit; a gate compares it with the champion's. */
export const Signature = z.strictObject({
  inputs: z.array(TensorSpec).min(1),
  outputs: z.array(TensorSpec).min(1),
});
export type Signature = z.infer<typeof Signature>;

/** The JSON file that `PERENNIAL_INPUT` names: all that a trainer gets. Paths are absolute. */
export interface TrainerInput {
  readonly contractVersion: typeof TRAINER_CONTRACT_VERSION;
  readonly runId: string;
  readonly attempt: number;
  readonly datasets: readonly {
    readonly name: 'train' | 'validation';
    readonly path: string;
    readonly format: 'parquet';
    readonly digest: string;
    readonly rows: number;
  }[];
  readonly label: string;
  readonly features: readonly { readonly name: string; readonly type: 'float32' }[];
  readonly parameters: Readonly<Record<string, string | number | boolean | null>>;
  readonly seed: number;
  readonly outputDir: string;
  readonly checkpointDir: string;
  readonly resumeFrom: string | null;
  /** ISO time by which the trainer must be done. */
  readonly deadline: string;
  readonly resources: {
    readonly gpus: readonly string[];
    readonly cpus: number;
    readonly memoryBytes: number;
  };
}

const RelativePath = z
  .string()
  .min(1)
  .refine(
    (path) => !path.startsWith('/') && !path.split(/[\\/]/).includes('..'),
    'a path inside outputDir, without ".."',
  );

/** `outputDir/result.json`: what a trainer must leave. What it has no number for it may write as null. */
export const TrainerResult = z.object({
  contractVersion: z.literal(TRAINER_CONTRACT_VERSION),
  model: z.strictObject({ path: RelativePath, format: z.literal('onnx'), signature: Signature }),
  metrics: z.record(z.string(), z.number().nullable()).transform(numbersOf),
  featureImportance: z
    .record(z.string(), z.number().nullable())
    .nullable()
    .default(null)
    .transform((importance) => importance && numbersOf(importance)),
  environment: z.record(z.string(), z.unknown()).default({}),
  files: z.array(z.strictObject({ path: RelativePath, description: z.string() })).default([]),
});
export type TrainerResult = z.infer<typeof TrainerResult>;

/**
 * A line of stdout that is JSON with `progress` becomes a heartbeat; every other line is log. What a trainer has no number for
 * it may write as null.
 */
export const TrainerProgress = z.object({
  progress: z.object({
    step: z.number(),
    totalSteps: z.number().nullish(),
    metrics: z.record(z.string(), z.number().nullable()).nullish().transform(numbersOf),
    etaSeconds: z.number().nullish(),
  }),
});
export type TrainerProgress = z.infer<typeof TrainerProgress>;

function numbersOf(
  metrics: Readonly<Record<string, number | null>> | null | undefined,
): Record<string, number> {
  const known = Object.entries(metrics ?? {}).filter((entry): entry is [string, number] => entry[1] !== null);
  return Object.fromEntries(known);
}
