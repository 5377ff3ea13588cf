import type { Rollout } from '../../contracts/spec/operation.ts';

/** One step of a rollout: what traffic the challenger gets, for how long, and what its end asks for. */
export interface RolloutStep {
  readonly phase: 'shadow' | 'canary' | 'bake';
  /** Per cent of live traffic; 0 in shadow, where requests are copied. */
  readonly weight: number;
  readonly durationMs: number;
  /** Low traffic extends the step up to this; then a person is asked. */
  readonly maxDurationMs: number;
  /** Per arm. */
  readonly minSamples: number;
  /** Whether the champion serves beside it, so that the arms can be compared. */
  readonly compared: boolean;
  /** The last compared step before all traffic moves: it must show that the challenger is not worse. */
  readonly decisive: boolean;
}

/**
 * The steps of a rollout: shadow, each weight below 100, then the bake at 100 %. The first version ever has
 * nothing to be compared with and would leave requests unanswered at less: it bakes at 100 % at once, on
 * absolute checks.
 */
export function planRollout(policy: Rollout, champion: number | null): readonly RolloutStep[] {
  const { shadow, step } = policy;
  const bake: RolloutStep = {
    phase: 'bake',
    weight: 100,
    durationMs: policy.bake.duration,
    maxDurationMs: policy.bake.duration + step.maxDuration,
    minSamples: step.minSamples,
    compared: false,
    decisive: false,
  };
  if (champion === null) return [bake];
  const weights = policy.weights.filter((weight) => weight < 100).sort((a, b) => a - b);
  const canary = weights.map<RolloutStep>((weight, index) => ({
    phase: 'canary',
    weight,
    durationMs: step.duration,
    maxDurationMs: Math.max(step.duration, step.maxDuration),
    minSamples: step.minSamples,
    compared: true,
    decisive: index === weights.length - 1,
  }));
  const shadowed: RolloutStep[] =
    shadow === null
      ? []
      : [
          {
            phase: 'shadow',
            weight: 0,
            durationMs: shadow.duration,
            maxDurationMs: Math.max(shadow.duration, step.maxDuration),
            minSamples: shadow.minSamples,
            compared: true,
            decisive: false,
          },
        ];
  return [...shadowed, ...canary, bake];
}

export interface RouteWeights {
  readonly weights: readonly { readonly version: number; readonly weight: number }[];
  readonly shadow: readonly number[];
}

/** The route of a step. Weights are positive, of different versions, and always sum to 100. */
export function routeOf(version: number, champion: number | null, weight: number): RouteWeights {
  if (champion === null || champion === version || weight >= 100) {
    return { weights: [{ version, weight: 100 }], shadow: [] };
  }
  if (weight <= 0) return { weights: [{ version: champion, weight: 100 }], shadow: [version] };
  return {
    weights: [
      { version: champion, weight: 100 - weight },
      { version, weight },
    ],
    shadow: [],
  };
}
