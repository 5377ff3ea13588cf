import type { BootstrapOptions } from './bootstrap-interval.ts';

/** How many resamples, and the share of their values beyond either end of the interval. */
export function bootstrapPlan(options: BootstrapOptions): {
  readonly resamples: number;
  readonly tail: number;
} {
  const { confidence = 0.95, resamples = 1_000 } = options;
  if (!(confidence > 0 && confidence < 1))
    throw new RangeError(`confidence must lie between 0 and 1; got ${confidence}.`);
  if (!(Number.isInteger(resamples) && resamples >= 0))
    throw new RangeError(`resamples must be a whole number; got ${resamples}.`);
  return { resamples, tail: (1 - confidence) / 2 };
}
