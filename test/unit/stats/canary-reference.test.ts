import { describe, expect, it } from 'vitest';
import {
  barnardExact,
  clopperPearsonInterval,
  hodgesLehmann,
  kayentaJudge,
  kolmogorovSmirnov,
  mannWhitneyU,
  mixtureSequentialTest,
  normalTwoSided,
  quantileOfSorted,
  sampleMoments,
  scoreInterval,
  seededRandom,
  sequentialMeans,
  sequentialProportions,
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
    if (e.barnard_p !== null) expectClose(barnardExact(a, b)!.pTwoSided, e.barnard_p, P_VALUE, 'barnard');
    const score = scoreInterval(a, b)!;
    // statsmodels raises where nothing fails, and has a slip that matters not where the control has no success.
    if (Array.isArray(e.diff_ci95_score)) {
      const tolerance = a.successes === 0 ? 1e-11 : 1e-3;
      expect(Math.abs(score.low - e.diff_ci95_score[0]), 'score low').toBeLessThan(tolerance);
      expect(Math.abs(score.high - e.diff_ci95_score[1]), 'score high').toBeLessThan(tolerance);
    } else expect(score.low < 0 && score.high > 0).toBe(true);
  });
});

it("Miettinen and Nurminen's interval is the published one", () => {
  // Newcombe (1998), table II, example (a), method 'Miettinen-Nurminen': 56/70 against 48/80.
  const interval = scoreInterval({ successes: 48, trials: 80 }, { successes: 56, trials: 70 })!;
  expect([interval.low.toFixed(4), interval.high.toFixed(4)]).toEqual(['0.0528', '0.3382']);
  expect(scoreInterval({ successes: 0, trials: 0 }, { successes: 1, trials: 2 })).toBeNull();
});

it('the exact Mann-Whitney test keeps the digits of its smallest p-values', () => {
  // Of all orders of 8 and 1000 values only one puts the 8 below the others: 1 / C(1008, 8).
  const orders = Array.from({ length: 8 }, (_, i) => (1001 + i) / (i + 1)).reduce(
    (product, x) => product * x,
    1,
  );
  const few = Array.from({ length: 8 }, (_, i) => i);
  const many = Array.from({ length: 1000 }, (_, i) => 100 + i);
  const [up, down] = [mannWhitneyU(few, many)!, mannWhitneyU(many, few)!];
  expectClose(up.pTwoSided, 2 / orders, P_VALUE, 'two-sided');
  expectClose(up.pGreater, 1 / orders, P_VALUE, 'greater');
  expectClose(up.pLess, 1, CLOSED_FORM, 'less');
  expectClose(down.pTwoSided, 2 / orders, P_VALUE, 'two-sided, down');
  expectClose(down.pLess, 1 / orders, P_VALUE, 'less, down');
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
      if (e.p_exact !== undefined)
        expectClose(
          mannWhitneyU(control, canary, { method: 'exact' })!.pTwoSided,
          e.p_exact,
          P_VALUE,
          'exact',
        );
      expectClose(hodgesLehmann(control, canary)!.shift, e.hodges_lehmann, CLOSED_FORM, 'shift');
      [control, canary].forEach((values, arm) => {
        expect(values.length).toBe(e.n[arm]);
        expectClose(
          quantileOfSorted(
            [...values].sort((p, q) => p - q),
            0.95,
          ),
          e.p95[arm],
          CLOSED_FORM,
          'p95',
        );
      });
    },
  );
});

