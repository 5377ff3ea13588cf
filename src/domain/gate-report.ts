import type { Verdict } from './verdict.ts';

export interface GateResult {
  readonly gate: string;
  readonly type: 'metric' | 'rule' | 'efficiency' | 'signature' | 'loads';
  readonly verdict: Verdict;
  /** Small, shown to people: values, thresholds, slices, up to 20 offending rows. */
  readonly evidence: Readonly<Record<string, unknown>>;
}

export interface GateReport {
  readonly version: number;
  /** The champion that was compared with; null for the first version (change thresholds did not apply). */
  readonly comparedWith: number | null;
  readonly verdict: Verdict;
  readonly gates: readonly GateResult[];
  /** SHA-256 over the canonical JSON of everything that the verdict rests on. An approval binds to it. */
  readonly evidenceHash: string;
  readonly firstVersion: boolean;
  readonly ungated: boolean;
}
