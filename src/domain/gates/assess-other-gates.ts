import type { Gate } from '../../contracts/spec/training.ts';
import type { GateResult } from '../gate-report.ts';
import type { SignatureDiff } from './compare-signatures.ts';

export const MAX_OFFENDING_ROWS = 20;

type RuleGate = Extract<Gate, { type: 'rule' }>;
type EfficiencyGate = Extract<Gate, { type: 'efficiency' }>;

/** What a rule's SQL found: rows that break it, or why it could not run. */
export type RuleOutcome =
  | {
      readonly kind: 'ran';
      readonly count: number;
      readonly rows: readonly Readonly<Record<string, unknown>>[];
    }
  | { readonly kind: 'failed'; readonly reason: string };

/** A rule passes when its SQL returned no row. SQL that could not run is an error, never a pass. */
export function assessRuleGate(gate: RuleGate, outcome: RuleOutcome): GateResult {
  const base = { gate: gate.name, type: 'rule' as const };
  const { description } = gate;
  if (outcome.kind === 'failed')
    return { ...base, verdict: { kind: 'error', reason: outcome.reason }, evidence: { description } };
  if (outcome.count === 0)
    return {
      ...base,
      verdict: { kind: 'pass', reason: `holds: ${description}` },
      evidence: { description, violations: 0 },
    };
  return {
    ...base,
    verdict: {
      kind: 'fail',
      reason: `${outcome.count} ${outcome.count === 1 ? 'row breaks' : 'rows break'} the rule: ${description}`,
    },
    evidence: {
      description,
      violations: outcome.count,
      rows: outcome.rows.slice(0, MAX_OFFENDING_ROWS),
    },
  };
}

/** Holds size and speed to their limits. `latencyMsP99` is of single predictions in one thread. */
export function assessEfficiencyGate(
  gate: EfficiencyGate,
  measured: { readonly latencyMsP99: number | null; readonly sizeBytes: number },
): GateResult {
  const base = { gate: gate.name, type: 'efficiency' as const };
  const { maxLatencyMsP99, maxSizeBytes } = gate;
  const evidence = {
    sizeBytes: measured.sizeBytes,
    latencyMsP99: measured.latencyMsP99,
    ...(maxSizeBytes === undefined ? {} : { maxSizeBytes }),
    ...(maxLatencyMsP99 === undefined ? {} : { maxLatencyMsP99 }),
  };
  if (maxLatencyMsP99 === undefined && maxSizeBytes === undefined)
    return {
      ...base,
      verdict: {
        kind: 'error',
        reason: 'the gate sets no limit; give it maxLatencyMsP99 or maxSizeBytes',
      },
      evidence,
    };
  const missed: string[] = [];
  if (maxSizeBytes !== undefined && measured.sizeBytes > maxSizeBytes)
    missed.push(`the artifact has ${measured.sizeBytes} bytes, over ${maxSizeBytes}`);
  if (
    maxLatencyMsP99 !== undefined &&
    measured.latencyMsP99 !== null &&
    measured.latencyMsP99 > maxLatencyMsP99
  )
    missed.push(`p99 of a prediction is ${measured.latencyMsP99.toFixed(2)} ms, over ${maxLatencyMsP99} ms`);
  if (missed.length > 0) return { ...base, verdict: { kind: 'fail', reason: missed.join('; ') }, evidence };
  if (maxLatencyMsP99 !== undefined && measured.latencyMsP99 === null)
    return {
      ...base,
      verdict: { kind: 'insufficient_data', reason: 'the latency could not be measured' },
      evidence,
    };
  return { ...base, verdict: { kind: 'pass', reason: 'within its limits' }, evidence };
}

/** Whether the file in the store loads and tells rows apart: what passes here can be served. */
export function assessLoadsGate(
  loaded:
    | { readonly kind: 'loaded'; readonly rows: number; readonly distinctScores: number }
    | { readonly kind: 'failed'; readonly reason: string },
): GateResult {
  const base = { gate: 'loads', type: 'loads' as const };
  if (loaded.kind === 'failed')
    return { ...base, verdict: { kind: 'fail', reason: loaded.reason }, evidence: {} };
  const evidence = { rows: loaded.rows, distinctScores: loaded.distinctScores };
  if (loaded.rows > 1 && loaded.distinctScores <= 1)
    return {
      ...base,
      verdict: { kind: 'fail', reason: `gives the same score to all ${loaded.rows} rows of the holdout` },
      evidence,
    };
  return { ...base, verdict: { kind: 'pass', reason: 'loads and answers' }, evidence };
}

/**
 * A change that breaks callers fails where they send tensors themselves. Where the gateway looks the features up
 * (`serving.rank`), inputs are no business of the callers and may change.
 */
export function assessSignatureGate(diff: SignatureDiff | null, callersSendTensors: boolean): GateResult {
  const base = { gate: 'signature', type: 'signature' as const };
  if (diff === null)
    return {
      ...base,
      verdict: { kind: 'pass', reason: 'the first version sets the signature' },
      evidence: {},
    };
  const changes = diff.changes.map((change) => change.text);
  const evidence = { change: diff.kind, changes };
  if (diff.kind !== 'breaking' || !callersSendTensors) {
    const reason =
      diff.kind === 'breaking'
        ? 'inputs differ; callers send keys, not tensors'
        : `${diff.kind} to the champion's signature`;
    return { ...base, verdict: { kind: 'pass', reason }, evidence };
  }
  return {
    ...base,
    verdict: { kind: 'fail', reason: `breaks those who call the champion: ${changes.join('; ')}` },
    evidence,
  };
}
