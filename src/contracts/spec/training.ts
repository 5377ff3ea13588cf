import { z } from 'zod';
import { Duration } from '../duration.ts';
import { ColumnName, Name, SecretName, SqlText } from './names.ts';

/** `view.column`: a feature of a view, in the order in which the model takes them. */
const FeatureReference = z
  .string()
  .regex(/^[a-z][a-z0-9]*([_-][a-z0-9]+)*\.[A-Za-z_][A-Za-z0-9_]*$/, 'view.column')
  .describe('A feature as view.column.');

const Parameter = z.union([z.string(), z.number(), z.boolean(), z.null()]);

const Trainer = z.strictObject({
  command: z
    .array(z.string().min(1))
    .min(1)
    .describe('Program and arguments. `python` is the project environment where there is one.'),
  directory: z
    .string()
    .default('.')
    .describe('Working code, relative to the spec; its files are recorded by digest.'),
  parameters: z.record(z.string(), Parameter).default({}),
  seed: z.int().nonnegative().default(0),
  environment: z
    .array(SecretName)
    .default([])
    .describe('Names of the only variables of the worker that the trainer may see.'),
  resources: z
    .strictObject({
      gpus: z.int().nonnegative().default(0),
      cpus: z.number().positive().default(1),
      memoryBytes: z
        .int()
        .positive()
        .default(2 ** 31),
    })
    .prefault({}),
  timeout: Duration.prefault('24h'),
  progressTimeout: Duration.prefault('30m').describe(
    'A trainer that reports no progress for this long counts as hung.',
  ),
  graceTime: Duration.prefault('30s').describe('From SIGTERM to SIGKILL.'),
  maxAttempts: z.int().min(1).max(20).default(3),
});
type Trainer = z.infer<typeof Trainer>;

export const Training = z.strictObject({
  spine: z
    .strictObject({
      query: SqlText.describe('Yields one row per labelled example.'),
      id: ColumnName,
      eventTime: ColumnName.default('event_time'),
      label: ColumnName,
      keys: z.array(ColumnName).min(1).describe('Columns that the views are joined by.'),
      attributes: z
        .array(ColumnName)
        .default([])
        .describe('Kept for slices and rules, not fed to the model.'),
    })
    .describe('What is predicted, when, for whom.'),
  features: z.array(FeatureReference).min(1),
  split: z
    .strictObject({
      holdout: z
        .number()
        .gt(0)
        .lt(1)
        .default(0.2)
        .describe('The newest share of examples, kept for evaluation.'),
      gap: Duration.prefault('0s').describe(
        'Left out between training and holdout, at least the label delay.',
      ),
    })
    .prefault({}),
  window: Duration.optional().describe('Only examples younger than this train.'),
  minRows: z.int().positive().default(100),
  trainer: Trainer,
  tuning: z
    .strictObject({
      trials: z.int().min(1).max(1000),
      metric: z.string(),
      direction: z.enum(['maximize', 'minimize']).default('maximize'),
      parallel: z.int().min(1).default(2),
      space: z.record(
        z.string(),
        z.union([
          z.strictObject({ values: z.array(Parameter).min(1) }),
          z.strictObject({
            min: z.number(),
            max: z.number(),
            scale: z.enum(['linear', 'log']).default('linear'),
          }),
        ]),
      ),
    })
    .optional()
    .describe('Not carried out yet: a spec that has it is refused when it is applied.'),
});
export type Training = z.infer<typeof Training>;

export const Evaluation = z.strictObject({
  task: z.enum(['binary', 'regression', 'multiclass']),
  output: z.string().default('score').describe('The output of the model that is judged.'),
  threshold: z.number().default(0.5),
  groupBy: ColumnName.optional().describe('Ranking metrics are computed within groups of this column.'),
  k: z.int().positive().default(5),
  slices: z.array(ColumnName).default([]),
  minSliceSize: z.int().positive().default(50),
  recommendations: z
    .strictObject({
      entities: SqlText.describe('The entities that recommendations are made for, with their key columns.'),
      candidates: SqlText.describe('The candidates to choose from, with their key columns.'),
      k: z.int().positive().default(5),
    })
    .optional()
    .describe('What the model would recommend; the rules see it as table `recommendations`.'),
  latencySamples: z.int().min(20).default(300),
});
export type Evaluation = z.infer<typeof Evaluation>;

const thresholds = {
  min: z.number().optional(),
  max: z.number().optional(),
  vsChampion: z
    .strictObject({
      minAbsoluteChange: z.number().optional(),
      minRelativeChange: z.number().optional(),
    })
    .optional()
    .describe(
      'The least improvement over the champion on the same holdout; negative values allow as much of a loss.',
    ),
  higherIsBetter: z
    .boolean()
    .optional()
    .describe('For vsChampion; by default false for losses and errors, true for all other metrics.'),
};

export const Gate = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('metric'),
    name: Name,
    metric: z.string().min(1),
    slices: z
      .enum(['overall', 'each'])
      .default('overall')
      .describe('`each` holds every slice to the thresholds too.'),
    ...thresholds,
  }),
  z.strictObject({
    type: z.literal('rule'),
    name: Name,
    description: z.string().min(1),
    query: SqlText.describe(
      'SQL over `predictions` (the holdout, scored), `recommendations` and the sources; must return no rows.',
    ),
  }),
  z.strictObject({
    type: z.literal('efficiency'),
    name: Name,
    maxLatencyMsP99: z.number().positive().optional().describe('One request, one thread.'),
    maxSizeBytes: z.int().positive().optional(),
  }),
]);
export type Gate = z.infer<typeof Gate>;
