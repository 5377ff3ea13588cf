import { describe, expect, it } from 'vitest';
import type { Proportion, SampleMoments, SeededRandom } from '../../../src/stats/index.ts';
import {
  holm,
  nonInferiority,
  powerOfTest,
  requiredSampleSize,
  sampleMoments,
  sampleRatioMismatch,
  seededRandom,
  sequentialMeans,
  sequentialProportions,
  sequentialProportionsExact,
  twoProportionTest,
} from '../../../src/stats/index.ts';

/** Successes of n trials; jumps from success to success, so that rare events cost little. */
function successes(n: number, p: number, random: SeededRandom): number {
  let count = 0;
  for (let i = -1; ; count++) {
    i += 1 + Math.floor(Math.log(1 - random.next()) / Math.log1p(-p));
    if (i >= n) return count;
  }
}

function grow(p: Proportion, trials: number, rate: number, random: SeededRandom): Proportion {
  return { successes: p.successes + successes(trials, rate, random), trials: p.trials + trials };
}

const NOTHING: Proportion = { successes: 0, trials: 0 };
const ALPHA = 0.05;

describe('a sequential canary that is looked at all the time', () => {
  it.each([
    [0.002, 50, 50],
    [0.01, 190, 10],
    [0.1, 95, 5],
    [0.5, 20, 20],
  ])('seldom decides falsely in A/A runs: rate %d, %d against %d new trials per look', (rate, na, nb) => {
    const random = seededRandom(17);
    const runs = 400;
    let approximate = 0;
    let exact = 0;
    let fixed = 0;
    for (let run = 0; run < runs; run++) {
      let [a, b] = [NOTHING, NOTHING];
      const decided = { approximate: false, exact: false, fixed: false };
      for (let look = 0; look < 100; look++) {
        a = grow(a, na, rate, random);
        b = grow(b, nb, rate, random);
        const { kind } = sequentialProportions(a, b, { alpha: ALPHA }).decision;
        if (kind === 'b_larger' || kind === 'b_smaller') decided.approximate = true;
        if (sequentialProportionsExact(a, b).pValue <= ALPHA) decided.exact = true;
        if (rate === 0.5 && twoProportionTest(a, b).pTwoSided <= ALPHA) decided.fixed = true;
      }
      if (decided.approximate) approximate++;
      if (decided.exact) exact++;
      if (decided.fixed) fixed++;
    }
    expect(approximate / runs).toBeLessThanOrEqual(ALPHA);
    expect(exact / runs).toBeLessThanOrEqual(ALPHA);
    // The reason for all this: a test made for one look is wrong far more often when looked at 100 times.
    if (rate === 0.5) expect(fixed / runs).toBeGreaterThan(0.2);
  });

  it('means: at most 5 % of A/A runs, also of skewed values', () => {
    const random = seededRandom(3);
    let decided = 0;
    for (let run = 0; run < 300; run++) {
      const [a, b]: [number[], number[]] = [[], []];
      for (let look = 0; look < 40; look++) {
        for (let i = 0; i < 10; i++) {
          a.push(-Math.log(1 - random.next()));
          b.push(-Math.log(1 - random.next()));
        }
        const { kind } = sequentialMeans(sampleMoments(a), sampleMoments(b), { alpha: ALPHA }).decision;
        if (kind === 'b_larger' || kind === 'b_smaller') {
          decided++;
          break;
        }
      }
    }
    expect(decided / 300).toBeLessThanOrEqual(ALPHA);
  });

  it('finds a canary whose errors doubled, with the right sign', () => {
    const random = seededRandom(5);
    let found = 0;
    for (let run = 0; run < 100; run++) {
      let [a, b] = [NOTHING, NOTHING];
      for (let look = 0; look < 50; look++) {
        a = grow(a, 100, 0.03, random);
        b = grow(b, 100, 0.06, random);
        const { kind } = sequentialProportions(a, b).decision;
        expect(kind).not.toBe('b_smaller');
        if (kind === 'b_larger') {
          found++;
          break;
        }
      }
    }
    expect(found).toBeGreaterThanOrEqual(90);
  });

  it('has no opinion on few trials, keeps the smallest p of earlier looks, survives empty arms', () => {
    const few = { successes: 10, trials: 10 };
    expect(sequentialProportions(NOTHING, few).decision.kind).toBe('insufficient_data');
    const equal = { successes: 10, trials: 1000 };
    const later = sequentialProportions(equal, equal, { previousPValue: 0.01 });
    expect(later.pValue).toBe(0.01);
    expect(later.decision.kind).toBe('undecided');
    const constant: SampleMoments = { count: 100, mean: 1, variance: 0 };
    expect(sequentialMeans(constant, constant).decision.kind).toBe('insufficient_data');
  });

  it('decides alike in every unit, and not at all where a mean or a spread overflows', () => {
    const arms = (unit: number): [SampleMoments, SampleMoments] => [
      { count: 300, mean: unit, variance: unit ** 2 },
      { count: 300, mean: unit / 2, variance: unit ** 2 },
    ];
    const { pValue } = sequentialMeans(...arms(1));
    for (const unit of [1e-150, 1e-90, 1e90, 1e150]) {
      const test = sequentialMeans(...arms(unit));
      expect([test.decision.kind, test.pValue]).toEqual(['b_smaller', expect.closeTo(pValue, 12)]);
      expect(test.interval.high / unit).toBeCloseTo(sequentialMeans(...arms(1)).interval.high, 9);
    }
    const [a, b] = arms(1);
    for (const huge of [{ variance: Number.POSITIVE_INFINITY }, { mean: Number.NaN }]) {
      const test = sequentialMeans({ ...a, ...huge }, b);
      expect([test.decision.kind, test.pValue]).toEqual(['insufficient_data', 1]);
      const judged = nonInferiority({ control: { ...a, ...huge }, treatment: b, margin: 1 });
      expect(judged).toMatchObject({ kind: 'insufficient_data', pValue: null });
      expect(judged.reason).toContain('too large');
    }
  });
});

