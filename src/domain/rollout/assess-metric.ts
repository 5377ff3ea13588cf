import type { AnalysisMetric } from '../../contracts/spec/operation.ts';
import { assertNever } from '../../errors/assert-never.ts';
import type { ArmSamples, OutcomeSamples, RolloutSamples } from '../rollout-samples.ts';
import { effectiveProportion } from '../../stats/canary/design-effect.ts';
import type { Verdict } from '../verdict.ts';
import { compareArms } from './compare-arms.ts';
import { exceedsRate } from './error-rate.ts';
import type { RolloutStep } from './plan.ts';
import type { ProofLook } from './proof.ts';

/** Below this a ratio of two p99s says more about the machine than about the model. */
const LATENCY_NOISE_FLOOR_MS = 20;
/** Fewer requests than this make no median worth judging. */
const MEDIAN_MIN_REQUESTS = 20;

export interface MetricLook {
  /** The step's time is over. */
  readonly final: boolean;
  readonly proof: ProofLook;
  /** Of the analysis, this one too. Any one's harm aborts, so they share alpha (Bonferroni). */
  readonly outcomes: number;
}

/**
 * One metric at one look. A step is looked at many times, so only evidence that stays valid under repeated looks may
 * fail it, but for what `proof` allows. Only the decisive step, the last before all traffic moves, must show
 * non-inferiority: at the small weights before it that would take months, and there the minimum of samples without
 * shown harm is what a step is for.
 */
export function assessMetric(
  metric: AnalysisMetric,
  samples: RolloutSamples,
  step: RolloutStep,
  look: MetricLook,
): Verdict {
  switch (metric.metric) {
    case 'errors':
      return assessErrors(metric.maxRate, samples.challenger, step);
    case 'latency':
      return assessLatency(metric, samples, step, look.final);
    case 'outcome':
      return assessOutcome(metric, samples, step, look);
    default:
      return assertNever(metric, 'analysis metric');
  }
}

function assessErrors(maxRate: number, arm: ArmSamples, step: RolloutStep): Verdict {
  const seen = `${String(arm.errors)} errors in ${String(arm.requests)} requests, limit ${percent(maxRate)}`;
  if (exceedsRate(arm.errors, arm.requests, maxRate)) return { kind: 'fail', reason: `errors: ${seen}` };
  if (arm.requests < step.minSamples) return tooFew('errors', arm.requests, step);
  if (arm.errors > maxRate * arm.requests) {
    return { kind: 'insufficient_data', reason: `errors: ${seen}; above it, but that may be chance` };
  }
  return { kind: 'pass', reason: `errors: ${seen}` };
}

function assessLatency(
  metric: Extract<AnalysisMetric, { metric: 'latency' }>,
  samples: RolloutSamples,
  step: RolloutStep,
  final: boolean,
): Verdict {
  const { challenger, champion } = samples;
  const base = step.compared ? (champion?.latencyMsP99 ?? null) : null;
  const ratioLimit = base === null ? null : Math.max(base * metric.maxRatio, LATENCY_NOISE_FLOOR_MS);
  const limits = [metric.maxMsP99 ?? null, ratioLimit].filter((limit): limit is number => limit !== null);
  if (limits.length === 0) {
    if (step.compared) return tooFew('latency', champion?.requests ?? 0, step);
    return { kind: 'pass', reason: 'latency: no absolute limit is set, and no champion to compare with' };
  }
  const limit = Math.min(...limits);
  const { latencyMsP50: p50, latencyMsP99: p99, requests } = challenger;
  if (p50 !== null && p50 > limit && requests >= MEDIAN_MIN_REQUESTS) {
    return {
      kind: 'fail',
      reason: `latency: even the median, ${ms(p50)}, is over the limit of ${ms(limit)}`,
    };
  }
  const fewest = step.compared ? Math.min(requests, champion?.requests ?? 0) : requests;
  if (p99 === null || fewest < step.minSamples) return tooFew('latency', fewest, step);
  const seen = `p99 ${ms(p99)}, limit ${ms(limit)}`;
  if (p99 <= limit) return { kind: 'pass', reason: `latency: ${seen}` };
  return final
    ? { kind: 'fail', reason: `latency: ${seen}` }
    : { kind: 'insufficient_data', reason: `latency: ${seen}; judged at the end of the step` };
}

