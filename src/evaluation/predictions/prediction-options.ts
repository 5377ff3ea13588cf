import type { PredictionTask } from './infer-task.ts';

/** What `evaluate` was asked for; whatever is null is told from the data. */
export interface PredictionOptions {
  readonly task: PredictionTask | null;
  readonly label: string | null;
  /** One column of scores; several for multiclass: one per class. */
  readonly score: readonly string[];
  readonly prediction: string | null;
  readonly positive: string | null;
  readonly weight: string | null;
  /** Ranking: whose list a row belongs to, and what it shows. */
  readonly group: string | null;
  readonly item: string | null;
  readonly sensitive: string | null;
  /** Clarify's group variable: disparities are also compared within its values. */
  readonly strata: string | null;
  /** `country`, or crossed `country*device`. */
  readonly slices: readonly string[];
  readonly minSliceSize: number;
  /** Scores of at least this are positive. */
  readonly cut: number;
  readonly k: number;
  /** Resamples; 0 for no intervals. */
  readonly bootstrap: number;
  readonly seed: number;
  /** `auc>=0.8`, of all rows. */
  readonly thresholds: readonly string[];
  /** … of all rows and of each slice of at least `minSliceSize` rows. */
  readonly sliceThresholds: readonly string[];
}
