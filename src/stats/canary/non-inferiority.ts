import { normalSurvival } from '../distributions/normal.ts';
import { studentTSurvival } from '../distributions/student-t.ts';
import { marginLine } from './margin.ts';
import type { Margin, MarginLine } from './margin.ts';
import { noSpread } from './no-spread.ts';
import type { Interval, Proportion } from './proportion.ts';
import { requireProportion } from './proportion.ts';
import { restrictedRates, restrictedRatio } from './restricted-rates.ts';
import type { SampleMoments } from './sample-moments.ts';
import { twoProportionTest } from './two-proportion-test.ts';
import { welchTest } from './welch-test.ts';

export interface NonInferiorityInput {
  /** Both proportions, or both moments. */
  readonly control: Proportion | SampleMoments;
  readonly treatment: Proportion | SampleMoments;
  /** How much worse the treatment may be; 0 asks whether it is better. */
  readonly margin: Margin;
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
 * score test (1990) of the difference or of the ratio, its variance taken at the nearest rates that differ by exactly
 * the margin, so that arms without a single failure are judged too. Means: Welch's t against the margin; a share of
 * the control scales the control (the ratio test of Sasabuchi 1988, without equal variances: Hasler et al. 2008).
 * @throws RangeError on a margin below 0, or where one arm is a proportion and the other moments
 */
export function nonInferiority(input: NonInferiorityInput): NonInferiority {
  const { control, treatment } = input;
  const higherIsBetter = input.higherIsBetter ?? true;
  const line = marginLine(input.margin, higherIsBetter, isProportion(control) ? 1 : control.mean);
  const alpha = input.alpha ?? 0.05;
  const minimum = Math.max(2, input.minPerArm ?? 30);
  const fewest = Math.min(size(input.control), size(input.treatment));
  const nothing = { difference: null, interval: null, pValue: null, pInferior: null };
  if (fewest < minimum) {
    const reason = `${fewest} trials in the smaller arm < minPerArm ${minimum}`;
    return { kind: 'insufficient_data', ...nothing, reason };
  }
  const tested =
    isProportion(control) && isProportion(treatment)
      ? ofProportions(control, treatment, line, alpha)
      : isProportion(control) || isProportion(treatment)
        ? wrongPair()
        : ofMeans(control, treatment, line, alpha);
  if (typeof tested === 'string') return { kind: 'insufficient_data', ...nothing, reason: tested };
  const pValue = higherIsBetter ? tested.pAbove : tested.pBelow;
  const pInferior = higherIsBetter ? tested.pBelow : tested.pAbove;
  const evidence = { difference: tested.difference, interval: tested.interval, pValue, pInferior };
  const shown = `difference ${show(tested.difference)}, margin ${showMargin(input.margin)}`;
  if (pValue <= alpha)
    return { kind: 'non_inferior', ...evidence, reason: `${shown}, p ${show(pValue)} ≤ ${show(alpha)}` };
  if (pInferior <= alpha) {
    return {
      kind: 'inferior',
      ...evidence,
      reason: `${shown}, worse than the margin with p ${show(pInferior)}`,
    };
  }
  return { kind: 'inconclusive', ...evidence, reason: `${shown}, p ${show(pValue)} > ${show(alpha)}` };
}

interface Tested {
  readonly difference: number;
  readonly interval: Interval | null;
  /** That the treatment lies so far above (below) the margin's line by chance. */
  readonly pAbove: number;
  readonly pBelow: number;
}

/** Without any variance at the null line (a margin beyond every rate, say) this keeps the quotient defined. */
const LEAST_VARIANCE = 1e-12;

function ofProportions(
  control: Proportion,
  treatment: Proportion,
  { ratio, delta }: MarginLine,
  alpha: number,
): Tested {
  requireProportion(control, 'control');
  requireProportion(treatment, 'treatment');
  const [base, rate] = [control.successes / control.trials, treatment.successes / treatment.trials];
  const { variance } =
    ratio === 1 ? restrictedRates(control, treatment, delta) : restrictedRatio(control, treatment, ratio);
  const z = (rate - ratio * base - delta) / Math.sqrt(variance > 0 ? variance : LEAST_VARIANCE);
  const interval = twoProportionTest(control, treatment, 2 * alpha).newcombe;
  return { difference: rate - base, interval, pAbove: normalSurvival(z), pBelow: normalSurvival(-z) };
}

/** Or why there is no test. */
function ofMeans(
  control: SampleMoments,
  treatment: SampleMoments,
  { ratio, delta }: MarginLine,
  alpha: number,
): Tested | string {
  const plain = welchTest(control, treatment, 2 * alpha);
  const scaled = { ...control, mean: ratio * control.mean, variance: ratio ** 2 * control.variance };
  const against = welchTest(scaled, treatment);
  if (plain === null || against === null) return noSpread(control.variance + treatment.variance);
  const t = (against.difference - delta) / against.standardError;
  return {
    difference: plain.difference,
    interval: plain.interval,
    pAbove: studentTSurvival(t, against.degreesOfFreedom),
    pBelow: studentTSurvival(-t, against.degreesOfFreedom),
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

function showMargin(margin: Margin): string {
  return typeof margin === 'number'
    ? show(margin)
    : `${show(100 * margin.ofControl)} % of the control's mean`;
}

function show(value: number): string {
  return String(Number(value.toPrecision(3)));
}
