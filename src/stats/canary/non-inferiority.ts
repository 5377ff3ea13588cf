import { normalSurvival } from '../distributions/normal.ts';
import { studentTSurvival } from '../distributions/student-t.ts';
import { noSpread } from './no-spread.ts';
import type { Interval, Proportion } from './proportion.ts';
import { requireProportion } from './proportion.ts';
import { restrictedRates } from './restricted-rates.ts';
import type { SampleMoments } from './sample-moments.ts';
import { twoProportionTest } from './two-proportion-test.ts';
import { welchTest } from './welch-test.ts';

export interface NonInferiorityInput {
  /** Both proportions, or both moments. */
  readonly control: Proportion | SampleMoments;
  readonly treatment: Proportion | SampleMoments;
  /** How much worse the treatment may be, at least 0, in the metric's unit; 0 asks whether it is better. */
  readonly margin: number;
  /** One-sided. Default 0.05. */
  readonly alpha?: number;
  /** False for errors and latencies. Default true. */
  readonly higherIsBetter?: boolean;
  /** Fewer trials in either arm are no verdict. Default 30. */
  readonly minPerArm?: number;
}

export interface NonInferiorityEvidence {
  /** treatment − control. */
  readonly difference: number | null;
  /** Of the difference, at 1 − 2·alpha. */
  readonly interval: Interval | null;
  /** Against "worse by the margin or more"; small shows non-inferiority. */
  readonly pValue: number | null;
  /** Against "no worse than the margin"; small shows inferiority. */
  readonly pInferior: number | null;
  readonly reason: string;
}

export type NonInferiority =
  | ({ readonly kind: 'non_inferior' } & NonInferiorityEvidence)
  | ({ readonly kind: 'inferior' } & NonInferiorityEvidence)
  | ({ readonly kind: 'inconclusive' } & NonInferiorityEvidence)
  | ({ readonly kind: 'insufficient_data' } & NonInferiorityEvidence);

/**
 * Is the treatment at most `margin` worse than the control? At one fixed look. Proportions: Farrington & Manning's
 * score test (1990), its variance taken at the nearest rates that differ by exactly the margin, so that arms without
 * a single failure are judged too. Means: Welch's t against the margin.
 */
export function nonInferiority(input: NonInferiorityInput): NonInferiority {
  if (!(input.margin >= 0)) throw new RangeError(`margin must be at least 0; got ${input.margin}.`);
  const alpha = input.alpha ?? 0.05;
  const minimum = Math.max(2, input.minPerArm ?? 30);
  const sign = (input.higherIsBetter ?? true) ? 1 : -1;
  const fewest = Math.min(size(input.control), size(input.treatment));
  const nothing = { difference: null, interval: null, pValue: null, pInferior: null };
  if (fewest < minimum) {
    const reason = `${fewest} trials in the smaller arm < minPerArm ${minimum}`;
    return { kind: 'insufficient_data', ...nothing, reason };
  }
  const { control, treatment } = input;
  const tested =
    isProportion(control) && isProportion(treatment)
      ? ofProportions(control, treatment, sign * input.margin, alpha)
      : isProportion(control) || isProportion(treatment)
        ? wrongPair()
        : ofMeans(control, treatment, sign * input.margin, alpha);
  if (typeof tested === 'string') return { kind: 'insufficient_data', ...nothing, reason: tested };
  const pValue = sign > 0 ? tested.pAbove : tested.pBelow;
  const pInferior = sign > 0 ? tested.pBelow : tested.pAbove;
  const evidence = { difference: tested.difference, interval: tested.interval, pValue, pInferior };
  const shown = `difference ${Number(tested.difference.toPrecision(3))}, margin ${Number(input.margin.toPrecision(3))}`;
  if (pValue <= alpha)
    return { kind: 'non_inferior', ...evidence, reason: `${shown}, p ${show(pValue)} ≤ ${alpha}` };
  if (pInferior <= alpha) {
    return {
      kind: 'inferior',
      ...evidence,
      reason: `${shown}, worse than the margin with p ${show(pInferior)}`,
    };
  }
  return { kind: 'inconclusive', ...evidence, reason: `${shown}, p ${show(pValue)} > ${alpha}` };
}

interface Tested {
  readonly difference: number;
  readonly interval: Interval | null;
  /** That the difference is above (below) the null line by chance. */
  readonly pAbove: number;
  readonly pBelow: number;
}

/** Without any variance at the null line (a margin beyond every rate, say) this keeps the quotient defined. */
const LEAST_VARIANCE = 1e-12;

/** Null line: treatment − control = −signedMargin. */
function ofProportions(
  control: Proportion,
  treatment: Proportion,
  signedMargin: number,
  alpha: number,
): Tested {
  requireProportion(control, 'control');
  requireProportion(treatment, 'treatment');
  const delta = -signedMargin;
  const difference = treatment.successes / treatment.trials - control.successes / control.trials;
  const { variance } = restrictedRates(control, treatment, delta);
  const z = (difference - delta) / Math.sqrt(variance > 0 ? variance : LEAST_VARIANCE);
  const interval = twoProportionTest(control, treatment, 2 * alpha).newcombe;
  return { difference, interval, pAbove: normalSurvival(z), pBelow: normalSurvival(-z) };
}

/** Or why there is no test. */
function ofMeans(
  control: SampleMoments,
  treatment: SampleMoments,
  signedMargin: number,
  alpha: number,
): Tested | string {
  const welch = welchTest(control, treatment, 2 * alpha);
  if (welch === null) return noSpread(control.variance + treatment.variance);
  const t = (welch.difference + signedMargin) / welch.standardError;
  const df = welch.degreesOfFreedom;
  return {
    difference: welch.difference,
    interval: welch.interval,
    pAbove: studentTSurvival(t, df),
    pBelow: studentTSurvival(-t, df),
  };
}

function isProportion(arm: Proportion | SampleMoments): arm is Proportion {
  return 'trials' in arm;
}

function size(arm: Proportion | SampleMoments): number {
  return isProportion(arm) ? arm.trials : arm.count;
}

function wrongPair(): never {
  throw new RangeError('control and treatment must both be proportions or both be moments.');
}

function show(p: number): string {
  return String(Number(p.toPrecision(3)));
}
