import type { Signature } from '../contracts/trainer.ts';
import type { JudgedMetrics } from '../domain/gates/judged-metrics.ts';

export interface StoredTable {
  /** Parquet. */
  readonly blob: string;
  readonly rows: number;
}

/** What a version did on its holdout. No threshold is applied here: gates judge this report. */
export interface EvaluationReport {
  readonly kind: 'evaluation';
  readonly evaluationId: string;
  readonly model: string;
  readonly environment: string;
  readonly version: number;
  readonly specRevision: number;
  readonly runId: string;
  /** SHA-256 of the model file. */
  readonly artifact: string;
  readonly frame: string;
  readonly task: 'binary' | 'regression' | 'multiclass';
  readonly output: string;
  readonly metrics: JudgedMetrics;
  readonly minSliceSize: number;
  /** How many different scores the holdout got; 1 = the model tells no rows apart. */
  readonly distinctScores: number;
  /** The holdout with column `score`; `prediction` too where the task has one. */
  readonly predictions: StoredTable;
  /** Table `recommendations`; null when the spec asks for none. */
  readonly recommendations:
    (StoredTable & { readonly entities: number; readonly candidates: number; readonly k: number }) | null;
  /** Single predictions in one thread, in milliseconds. */
  readonly latency: {
    readonly samples: number;
    readonly msP50: number | null;
    readonly msP99: number | null;
  };
  readonly sizeBytes: number;
  readonly featureImportance: Readonly<Record<string, number>> | null;
  readonly signature: Signature;
}
