/** What one arm of a rollout did since a route generation began. */
export interface ArmSamples {
  readonly version: number;
  readonly requests: number;
  readonly errors: number;
  readonly latencyMsP50: number | null;
  readonly latencyMsP99: number | null;
  /** By outcome name: how many requests have that outcome, and the sum of its values (a boolean is 1 a request at most). */
  readonly outcomes: Readonly<Record<string, { readonly count: number; readonly sum: number }>>;
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
