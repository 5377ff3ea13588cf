import { z } from 'zod';
import { VerdictJson } from './evaluate-report.ts';

/** What `perennial canary --json` prints; see docs/canary.md. The version rises when a field changes its meaning. */

const Interval = z.strictObject({ low: z.number().nullable(), high: z.number().nullable() });
const Arm = z.strictObject({
  count: z.int().describe('Rows with a value.'),
  missing: z.int().describe('Rows with NULL, NaN or an infinity.'),
  successes: z.int().nullable().describe('Of a proportion.'),
  mean: z.number().nullable(),
  standardDeviation: z.number().nullable(),
});

export const CanaryMetricReport = z.strictObject({
  metric: z.string(),
  kind: z.enum(['proportion', 'mean']),
  higherIsBetter: z.boolean(),
  margin: z.number().describe("How much worse the canary may be, in the metric's unit."),
  control: Arm,
  canary: Arm,
  difference: z.number().nullable().describe('canary − control.'),
  relativeDifference: z.number().nullable(),
  sequential: z
    .strictObject({ interval: Interval, pHarm: z.number() })
    .describe(
      'Valid however often one looks; the interval at 1 − 2·alpha, p adjusted for the number of metrics.',
    ),
  fixed: z
    .strictObject({
      kind: z.enum(['non_inferior', 'inferior', 'inconclusive', 'insufficient_data']),
      interval: Interval.nullable(),
      pNonInferior: z.number().nullable(),
      pInferior: z.number().nullable(),
    })
    .describe('Valid for one look that was planned.'),
  tests: z
    .record(z.string(), z.number().nullable())
    .describe('Two-sided p-values of no difference, for information.'),
  planning: z
    .strictObject({
      power: z.number().describe('What was asked for.'),
      powerNow: z
        .number()
        .nullable()
        .describe('Of showing non-inferiority with these samples when the arms are equal.'),
      requiredControl: z.int().nullable(),
      requiredCanary: z.int().nullable(),
    })
    .describe('null where nothing varies, or the margin is zero or too small for any number of samples.'),
  verdict: VerdictJson,
});

export const CanaryReport = z.strictObject({
  schemaVersion: z.literal(1),
  control: z.strictObject({ location: z.string(), rows: z.int() }),
  canary: z.strictObject({ location: z.string(), rows: z.int() }),
  mode: z.enum(['fixed', 'sequential']),
  alpha: z.number(),
  minSamples: z.int(),
  inferred: z.array(z.strictObject({ what: z.string(), value: z.string(), why: z.string() })),
  split: z
    .strictObject({
      intended: z.array(z.number()),
      pValue: z.number().nullable(),
      mismatch: z.boolean(),
    })
    .nullable()
    .describe('Sample-ratio mismatch; null where no split was given.'),
  metrics: z.array(CanaryMetricReport),
  verdict: VerdictJson,
});
export type CanaryReport = z.infer<typeof CanaryReport>;