describe('sample size', () => {
  it('equals the textbook: R power.prop.test(p1 = .10, p2 = .12, power = .8) needs 3841 per arm', () => {
    const design = { kind: 'proportions', baseline: 0.1, difference: 0.02 } as const;
    expect(requiredSampleSize(design)).toEqual({ control: 3841, treatment: 3841 });
    expect(powerOfTest({ ...design, controlTrials: 3841 })).toBeCloseTo(0.8, 4);
    expect(requiredSampleSize({ kind: 'means', standardDeviation: 1, difference: 0.5 })).toEqual({
      control: 63,
      treatment: 63,
    });
    expect(requiredSampleSize({ kind: 'means', standardDeviation: 1, difference: 0 })).toBeNull();
    expect(requiredSampleSize({ ...design, difference: 0.95 })).toBeNull();
  });

  it('is the least where any size has the power, and none where no count is large enough', () => {
    const shift = {
      kind: 'means',
      standardDeviation: 1,
      difference: 0.1,
      alpha: 0.05,
      oneSided: true,
    } as const;
    for (const power of [0, 0.01, 0.05])
      expect(requiredSampleSize({ ...shift, power })).toEqual({ control: 2, treatment: 2 });
    for (const impossible of [{ power: 1 }, { difference: 1e-9 }, { standardDeviation: Number.NaN }])
      expect(requiredSampleSize({ ...shift, ...impossible })).toBeNull();
  });

  it('counts a scaled control by its scale', () => {
    const shift = { kind: 'means', standardDeviation: 1, difference: 0.5, ratio: 2 } as const;
    // (1.5² + 1/2) · ((1.96 + 0.8416) / 0.5)² = 86.3
    expect(requiredSampleSize({ ...shift, controlScale: 1.5 })).toEqual({ control: 87, treatment: 174 });
    expect(powerOfTest({ ...shift, controlScale: 1.5, controlTrials: 87 })).toBeCloseTo(0.803, 3);
  });

  it('gives the power it states', () => {
    const random = seededRandom(8);
    const n = requiredSampleSize({ kind: 'proportions', baseline: 0.1, difference: 0.05 })!.control;
    let found = 0;
    for (let run = 0; run < 500; run++) {
      const test = twoProportionTest(grow(NOTHING, n, 0.1, random), grow(NOTHING, n, 0.15, random));
      if (test.pTwoSided <= 0.05) found++;
    }
    expect(found / 500).toBeGreaterThan(0.75);
    expect(found / 500).toBeLessThan(0.85);
  });
});

