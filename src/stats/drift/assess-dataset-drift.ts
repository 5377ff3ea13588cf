import type { ColumnDriftVerdict } from './assess-column-drift.ts';

export interface DatasetDrift {
  readonly kind: 'drifted' | 'stable' | 'insufficient_data';
  /** Drifted columns / judged columns; null when none could be judged. */
  readonly driftedShare: number | null;
  readonly drifted: number;
  readonly judged: number;
  readonly reason: string;
}

/** A dataset drifted when at least this share of its judged columns did (Evidently's default). */
export const DEFAULT_DRIFT_SHARE = 0.5;

/** The verdict over the columns of a dataset; columns without enough data count for neither side. */
export function assessDatasetDrift(
  columns: readonly Pick<ColumnDriftVerdict, 'kind'>[],
  share: number = DEFAULT_DRIFT_SHARE,
): DatasetDrift {
  const judged = columns.filter((c) => c.kind !== 'insufficient_data').length;
  const drifted = columns.filter((c) => c.kind === 'drifted').length;
  if (judged === 0) {
    const reason = `none of ${columns.length} columns has enough data`;
    return { kind: 'insufficient_data', driftedShare: null, drifted, judged, reason };
  }
  const driftedShare = drifted / judged;
  const reason = `${drifted} of ${judged} judged columns drifted; the dataset has drifted from a share of ${share} on`;
  return {
    kind: drifted > 0 && driftedShare >= share ? 'drifted' : 'stable',
    driftedShare,
    drifted,
    judged,
    reason,
  };
}
