/** A measure that can decide whether a column drifted. */
export type DriftMethod =
  'js_distance' | 'psi' | 'kl' | 'hellinger' | 'tvd' | 'l_infinity' | 'ks' | 'wasserstein_normed';

/** What `auto` asks: all of a number, of a category those that need no order. */
export const AUTO_METHODS: readonly DriftMethod[] = ['js_distance', 'wasserstein_normed'];

export interface DriftPolicy {
  /**
   * `auto`: Jensen-Shannon distance (base 2) for every kind of column, and for numbers the normed Wasserstein
   * distance beside it; the first sees any change of shape, the second finds a shift in small windows.
   */
  readonly method?: 'auto' | DriftMethod;
  /** Smallest effect worth an alarm, per method; what is left out keeps its published default. */
  readonly thresholds?: Readonly<Partial<Record<DriftMethod, number>>>;
  /** Highest chance that a column without drift alarms, all methods of the column together. Default 0.005. */
  readonly alpha?: number;
  /** Fewer usable values on either side are no verdict. Default 30. */
  readonly minSamples?: number;
  /** Random relabellings at most. Default 999. */
  readonly permutations?: number;
  readonly seed?: number;
  /** Smallest change of the share of missing values that counts. Default 0.05. */
  readonly missingRateThreshold?: number;
}

/** Effect sizes at which the field's tools alarm (Evidently 0.7, TFDV, the PSI rule of thumb). */
export const PUBLISHED_THRESHOLDS: Readonly<Record<DriftMethod, number>> = {
  js_distance: 0.1,
  psi: 0.1,
  kl: 0.1,
  hellinger: 0.1,
  tvd: 0.1,
  l_infinity: 0.1,
  ks: 0.1,
  wasserstein_normed: 0.1,
};

/** Divergences grow with the square of a shift, distances with the shift. */
export const IS_DIVERGENCE: Readonly<Record<DriftMethod, boolean>> = {
  js_distance: false,
  psi: true,
  kl: true,
  hellinger: false,
  tvd: false,
  l_infinity: false,
  ks: false,
  wasserstein_normed: false,
};

/** These need an order and are undefined for categories. */
export const NEEDS_ORDER: Readonly<Record<DriftMethod, boolean>> = {
  js_distance: false,
  psi: false,
  kl: false,
  hellinger: false,
  tvd: false,
  l_infinity: false,
  ks: true,
  wasserstein_normed: true,
};

export type ResolvedDriftPolicy = Required<Omit<DriftPolicy, 'thresholds'>> & {
  readonly thresholds: Readonly<Record<DriftMethod, number>>;
};

/** Fills in the defaults; a policy that could never be right is a RangeError. */
export function resolveDriftPolicy(policy: DriftPolicy = {}): ResolvedDriftPolicy {
  const alpha = policy.alpha ?? 0.005;
  const permutations = policy.permutations ?? 999;
  if (!(alpha > 0 && alpha < 1)) throw new RangeError(`alpha must lie between 0 and 1; got ${alpha}.`);
  if (!Number.isInteger(permutations) || permutations < 2 / alpha - 1) {
    throw new RangeError(
      `permutations must be a whole number of at least 2/alpha − 1 = ${Math.ceil(2 / alpha - 1)}; got ${permutations}.`,
    );
  }
  return {
    method: policy.method ?? 'auto',
    thresholds: { ...PUBLISHED_THRESHOLDS, ...policy.thresholds },
    alpha,
    minSamples: Math.max(2, policy.minSamples ?? 30),
    permutations,
    seed: policy.seed ?? 1,
    missingRateThreshold: policy.missingRateThreshold ?? 0.05,
  };
}
