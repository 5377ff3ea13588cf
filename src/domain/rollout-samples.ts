/** An outcome of one arm. */
export interface OutcomeSamples {
  /** Requests that have it, and for which it has had the time that the spec says it takes. */
  readonly count: number;
  /** Of its values; a boolean is 1 a request at most. */
  readonly sum: number;
  /**
   * Kish's design effect, at least 1: by how much the variance of the mean exceeds that of as many independent requests,
   * because requests of one split key are alike. Left out is 1.
   */
  readonly designEffect?: number;
}

/** What one arm of a rollout did since a route generation began. */
export interface ArmSamples {
  readonly version: number;
  readonly requests: number;
  readonly errors: number;
  readonly latencyMsP50: number | null;
  readonly latencyMsP99: number | null;
  /** By outcome name. */
  readonly outcomes: Readonly<Record<string, OutcomeSamples>>;
}

export interface RolloutSamples {
  readonly generation: number;
  /** Milliseconds since the epoch, from the database's clock. */
  readonly since: number;
  readonly measuredAt: number;
  readonly champion: ArmSamples | null;
  readonly challenger: ArmSamples;
  /** For shadow: requests that both arms answered, and for how many the first choice was the same. */
  readonly shadow: { readonly pairs: number; readonly sameTop: number } | null;
}
