import { z } from 'zod';

/** What `perennial evaluate --json` prints; see docs/evaluate.md. The version rises when a field changes its meaning. */

const Number0 = z.number().nullable();
export const VerdictJson = z.strictObject({
  kind: z.enum(['pass', 'fail', 'insufficient_data', 'error']),
  reason: z.string(),
});
const Interval = z.strictObject({ low: Number0, high: Number0 });
const Metrics = z.record(z.string(), Number0).describe('null where the rows do not define the metric.');
const Intervals = z
  .record(z.string(), Interval)
  .describe('Percentile bootstrap, 95 %; absent without --bootstrap.');

export const EvaluateReport = z.strictObject({
  schemaVersion: z.literal(1),
  predictions: z.strictObject({
    location: z.string(),
    rows: z.int(),
    used: z.int().describe('Rows with a label, a prediction and a weight that can be used.'),
    dropped: z
      .record(z.string(), z.int())
      .describe('Rows left out by reason: label_missing, prediction_missing, weight_unusable.'),
  }),
  task: z.enum(['binary', 'multiclass', 'regression', 'ranking']),
  inferred: z
    .array(z.strictObject({ what: z.string(), value: z.string(), why: z.string() }))
    .describe('What was not said on the command line and was told from the data.'),
  notes: z.array(z.string()).describe('What the reader of the numbers must know.'),
  columns: z.strictObject({
    label: z.string(),
    score: z.array(z.string()),
    prediction: z.string().nullable(),
    weight: z.string().nullable(),
    group: z.string().nullable(),
    item: z.string().nullable(),
    sensitive: z.string().nullable(),
    strata: z.string().nullable(),
    slices: z.array(z.string()),
  }),
  classes: z
    .array(z.string())
    .nullable()
    .describe(
      'Binary: the negative and the positive label. Multiclass: in the order of the confusion table.',
    ),
  threshold: Number0.describe('Scores of at least this are positive; null where that does not apply.'),
  k: z.int().nullable().describe('Ranking: lists are cut here.'),
  overall: z.strictObject({ count: z.int(), metrics: Metrics, intervals: Intervals.optional() }),
  slices: z.array(
    z.strictObject({
      key: z.string(),
      name: z.string(),
      count: z.int(),
      metrics: Metrics,
      intervals: Intervals.optional(),
    }),
  ),
  confusion: z.array(z.array(z.number())).nullable().describe('[truth][prediction], weighted, by `classes`.'),
  calibration: z
    .array(
      z.strictObject({
        low: z.number(),
        high: z.number(),
        weight: z.number(),
        meanScore: Number0,
        positiveShare: Number0,
      }),
    )
    .nullable(),
  bias: z
    .strictObject({
      column: z.string(),
      fairness: z
        .record(z.string(), z.union([z.number(), z.boolean(), z.null()]))
        .describe("fairlearn's disparities."),
      groups: z.record(z.string(), z.record(z.string(), Number0)),
      clarify: z
        .record(z.string(), z.record(z.string(), Number0))
        .describe("SageMaker Clarify's measures, each group in turn as the facet d."),
    })
    .nullable(),
  thresholds: z.array(
    z.strictObject({
      threshold: z.string(),
      metric: z.string(),
      scope: z.enum(['overall', 'slices']),
      verdict: VerdictJson,
    }),
  ),
  verdict: VerdictJson.nullable().describe('Over all thresholds; null where none was set.'),
});
export type EvaluateReport = z.infer<typeof EvaluateReport>;
