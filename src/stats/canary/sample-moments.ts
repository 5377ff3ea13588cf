/** Size, mean and sample variance (divisor n − 1): all that tests of means need, and what a database can deliver. */
export interface SampleMoments {
  readonly count: number;
  readonly mean: number;
  readonly variance: number;
}

/** Moments of the finite values by Welford's update; mean and variance are 0 where they are not defined. */
export function sampleMoments(values: ArrayLike<number | null | undefined>): SampleMoments {
  let count = 0;
  let mean = 0;
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    const v = values[i];
    if (typeof v !== 'number' || !Number.isFinite(v)) continue;
    count++;
    const delta = v - mean;
    mean += delta / count;
    squares += delta * (v - mean);
  }
  return { count, mean, variance: count > 1 ? squares / (count - 1) : 0 };
}
