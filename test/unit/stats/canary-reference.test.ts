import { describe, expect, it } from 'vitest';
import {
  clopperPearsonInterval,
  kolmogorovSmirnov,
  mannWhitneyU,
  mixtureSequentialTest,
  sampleMoments,
  sequentialMeans,
  tunedTau,
  twoProportionTest,
  welchTest,
  wilsonInterval,
} from '../../../src/stats/index.ts';
import { CLOSED_FORM, P_VALUE, expectClose, readReference } from './reference-files.ts';

type Expected = Record<string, any>;
const expected = readReference<Expected>('canary_expected.json');
const growthbook = readReference<Expected>('canary_growthbook.json');
const data = readReference<{ cases: { name: string; control: number[]; canary: number[] }[] }>(
  'canary_data.json',
).cases;
const sample = (name: string): { control: number[]; canary: number[] } => data.find((c) => c.name === name)!;

describe('two proportions equal SciPy and statsmodels', () => {
  it.each((expected.proportions as Expected[]).map((e) => [e.name as string, e] as const))('%s', (_, e) => {
    const a = { successes: e.control[0], trials: e.control[1] };
    const b = { successes: e.canary[0], trials: e.canary[1] };
    const t = twoProportionTest(a, b);
    expectClose(t.z, e.z_pooled, CLOSED_FORM, 'z');
    expectClose(t.zUnpooled, e.z_unpooled, CLOSED_FORM, 'z unpooled');
    expectClose(t.pTwoSided, e.p_two_sided === 'nan' ? e.fisher_two_sided : e.p_two_sided, P_VALUE, 'p');
    expectClose(
      t.pGreater,
      e.p_canary_larger === 'nan' ? e.fisher_greater : e.p_canary_larger,
      P_VALUE,
      'p greater',
    );
    expectClose(t.fisher.pTwoSided, e.fisher_two_sided, P_VALUE, 'fisher');
    expectClose(t.fisher.pGreater, e.fisher_greater, P_VALUE, 'fisher greater');
    for (const [interval, name] of [
      [t.wald, 'diff_ci95_wald'],
      [t.newcombe, 'diff_ci95_newcomb'],
      [t.agrestiCaffo, 'diff_ci95_agresti-caffo'],
      [wilsonInterval(b), 'wilson95_canary'],
      [clopperPearsonInterval(b), 'clopper_pearson95_canary'],
    ] as const) {
      expectClose(interval?.low, e[name][0], CLOSED_FORM, `${name} low`);
      expectClose(interval?.high, e[name][1], CLOSED_FORM, `${name} high`);
    }
  });
});

describe('two samples equal SciPy', () => {
  it.each((expected.mann_whitney as Expected[]).map((e) => [e.name as string, e] as const))(
    '%s',
    (name, e) => {
      const { control, canary } = sample(name);
      const auto = mannWhitneyU(control, canary)!;
      expect(auto.uB).toBe(e.U_canary);
      expectClose(auto.pTwoSided, e.auto, P_VALUE, 'auto');
      expectClose(auto.probabilityBLarger, e.cles_prob_canary_gt_control, CLOSED_FORM, 'P(b > a)');
      const asymptotic = mannWhitneyU(control, canary, { method: 'asymptotic' })!;
      expectClose(asymptotic.pTwoSided, e.p_asymptotic_cc, P_VALUE, 'asymptotic');
      expectClose(asymptotic.pGreater, e.p_greater_cc, P_VALUE, 'greater');
      expectClose(
        mannWhitneyU(control, canary, { method: 'asymptotic', continuity: false })!.pTwoSided,
        e.p_asymptotic_no_cc,
        P_VALUE,
        'no correction',
      );
      const welch = welchTest(sampleMoments(control), sampleMoments(canary))!;
      expectClose(welch.t, e.welch.t, CLOSED_FORM, 't');
      expectClose(welch.degreesOfFreedom, e.welch.df, CLOSED_FORM, 'df');
      expectClose(welch.pTwoSided, e.welch.p, P_VALUE, 'welch p');
      expectClose(welch.interval.low, e.welch.ci95[0], CLOSED_FORM, 'ci low');
      expectClose(welch.interval.high, e.welch.ci95[1], CLOSED_FORM, 'ci high');
      expectClose(kolmogorovSmirnov(control, canary)!.pValue, e.ks_p, P_VALUE, 'ks');
    },
  );
});

