import { policyOf } from '../../../workflows/builders.ts';
import type { PolicyParts } from '../../../workflows/builders.ts';

const step = { duration: '10m', minSamples: 1, maxDuration: '20m' };
const rollout: NonNullable<PolicyParts['rollout']> = {
  shadow: null,
  weights: [20, 100],
  step,
  bake: { duration: '10m' },
  interval: '5m',
  errorLimit: 2,
};
const shadow = { duration: '5m', minSamples: 1 };

/** The specs that a story changes between: with and without people, automation, shadow, patience, and any time at all. */
export const POLICIES = [
  policyOf({
    approval: { timeout: '24h' },
    rollout,
    retraining: {
      coolDown: '1h',
      dailyBudget: 6,
      gpuHoursPerDay: 2,
      newExamples: { min: 100, maxWait: '2h' },
    },
  }),
  policyOf({
    approval: { quorum: 2, timeout: '24h' },
    rollout: { ...rollout, shadow, automaticPromotion: false },
    retraining: {
      coolDown: '0s',
      dailyBudget: 50,
      maxStrikes: 2,
      newExamples: { min: 1, maxWait: '1s' },
    },
  }),
  policyOf({
    approval: null,
    rollout: { ...rollout, weights: [5, 50, 100], failureLimit: 1 },
    retraining: { coolDown: '6h', dailyBudget: 2, maxStrikes: 1 },
  }),
  policyOf({
    approval: null,
    rollout: {
      ...rollout,
      shadow: { ...shadow, duration: '0s' },
      step: { ...step, duration: '0s' },
      bake: { duration: '0s' },
    },
    retraining: { coolDown: '10m', dailyBudget: 50, newExamples: { min: 100, maxWait: '30d' } },
  }),
] as const;
