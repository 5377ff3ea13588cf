export type Severity = 'info' | 'warning' | 'critical';
export type FindingAction = 'alert' | 'retrain' | 'rollback';
type MonitorType =
  | 'feature-drift'
  | 'prediction-drift'
  | 'outcome-drift'
  | 'concentration'
  | 'kpi'
  | 'freshness'
  | 'staleness'
  | 'latency';

/** What one monitor saw in one window, after the `k of n and the newest` rule. */
export interface Finding {
  /** Unique and stable for one monitor and window, so that a repeated pass writes the same row. */
  readonly id: string;
  readonly monitor: string;
  readonly type: MonitorType;
  readonly version: number;
  readonly status: 'ok' | 'breach' | 'insufficient_data' | 'error';
  /** Whether k of the last n windows and the newest one breach. Only then is anything done. */
  readonly confirmed: boolean;
  readonly severity: Severity;
  readonly actions: readonly FindingAction[];
  readonly value: number | null;
  readonly threshold: number | null;
  /** One sentence for a person: what was measured, against what. */
  readonly reason: string;
  /** Milliseconds since the epoch. */
  readonly windowStart: number;
  readonly windowEnd: number;
  /** Of the version, in the window. A window whose newest request is no newer than another's shows no new traffic. */
  readonly newestRequestAt?: number;
}