describe('sequential tests', () => {
  it.each(['null', 'effect_0.2'])('likelihood ratios and always-valid p of a stream: %s', (name) => {
    const e = expected.sequential[name];
    const { control, canary } = sample(`seq_${name}`);
    let p = 1;
    let first: number | null = null;
    let difference = 0;
    for (let n = 1; n <= 2000; n++) {
      difference += canary[n - 1]! - control[n - 1]!;
      const t = mixtureSequentialTest({
        difference: difference / n,
        standardError: Math.sqrt((2 * e.sigma2) / n),
        tau: Math.sqrt(e.tau2),
        alpha: e.alpha,
      });
      p = Math.min(p, t.pValue);
      if (first === null && p <= e.alpha) first = n;
      const at = e.at[String(n)];
      if (at === undefined) continue;
      expectClose(t.likelihoodRatio, at.LR, CLOSED_FORM, `LR at ${n}`);
      expectClose(p, at.p_always_valid, P_VALUE, `p at ${n}`);
    }
    expect(first).toBe(e.first_n_below_alpha);
  });
  it('confidence sequence', () => {
    for (const e of expected.sequential.ci_examples as Expected[]) {
      const t = mixtureSequentialTest({
        difference: e.diff,
        standardError: Math.sqrt(e.V / e.n),
        tau: Math.sqrt(e.tau2),
        alpha: e.alpha,
      });
      expectClose(t.interval.low, e.ci[0], CLOSED_FORM, 'low');
      expectClose(t.interval.high, e.ci[1], CLOSED_FORM, 'high');
    }
  });
  it('proportions at τ² = 1e-4', () => {
    for (const [name, e] of Object.entries(expected.sequential['proportions_tau2_1e-4'] as Expected)) {
      if (e.diff === undefined) continue;
      const t = mixtureSequentialTest({ difference: e.diff, standardError: Math.sqrt(e.se2), tau: 0.01 });
      expectClose(t.likelihoodRatio, e.LR, CLOSED_FORM, name);
      expectClose(t.pValue, e.p, P_VALUE, name);
    }
  });
  it.each(Object.entries(growthbook.means as Expected))("GrowthBook's sequential means: %s", (name, e) => {
    const { control, canary } = sample(name);
    const t = sequentialMeans(sampleMoments(control), sampleMoments(canary), { expectedTrials: 5000 });
    expectClose(t.interval.low, e.sequential.ci[0], CLOSED_FORM, 'low');
    expectClose(t.interval.high, e.sequential.ci[1], CLOSED_FORM, 'high');
  });
  it.each(
    Object.entries(growthbook.proportions as Expected).filter(
      ([, e]) => (e as Expected).sequential.error === null,
    ),
  )("GrowthBook's confidence sequence of proportions: %s", (name, e) => {
    const { control, canary } = (expected.proportions as Expected[]).find((p) => p.name === name)!;
    const variance = [control, canary].reduce((sum, [x, n]) => sum + ((x / n) * (1 - x / n)) / n, 0);
    const t = mixtureSequentialTest({
      difference: (e as Expected).sequential.expected,
      standardError: Math.sqrt(variance),
      tau: tunedTau(variance, control[1] + canary[1], growthbook.tuning_parameter, growthbook.alpha),
      alpha: growthbook.alpha,
    });
    expectClose(t.interval.low, (e as Expected).sequential.ci[0], CLOSED_FORM, 'low');
    expectClose(t.interval.high, (e as Expected).sequential.ci[1], CLOSED_FORM, 'high');
  });
});
