import { effectiveProportion, twoProportionTest, welchTest } from '../../stats/index.ts';
import type { SampleMoments } from '../../stats/index.ts';
import { insufficient, judged, percent } from './judgement.ts';
import type { Judgement } from './judgement.ts';

/** Outcomes of one span: how many, their sum, and the sum of their squares where it is known. */
export interface OutcomeSample {
  readonly count: number;
  readonly sum: number;
  readonly sumSquares: number | null;
  /** As in `OutcomeSamples`. */
  readonly designEffect?: number;
}

/** One-sided chance of an alarm without a change; a loss must also be larger than the limit. */
const ALPHA = 0.025;

export interface OutcomeComparison {
  readonly outcome: string;
  readonly type: 'boolean' | 'number';
  readonly window: OutcomeSample;
  readonly reference: OutcomeSample;
  /** Fewer outcomes on either side are no verdict. */
  readonly minSamples: number;
}

/**
 * Breaches when the mean outcome fell below `minRatio` of the baseline's and chance does not explain the fall. A
 * small window with an unlucky streak is no breach.
 */
export function judgeKpi(input: OutcomeComparison, minRatio: number): Judgement {
  const short = tooFew(input, minRatio);
  if (short) return short;
  const { now, before } = means(input);
  if (before <= 0) return insufficient(`the baseline of ${input.outcome} is ${shown(before)}`, minRatio);
  const ratio = now / before;
  const { pLess } = compare(input);
  const breach = ratio < minRatio && pLess <= ALPHA;
  const chance = ratio < minRatio && !breach ? `, which chance explains (p ${shown(pLess)})` : '';
  return judged(
    breach,
    ratio,
    minRatio,
    `${described(input)}, ${percent(ratio)} of the baseline (limit ${percent(minRatio)})${chance}`,
  );
}

/** Breaches when the mean outcome moved by more than `maxRelativeChange`, either way, and chance does not explain it. */
export function judgeOutcomeDrift(input: OutcomeComparison, maxRelativeChange: number): Judgement {
  const short = tooFew(input, maxRelativeChange);
  if (short) return short;
  const { now, before } = means(input);
  if (before === 0) return insufficient(`the mean label of ${input.outcome} is 0`, maxRelativeChange);
  const change = (now - before) / Math.abs(before);
  const { pLess, pGreater } = compare(input);
  const p = Math.min(pLess, pGreater);
  const breach = Math.abs(change) > maxRelativeChange && p <= ALPHA;
  const chance =
    Math.abs(change) > maxRelativeChange && !breach ? `, which chance explains (p ${shown(p)})` : '';
  return judged(
    breach,
    change,
    maxRelativeChange,
    `${described(input)}, a change of ${percent(change)} (limit ${percent(maxRelativeChange)})${chance}`,
  );
}

function tooFew(
  { window, reference, minSamples, outcome }: OutcomeComparison,
  limit: number,
): Judgement | null {
  if (window.count < minSamples)
    return insufficient(
      `${window.count} outcomes ${outcome} in the window < minSamples ${minSamples}`,
      limit,
    );
  if (reference.count < minSamples)
    return insufficient(
      `${reference.count} outcomes ${outcome} in the baseline < minSamples ${minSamples}`,
      limit,
    );
  return null;
}

function means(input: OutcomeComparison): { now: number; before: number } {
  return {
    now: input.window.sum / input.window.count,
    before: input.reference.sum / input.reference.count,
  };
}

/** Chance that the window's mean is this much lower (higher) by luck alone. */
function compare({ type, window, reference }: OutcomeComparison): { pLess: number; pGreater: number } {
  // Requests of one user tell less than as many of others.
  if (type === 'boolean')
    return twoProportionTest(effectiveProportion(reference), effectiveProportion(window));
  const now = moments(window, null);
  const before = moments(reference, now.variance);
  // One user's values, however many, have no spread to judge by.
  if (Math.min(now.count, before.count) < 2) return { pLess: 1, pGreater: 1 };
  const test = welchTest(before, now);
  // Without any variance the means themselves decide.
  if (test === null)
    return {
      pLess: now.mean * reference.count < reference.sum ? 0 : 1,
      pGreater: now.mean * reference.count > reference.sum ? 0 : 1,
    };
  return test;
}

/**
 * As of as many independent values as tell as much. A sample whose squares were not kept is taken to vary as the other
 * does.
 */
function moments(sample: OutcomeSample, otherVariance: number | null): SampleMoments {
  const mean = sample.sum / sample.count;
  const variance =
    sample.sumSquares === null || sample.count < 2
      ? (otherVariance ?? 0)
      : Math.max(0, (sample.sumSquares - sample.count * mean * mean) / (sample.count - 1));
  return { count: sample.count / (sample.designEffect ?? 1), mean, variance };
}

function described(input: OutcomeComparison): string {
  const { now, before } = means(input);
  const show = input.type === 'boolean' ? percent : shown;
  return `mean ${input.outcome} ${show(now)} over ${input.window.count} against ${show(before)} over ${input.reference.count}`;
}

function shown(value: number): string {
  return String(Number(value.toPrecision(3)));
}