function assessOutcome(
  metric: Extract<AnalysisMetric, { metric: 'outcome' }>,
  samples: RolloutSamples,
  step: RolloutStep,
  { proof, outcomes }: MetricLook,
): Verdict {
  const { outcome, higherIsBetter, alpha } = metric;
  if (step.phase === 'shadow') {
    return { kind: 'pass', reason: `${outcome}: nobody sees a shadow, so it has no outcomes` };
  }
  for (const arm of [samples.challenger, samples.champion]) {
    const { count, sum } = seenOf(arm, outcome);
    if (Number.isInteger(sum) && sum >= 0 && sum <= count) continue;
    const seen = `a sum of ${String(sum)} in ${String(count)} requests of version ${String(arm?.version)}`;
    const mend = 'compare a boolean outcome, and watch a number by a monitor';
    const reason = `${outcome}: ${seen} is no count of yeses; ${mend}`;
    return { kind: 'error', reason };
  }
  const treatment = effectiveProportion(seenOf(samples.challenger, outcome));
  if (!step.compared) {
    if (treatment.trials < step.minSamples) return tooFew(outcome, treatment.trials, step);
    return {
      kind: 'pass',
      reason: `${outcome}: ${shown(samples.challenger, outcome)}, no champion beside it to compare with`,
    };
  }
  const control = effectiveProportion(seenOf(samples.champion, outcome));
  const margin = { ofControl: metric.margin };
  const seen = `${outcome}: challenger ${shown(samples.challenger, outcome)}, champion ${shown(samples.champion, outcome)}`;
  const [compared] = compareArms(
    [{ arms: { kind: 'proportion', control, treatment }, margin, higherIsBetter }] as const,
    {
      alpha: alpha / outcomes,
      passAlpha: alpha,
      share: proof.share,
      minSamples: step.minSamples,
      look: LOOK[proof.kind],
    },
  );
  const { kind, reason } = compared.verdict;
  const allowed = kind === 'fail' ? `, margin ${percent(metric.margin)} of the champion's rate` : '';
  return { ...compared.verdict, reason: `${seen}; ${reason}${allowed}` };
}

const LOOK = { watch: 'watch', fixed: 'final', sequence: 'sequential' } as const;

/** Whether both arms have as much of a metric as the step asks for. */
export function hasSamples(metric: AnalysisMetric, samples: RolloutSamples, step: RolloutStep): boolean {
  if (metric.metric !== 'outcome') return true;
  const arms = [samples.challenger, samples.champion].map((arm) => seenOf(arm, metric.outcome));
  return arms.every((arm) => effectiveProportion(arm).trials >= step.minSamples);
}

function tooFew(name: string, count: number, step: RolloutStep): Verdict {
  const reason = `${name}: ${String(count)} samples in the smaller arm < minSamples ${String(step.minSamples)}`;
  return { kind: 'insufficient_data', reason };
}

function seenOf(arm: ArmSamples | null, outcome: string): OutcomeSamples {
  return arm?.outcomes[outcome] ?? { count: 0, sum: 0 };
}

function shown(arm: ArmSamples | null, outcome: string): string {
  const { count, sum } = seenOf(arm, outcome);
  const worth = effectiveProportion(seenOf(arm, outcome)).trials;
  const alike = worth < count ? ` (worth ${String(worth)} independent ones)` : '';
  return `${percent(count === 0 ? 0 : sum / count)} of ${String(count)}${alike}`;
}

function percent(share: number): string {
  return `${String(Number((share * 100).toPrecision(3)))} %`;
}

function ms(value: number): string {
  return `${String(Number(value.toPrecision(3)))} ms`;
}
