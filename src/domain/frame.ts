/** Rows of one part of a frame, as Parquet. */
export interface FramePart {
  readonly blob: string;
  readonly rows: number;
}

/**
 * Labelled examples, ready to train and evaluate on. Both Parquet files hold, in the order of `id`: the id, the event
 * time, the label, the spine's keys and attributes, and each feature as FLOAT in a column named `view.column`.
 */
export interface FrameManifest {
  readonly kind: 'frame';
  readonly model: string;
  readonly environment: string;
  readonly specRevision: number;
  readonly train: FramePart;
  readonly holdout: FramePart;
  /** In the order in which the model takes them. */
  readonly features: readonly string[];
  readonly id: string;
  readonly eventTime: string;
  readonly label: string;
  readonly keys: readonly string[];
  readonly attributes: readonly string[];
  /** Digest by source. */
  readonly datasets: Readonly<Record<string, string>>;
  /** Digest of the offline values by feature view. */
  readonly views: Readonly<Record<string, string>>;
  /** ISO time: the holdout begins here, and training ends `gap` before. */
  readonly splitAt: string;
}