describe("verdicts equal Kayenta's judge", () => {
  it.each((expected.mann_whitney as Expected[]).map((e) => [e.name as string, e.kayenta] as const))(
    '%s',
    (name, e) => {
      const { control, canary } = sample(name);
      const k = kayentaJudge(control, canary);
      expect(k.classification).toBe(e.classification);
      expectClose(k.meanRatio, e.mean_ratio, CLOSED_FORM, 'mean ratio');
      // Its root finder stops within 1e-4, and anywhere between the two middle differences.
      expect(Math.abs(k.interval!.low - e.ci98[0])).toBeLessThan(1e-3);
      expect(Math.abs(k.interval!.high - e.ci98[1])).toBeLessThan(1e-3);
      expect(Math.abs(k.estimate! - e.estimate)).toBeLessThan(5e-3);
      expect(Math.abs(k.bound! - e.bound)).toBeLessThan(2e-3);
    },
  );
  it.each([
    ['AA', 1],
    ['plus10pct', 1.1],
    ['plus25pct', 1.25],
    ['plus50pct', 1.5],
  ])('as often, in a simulation: %s', (name, factor) => {
    const e = expected.kayenta_operating_characteristics_n60_lognormal_sigma0_4[name];
    const random = seededRandom(11);
    const draw = (scale: number): number[] =>
      Array.from({ length: 60 }, () => scale * Math.exp(0.4 * random.normal()));
    let high = 0;
    for (let run = 0; run < 200; run++) {
      if (kayentaJudge(draw(50), draw(50 * factor)).classification === 'High') high++;
    }
    // Both are shares of 200 runs.
    const spread = Math.sqrt((2 * Math.max(0.01, e.High * (1 - e.High))) / 200);
    expect(Math.abs(high / 200 - e.High)).toBeLessThan(4 * spread);
  });
  it('has no data without values, and passes what is the same', () => {
    expect(kayentaJudge([], [1]).classification).toBe('Nodata');
    expect(kayentaJudge([3, 1, 2], [1, 2, 3]).classification).toBe('Pass');
    expect(kayentaJudge([5, 5, 5], [5, 5, 5]).classification).toBe('Pass');
  });
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
      expectClose(difference / n, at.mean_diff, CLOSED_FORM, `difference at ${n}`);
      expectClose(t.likelihoodRatio, at.LR, CLOSED_FORM, `LR at ${n}`);
      expectClose(t.likelihoodRatio, at.LR_numeric, CLOSED_FORM, `integrated LR at ${n}`);
      const z = difference / n / Math.sqrt((2 * e.sigma2) / n);
      expectClose(normalTwoSided(z), at.p_fixed_z, P_VALUE, `fixed p at ${n}`);
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
      const [difference, standardError] = [e.diff ?? 0, Math.sqrt(e.se2 ?? 0)];
      const t = mixtureSequentialTest({ difference, standardError, tau: 0.01 });
      if (e.LR === null) {
        // Without variance there is no evidence either way.
        expect([t.likelihoodRatio, t.pValue]).toEqual([1, 1]);
        continue;
      }
      expectClose(t.likelihoodRatio, e.LR, CLOSED_FORM, name);
      expectClose(t.pValue, e.p, P_VALUE, name);
    }
  });
  it.each(Object.entries(growthbook.means as Expected))("GrowthBook's sequential means: %s", (name, e) => {
    const { control, canary } = sample(name);
    const t = sequentialMeans(sampleMoments(control), sampleMoments(canary), {
      expectedTrials: 5000,
      minPerArm: 2,
    });
    expectClose(t.interval.low, e.sequential.ci[0], CLOSED_FORM, 'low');
    expectClose(t.interval.high, e.sequential.ci[1], CLOSED_FORM, 'high');
    expectClose(t.difference, e.sequential.expected, CLOSED_FORM, 'difference');
    expectClose(t.pValue, e.sequential.p, P_VALUE, 'p');
    const fixed = welchTest(sampleMoments(control), sampleMoments(canary))!;
    expectClose(fixed.difference, e.fixed.expected, CLOSED_FORM, 'difference');
    expectClose(fixed.pTwoSided, e.fixed.p, P_VALUE, 'fixed p');
    expectClose(fixed.interval.low, e.fixed.ci[0], 1e-7, 'fixed low');
    expectClose(fixed.interval.high, e.fixed.ci[1], 1e-7, 'fixed high');
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
    expectClose(t.pValue, (e as Expected).sequential.p, P_VALUE, 'p');
    // GrowthBook tests proportions as means with variance p(1 − p).
    const moments = ([x, n]: [number, number]) => ({
      count: n,
      mean: x / n,
      variance: (x / n) * (1 - x / n),
    });
    const fixed = welchTest(moments(control), moments(canary))!;
    expectClose(fixed.difference, (e as Expected).fixed.expected, CLOSED_FORM, 'difference');
    expectClose(fixed.pTwoSided, (e as Expected).fixed.p, P_VALUE, 'fixed p');
    expectClose(fixed.interval.low, (e as Expected).fixed.ci[0], 1e-7, 'fixed low');
    expectClose(fixed.interval.high, (e as Expected).fixed.ci[1], 1e-7, 'fixed high');
  });
  it('where GrowthBook gives up for want of variance, ours either decides or says what is missing', () => {
    const decide = (name: string): string => {
      const { control, canary } = (expected.proportions as Expected[]).find((p) => p.name === name)!;
      const [a, b] = [control, canary].map(([successes, trials]) => ({ successes, trials }));
      return sequentialProportions(a!, b!).decision.kind;
    };
    const gaveUp = Object.entries(growthbook.proportions as Expected).filter(
      ([, e]) => (e as Expected).sequential.error !== null,
    );
    expect(Object.fromEntries(gaveUp.map(([name]) => [name, decide(name)]))).toEqual({
      zero_errors_both: 'undecided',
      zero_control: 'undecided',
      all_fail: 'b_larger',
    });
  });
  it('err as seldom as in the reference simulation, a fixed test looked at 50 times as often', () => {
    const { peeks, ...rates } = expected.sequential.aa_simulation;
    const random = seededRandom(23);
    const runs = 600;
    const count = { msprt_any_peek: 0, fixed_z_any_peek: 0, fixed_z_final_only: 0 };
    for (let run = 0; run < runs; run++) {
      let [sum, n, worst, ratio, p] = [0, 0, 1, 0, 1];
      for (let peek = 0; peek < peeks; peek++) {
        for (let i = 0; i < 20; i++, n++) sum += Math.SQRT2 * random.normal();
        const standardError = Math.sqrt(2 / n);
        p = normalTwoSided(sum / n / standardError);
        worst = Math.min(worst, p);
        const t = mixtureSequentialTest({ difference: sum / n, standardError, tau: 0.2 });
        ratio = Math.max(ratio, t.likelihoodRatio);
      }
      if (ratio >= 20) count.msprt_any_peek++;
      if (worst <= 0.05) count.fixed_z_any_peek++;
      if (p <= 0.05) count.fixed_z_final_only++;
    }
    for (const [name, hits] of Object.entries(count)) {
      const spread = Math.sqrt((rates[name] * (1 - rates[name])) / runs + 1e-5);
      expect(Math.abs(hits / runs - rates[name]), name).toBeLessThan(4 * spread);
    }
  });
});
