import type { Rollout } from '../../contracts/spec/operation.ts';
import type { RolloutSamples } from '../rollout-samples.ts';
import type { Verdict } from '../verdict.ts';
import { assessMetric } from './assess-metric.ts';
import type { RolloutStep } from './plan.ts';

/**
 * One look at a step: every metric of the spec, and the worst of their verdicts with all reasons of that kind.
 * `final` says that the step's time is over, so that a pass lets it end. No metric at all still asks for the
 * minimum of samples.
 */
export function assessLook(
  samples: RolloutSamples,
  step: RolloutStep,
  policy: Pick<Rollout, 'analysis'>,
  final: boolean,
): Verdict {
  const verdicts = policy.analysis.map((metric) => assessMetric(metric, samples, step, final));
  for (const kind of ['fail', 'error', 'insufficient_data'] as const) {
    const found = verdicts.filter((verdict) => verdict.kind === kind);
    if (found.length > 0) return { kind, reason: found.map((verdict) => verdict.reason).join('; ') };
  }
  const { requests } = samples.challenger;
  if (requests < step.minSamples) {
    const reason = `${String(requests)} requests < minSamples ${String(step.minSamples)}`;
    return { kind: 'insufficient_data', reason };
  }
  return {
    kind: 'pass',
    reason: verdicts.map((verdict) => verdict.reason).join('; ') || 'nothing to compare',
  };
}
