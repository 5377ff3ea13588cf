import { z } from 'zod';

const Test = z.object({ statistic: z.number(), p_value: z.number() });
const Rates = z.object({ reference: z.number().nullable(), current: z.number().nullable() });

/** Every measure by name; null where it has no meaning for the column, as `measure_reasons` says. */
export const DriftMeasures = z.object({
  psi: z.number().nullable(),
  js_distance: z.number().nullable(),
  js_divergence: z.number().nullable(),
  kl: z.number().nullable(),
  hellinger: z.number().nullable(),
  tvd: z.number().nullable(),
  l_infinity: z.number().nullable(),
  ks: Test.nullable(),
  wasserstein_normed: z.number().nullable(),
  chi_square: Test.nullable(),
});
export type DriftMeasures = z.infer<typeof DriftMeasures>;

export const ColumnDrift = z.object({
  name: z.string(),
  kind: z.enum(['numeric', 'categorical', 'boolean', 'timestamp', 'other']),
  /** Shares of rows without a value (null, NaN); null where there are no rows. */
  missing: Rates,
  /** Whether that share moved by more than 0.05 and more than chance explains. */
  missing_drifted: z.boolean(),
  /** Shares of rows with ±∞, which are set aside too. */
  infinite: Rates,
  measures: DriftMeasures,
  measure_reasons: z.record(z.string(), z.string()),
  /** The measure that decided; null with the value and the threshold when there is no verdict. */
  method: z.string().nullable(),
  value: z.number().nullable(),
  threshold: z.number().nullable(),
  verdict: z.enum(['drifted', 'stable', 'insufficient_data']),
  reason: z.string(),
  /** Of the permutation test; it informs, the size of the effect decides. */
  p_value: z.number().nullable(),
  /** The smallest shift, in the unit of the measure, that would be found four times in five at these sizes. */
  smallest_detectable: z.number().nullable(),
});
export type ColumnDrift = z.infer<typeof ColumnDrift>;

/** What `perennial drift --json` prints. Keys may be added within a version; none changes its meaning. */
export const DriftReport = z.object({
  schemaVersion: z.literal(1),
  reference: z.object({ location: z.string(), rows: z.number() }),
  current: z.object({ location: z.string(), rows: z.number() }),
  columns: z.array(ColumnDrift),
  dataset: z.object({
    /** Drifted columns among those with a verdict; null when there are none. */
    drifted_share: z.number().nullable(),
    verdict: z.enum(['drifted', 'stable', 'insufficient_data']),
    reason: z.string(),
  }),
  /** With --multivariate: whether a classifier tells current rows from reference rows. */
  multivariate: z
    .object({
      method: z.literal('domain_classifier'),
      auc: z.number().nullable(),
      p_value: z.number().nullable(),
      verdict: z.enum(['drifted', 'stable', 'insufficient_data']),
      reason: z.string(),
    })
    .optional(),
});
export type DriftReport = z.infer<typeof DriftReport>;