describe('non-inferiority', () => {
  it('is claimed of a canary that is worse by the margin in about alpha of runs, of an equal one mostly', () => {
    const random = seededRandom(9);
    const count = { atMargin: 0, equal: 0, inferior: 0 };
    const judge = (rate: number): string =>
      nonInferiority({
        control: grow(NOTHING, 1500, 0.1, random),
        treatment: grow(NOTHING, 1500, rate, random),
        margin: 0.03,
      }).kind;
    for (let run = 0; run < 500; run++) {
      if (judge(0.07) === 'non_inferior') count.atMargin++;
      if (judge(0.1) === 'non_inferior') count.equal++;
      if (judge(0.02) === 'inferior') count.inferior++;
    }
    expect(count.atMargin / 500).toBeLessThan(0.08);
    expect(count.equal / 500).toBeGreaterThan(0.8);
    expect(count.inferior / 500).toBeGreaterThan(0.95);
  });

  it('judges arms without a single failure, small arms and latencies', () => {
    const clean = (trials: number): Proportion => ({ successes: 0, trials });
    const errors = (input: { control: Proportion; treatment: Proportion }): string =>
      nonInferiority({ ...input, margin: 0.01, higherIsBetter: false }).kind;
    expect(errors({ control: clean(2000), treatment: clean(2000) })).toBe('non_inferior');
    expect(errors({ control: clean(2000), treatment: clean(40) })).toBe('inconclusive');
    expect(errors({ control: clean(2000), treatment: clean(5) })).toBe('insufficient_data');
    expect(errors({ control: clean(2000), treatment: { successes: 100, trials: 2000 } })).toBe('inferior');
    const latency = {
      control: { count: 500, mean: 100, variance: 400 },
      treatment: { count: 500, mean: 103, variance: 400 },
    };
    expect(nonInferiority({ ...latency, margin: 10, higherIsBetter: false }).kind).toBe('non_inferior');
    expect(nonInferiority({ ...latency, margin: 1, higherIsBetter: false }).kind).toBe('inconclusive');
    expect(nonInferiority({ ...latency, margin: 0.5, higherIsBetter: false, alpha: 0.05 }).kind).toBe(
      'inferior',
    );
    expect(nonInferiority({ ...latency, margin: 1 }).kind).toBe('non_inferior');
  });

  it('at a margin of 0 is the pooled test that the treatment is better', () => {
    const control = { successes: 100, trials: 600 };
    const treatment = { successes: 140, trials: 600 };
    const test = twoProportionTest(control, treatment);
    expect(nonInferiority({ control, treatment, margin: 0 }).pValue).toBeCloseTo(test.pGreater, 12);
    const clean = { successes: 0, trials: 600 };
    expect(nonInferiority({ control: clean, treatment: clean, margin: 0 }).pValue).toBe(0.5);
    expect(() => nonInferiority({ control, treatment, margin: -0.1 })).toThrow(RangeError);
  });

  it.each([
    [221, 1000, 1736, 9000, 0.1, true, 9.132969202284196e-5],
    [60, 2000, 50, 2000, 0.5, false, 0.11824028226223593],
    [0, 300, 4, 300, 1, false, 0.002248301986439608],
    [118, 500, 120, 500, 0.5, true, 6.863711158800511e-10],
    [40, 1000, 20, 1000, 1, false, 0.5],
    [1500, 1600, 9000, 9500, 0.05, true, 5.599882374010221e-7],
  ])(
    "takes a share of the control as a ratio of rates, as statsmodels' score test does: %d of %d, %d of %d",
    (x1, n1, x2, n2, ofControl, higherIsBetter, p) => {
      // test_proportions_2indep(x1, n1, x2, n2, value=1 ∓ ofControl, compare='ratio', method='score', correction=False)
      const judged = nonInferiority({
        control: { successes: x2, trials: n2 },
        treatment: { successes: x1, trials: n1 },
        margin: { ofControl },
        higherIsBetter,
      });
      expect(judged.pValue! / p).toBeCloseTo(1, 6);
      expect(judged.pInferior).toBeCloseTo(1 - p, 9);
    },
  );

  it("takes a share of the control as a ratio of means, as SciPy's Welch test of the scaled control does", () => {
    const control = { count: 500, mean: 100, variance: 400 };
    const treatment = { count: 300, mean: 112, variance: 625 };
    const margin = { ofControl: 0.15 };
    const judged = nonInferiority({ control, treatment, margin, higherIsBetter: false });
    expect(judged).toMatchObject({ kind: 'non_inferior', difference: 12 });
    expect(judged.pValue).toBeCloseTo(0.04552663811081997, 9);
    // Below zero, where higher is better, worse is further below.
    const below = (arm: SampleMoments): SampleMoments => ({ ...arm, mean: -arm.mean });
    const mirrored = nonInferiority({ control: below(control), treatment: below(treatment), margin });
    expect(mirrored.pValue).toBeCloseTo(judged.pValue!, 12);
  });

  it.each([
    [0.1, 2_000, 2_000, 1, false],
    [0.1, 1_000, 3_000, 0.5, false],
    [0.3, 1_000, 1_000, 0.5, true],
    [0.02, 3_000, 3_000, 0.5, false],
  ])(
    'is claimed in about alpha of runs at a share of the control: rate %d, %d and %d trials, margin %d',
    (rate, treated, controls, ofControl, higherIsBetter) => {
      const random = seededRandom(31);
      const runs = 2_000;
      const worse = rate * (1 + (higherIsBetter ? -ofControl : ofControl));
      let claimed = 0;
      for (let run = 0; run < runs; run++) {
        const { kind } = nonInferiority({
          control: grow(NOTHING, controls, rate, random),
          treatment: grow(NOTHING, treated, worse, random),
          margin: { ofControl },
          higherIsBetter,
        });
        if (kind === 'non_inferior') claimed++;
      }
      // Three standard errors about 5 %. The control's rate taken for known: up to 15 %.
      expect(claimed / runs).toBeGreaterThan(0.035);
      expect(claimed / runs).toBeLessThan(0.065);
    },
  );

  it('sees a change of rates of one in a million', () => {
    const rare = (successes: number): Proportion => ({ successes, trials: 1e7 });
    const judged = nonInferiority({
      control: rare(10),
      treatment: rare(40),
      margin: 1e-6,
      higherIsBetter: false,
    });
    // Farrington & Manning's z at rates solved in 50 digits.
    expect(judged.pInferior).toBeCloseTo(0.0015319983, 6);
  });
});

describe('sample-ratio mismatch and Holm', () => {
  it('tells a broken split from chance', () => {
    expect(sampleRatioMismatch([5000, 5050], [1, 1])).toMatchObject({ mismatch: false });
    expect(sampleRatioMismatch([9500, 400], [95, 5])!.mismatch).toBe(true);
    expect(sampleRatioMismatch([100, 3], [1, 0])).toMatchObject({ mismatch: true, pValue: 0 });
    expect(sampleRatioMismatch([0, 0], [1, 1])).toBeNull();
    // χ² = 10000·(0.5² + 0.5²)… by hand: (5100−5000)²/5000 · 2 = 4, p = 0.0455.
    expect(sampleRatioMismatch([5100, 4900], [1, 1])!.pValue).toBeCloseTo(0.0455002638963584, 9);
  });
  it("adjusts as R's p.adjust(method = 'holm')", () => {
    const adjusted = holm([0.01, 0.04, 0.03, 0.005]);
    [0.03, 0.06, 0.06, 0.02].forEach((p, i) => expect(adjusted[i]).toBeCloseTo(p, 12));
    expect(holm([])).toEqual([]);
    expect(holm([0.9, Number.NaN])).toEqual([1, 1]);
  });
});
