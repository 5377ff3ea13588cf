import { holm } from '../../stats/canary/holm.ts';
import { marginInUnit, marginLine } from '../../stats/canary/margin.ts';
import type { Margin, MarginLine } from '../../stats/canary/margin.ts';
import { mixtureSequentialTest } from '../../stats/canary/mixture-sequential-test.ts';
import { nonInferiority } from '../../stats/canary/non-inferiority.ts';
import type { NonInferiority } from '../../stats/canary/non-inferiority.ts';
import type { Interval, Proportion } from '../../stats/canary/proportion.ts';
import type { SampleMoments } from '../../stats/canary/sample-moments.ts';
import { sequentialMeans, sequentialProportions } from '../../stats/canary/sequential-test.ts';
import type { SequentialTest } from '../../stats/canary/sequential-test.ts';
import type { Verdict } from '../verdict.ts';

/** One metric of both arms, and how much worse the treatment may be. */
export interface ComparedMetric {
  readonly arms:
    | { readonly kind: 'proportion'; readonly control: Proportion; readonly treatment: Proportion }
    | { readonly kind: 'mean'; readonly control: SampleMoments; readonly treatment: SampleMoments };
  readonly margin: Margin;
  readonly higherIsBetter: boolean;
}

export interface ComparisonPolicy {
  /** Chance of a false answer, one-sided. */
  readonly alpha: number;
  /** Chance of a false pass, where it may be another than that of a false fail. */
  readonly passAlpha?: number;
  /** What part of either a fixed look, or the sequence that may pass, may spend. Default all. */
  readonly share?: number;
  /** Per arm. */
  readonly minSamples: number;
  /**
   * `watch`: one of many looks, which only harm may end. `final`: the one fixed look at the end, which must show
   * non-inferiority. `sequential`: one of many looks, any of which may end with either answer.
   */
  readonly look: 'watch' | 'final' | 'sequential';
}

export interface Comparison {
  readonly verdict: Verdict;
  /** treatment − control; null without a value in each arm. */
  readonly difference: number | null;
  /** Always valid, at 1 − 2·alpha. */
  readonly sequence: Interval;
  /** Always-valid p against "no worse than the margin", adjusted for the number of metrics. */
  readonly pHarm: number;
  /** At one fixed look; its `pInferior` is not adjusted. null when watching, which has no use for it. */
  readonly fixed: NonInferiority | null;
}

/**
 * Compares the arms by each metric. Any metric's harm fails the whole, so harm is adjusted by Holm: the chance of a false
 * alarm over all metrics stays at alpha. A pass needs every metric, so that needs no adjustment (Berger 1982).
 */
export function compareArms<M extends readonly ComparedMetric[]>(
  metrics: M,
  policy: ComparisonPolicy,
): { readonly [K in keyof M]: Comparison } {
  const { alpha, passAlpha = alpha, share = 1 } = policy;
  const looks = metrics.map((metric) => {
    const line = marginLine(metric.margin, metric.higherIsBetter, controlMean(metric));
    const test = sequentialTest(metric, alpha, 1);
    const against = line.ratio === 1 ? test : sequentialTest(metric, alpha, line.ratio);
    const fixed =
      policy.look === 'watch'
        ? null
        : nonInferiority({
            ...metric.arms,
            margin: metric.margin,
            alpha: share * passAlpha,
            higherIsBetter: metric.higherIsBetter,
            minPerArm: policy.minSamples,
          });
    return { metric, test, line, fixed, pHarm: harm(metric, line, against) };
  });
  const pHarm = holm(looks.map((look) => look.pHarm));
  const pInferior = holm(looks.map(({ fixed }) => fixed?.pInferior ?? 1));
  const compared: readonly Comparison[] = looks.map(({ metric, test, line, fixed }, i) => ({
    verdict: verdictOf(metric, policy, {
      line,
      fixed,
      pHarm: pHarm[i] ?? 1,
      pInferior: pInferior[i] ?? 1,
    }),
    difference: Math.min(...sizes(metric)) === 0 ? null : test.difference,
    sequence: test.interval,
    pHarm: pHarm[i] ?? 1,
    fixed,
  }));
  return compared as { readonly [K in keyof M]: Comparison };
}

interface Look {
  readonly line: MarginLine;
  readonly fixed: NonInferiority | null;
  readonly pHarm: number;
  readonly pInferior: number;
}

function verdictOf(metric: ComparedMetric, policy: ComparisonPolicy, look: Look): Verdict {
  const { line, fixed } = look;
  const { alpha, minSamples, passAlpha = alpha, share = 1 } = policy;
  if (look.pHarm <= alpha)
    return { kind: 'fail', reason: `worse than the margin allows, always-valid p ${short(look.pHarm)}` };
  const fewest = Math.min(...sizes(metric));
  if (fewest < minSamples) {
    const reason = `${String(fewest)} samples in the smaller arm < minSamples ${String(minSamples)}`;
    return { kind: 'insufficient_data', reason };
  }
  switch (policy.look) {
    case 'watch':
      return { kind: 'pass', reason: 'no harm shown' };
    case 'sequential': {
      const { low, high } = sequentialTest(metric, share * passAlpha, 1).interval;
      const margin = marginInUnit(metric.margin, controlMean(metric));
      const sequence = sequentialTest(metric, share * passAlpha, line.ratio).interval;
      const within = metric.higherIsBetter ? sequence.low > line.delta : sequence.high < line.delta;
      const reason = `the difference lies in ${short(low)} … ${short(high)} whenever one looks, margin ${short(margin)}`;
      return within ? { kind: 'pass', reason } : { kind: 'insufficient_data', reason };
    }
    case 'final': {
      const reason = fixed?.reason ?? 'not tested';
      if (fixed?.kind === 'non_inferior') return { kind: 'pass', reason };
      return { kind: look.pInferior <= share * alpha ? 'fail' : 'insufficient_data', reason };
    }
  }
}

/** One-sided harm at alpha is the two-sided sequence at 2·alpha that lies beyond the margin altogether. */
function sequentialTest({ arms }: ComparedMetric, alpha: number, ratio: number): SequentialTest {
  const options = { alpha: 2 * alpha, ratio };
  return arms.kind === 'proportion'
    ? sequentialProportions(arms.control, arms.treatment, options)
    : sequentialMeans(arms.control, arms.treatment, options);
}

function harm({ higherIsBetter }: ComparedMetric, line: MarginLine, against: SequentialTest): number {
  if (against.decision.kind === 'insufficient_data') return 1;
  const { difference, standardError, tau } = against;
  const beyond = higherIsBetter ? line.delta - difference : difference - line.delta;
  if (beyond <= 0) return 1;
  return mixtureSequentialTest({ difference: beyond, standardError, tau }).pValue / 2;
}

function controlMean({ arms }: ComparedMetric): number {
  if (arms.kind === 'mean') return arms.control.mean;
  const { successes, trials } = arms.control;
  return trials === 0 ? 0 : successes / trials;
}

function sizes({ arms }: ComparedMetric): [number, number] {
  return arms.kind === 'proportion'
    ? [arms.control.trials, arms.treatment.trials]
    : [arms.control.count, arms.treatment.count];
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
