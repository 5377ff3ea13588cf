/** Metrics of one set of rows by name; null where the rows do not define one (no positives, no rows). */
export type MetricValues = Readonly<Record<string, number | null>>;

interface SliceMetrics {
  /** `region=EU`. */
  readonly name: string;
  readonly count: number;
  readonly metrics: MetricValues;
}

/** What a version scored on a holdout, as far as gates look at it. */
export interface JudgedMetrics {
  readonly overall: MetricValues;
  readonly count: number;
  readonly slices: readonly SliceMetrics[];
}

/** The champion on the same holdout; why not, when it cannot be scored there. null: there is no champion. */
export type ChampionMetrics =
  | { readonly kind: 'scored'; readonly metrics: JudgedMetrics }
  | { readonly kind: 'unscorable'; readonly reason: string }
  | null;
