import type { Rollout } from '../../contracts/spec/operation.ts';
import type { RolloutSamples } from '../rollout-samples.ts';
import type { Verdict } from '../verdict.ts';
import { assessMetric, hasSamples } from './assess-metric.ts';
import type { RolloutStep } from './plan.ts';
import type { ProofLook } from './proof.ts';
import type { Proof } from './state.ts';

export interface LookKind {
  /** The step's time is over, so that a pass lets it end. */
  readonly final: boolean;
  readonly proof: ProofLook;
  /** What earlier looks of the step have shown, as in `Proof`. */
  readonly shown: readonly number[];
}

export interface AssessedLook {
  readonly verdict: Verdict;
  /** What this look adds to the step's proof. */
  readonly proof: Proof;
}

/**
 * One look at a step: every metric of the spec, and the worst of their verdicts with all reasons of that kind. No
 * metric at all still asks for the minimum of samples.
 */
export function assessLook(
  samples: RolloutSamples,
  step: RolloutStep,
  policy: Pick<Rollout, 'analysis'>,
  look: LookKind,
): AssessedLook {
  const outcomes = policy.analysis.filter(({ metric }) => metric === 'outcome').length;
  const open = policy.analysis.filter(
    (metric, place) => metric.metric === 'outcome' && !look.shown.includes(place),
  );
  // A fixed look is taken once, and of everything: it waits until there is enough of each outcome.
  const enough = open.every((metric) => hasSamples(metric, samples, step));
  const fixed = look.proof.kind === 'fixed' && open.length > 0 && enough;
  const watch: ProofLook = { kind: 'watch', share: 0 };
  const proof = look.proof.kind === 'fixed' && !fixed ? watch : look.proof;
  const assessed = policy.analysis.map((metric) => {
    const kind = open.includes(metric) ? proof : watch;
    return {
      kind,
      verdict: assessMetric(metric, samples, step, { final: look.final, proof: kind, outcomes }),
    };
  });
  const shown = assessed.flatMap(({ kind, verdict }, place) =>
    kind.kind !== 'watch' && verdict.kind === 'pass' ? [place] : [],
  );
  const verdict = worst(
    assessed.map((one) => one.verdict),
    samples,
    step,
  );
  return { verdict, proof: { fixedLooks: fixed ? 1 : 0, shown } };
}

function worst(verdicts: readonly Verdict[], samples: RolloutSamples, step: RolloutStep): Verdict {
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
