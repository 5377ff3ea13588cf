import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareArms } from '../../../../src/domain/rollout/compare-arms.ts';
import type { ComparedMetric, ComparisonPolicy } from '../../../../src/domain/rollout/compare-arms.ts';
import { marginLine, sampleMoments, seededRandom } from '../../../../src/stats/index.ts';
import type { Margin, Proportion, SampleMoments } from '../../../../src/stats/index.ts';

const policy: ComparisonPolicy = { alpha: 0.05, minSamples: 100, look: 'final' };
const proportion = (
  control: number,
  treatment: number,
  trials = 2_000,
  margin: Margin = 0.02,
): ComparedMetric => ({
  arms: {
    kind: 'proportion',
    control: { successes: control, trials },
    treatment: { successes: treatment, trials },
  },
  margin,
  higherIsBetter: true,
});
const kind = (metric: ComparedMetric, look: ComparisonPolicy['look'] = 'final'): string =>
  compareArms([metric], { ...policy, look })[0]!.verdict.kind;

describe('one metric of two arms', () => {
  it.each([
    ['equal rates, watched', proportion(400, 400), 'watch', 'pass'],
    ['equal rates at the end', proportion(400, 405), 'final', 'pass'],
    [
      'equal rates of which too little is known to show it',
      proportion(400, 390),
      'final',
      'insufficient_data',
    ],
    ['equal rates while one keeps looking', proportion(400, 400), 'sequential', 'insufficient_data'],
    ['equal rates, much later', proportion(40_000, 40_000, 200_000), 'sequential', 'pass'],
    ['far worse', proportion(400, 200), 'watch', 'fail'],
    ['far worse, at any look', proportion(400, 200), 'sequential', 'fail'],
    ['worse at the end', proportion(400, 310), 'final', 'fail'],
    ['too few', proportion(10, 10, 50), 'final', 'insufficient_data'],
    ['no value at all', proportion(0, 0, 0), 'final', 'insufficient_data'],
    ['no success in either arm', proportion(0, 0), 'final', 'pass'],
    ['a margin of nothing', proportion(400, 400, 2_000, 0), 'final', 'insufficient_data'],
    ['within a share of the control', proportion(400, 390, 2_000, { ofControl: 0.2 }), 'final', 'pass'],
    ['beyond a share of the control', proportion(400, 250, 2_000, { ofControl: 0.2 }), 'final', 'fail'],
    ['beyond it, watched', proportion(400, 200, 2_000, { ofControl: 0.2 }), 'watch', 'fail'],
    ['within it, much later', proportion(40_000, 39_500, 2e5, { ofControl: 0.1 }), 'sequential', 'pass'],
    ['a share of nothing', proportion(0, 0, 2_000, { ofControl: 0.1 }), 'final', 'insufficient_data'],
  ] as const)('%s', (_, metric, look, verdict) => {
    expect(kind(metric, look)).toBe(verdict);
  });
  it('judges means, and where lower is better', () => {
    const random = seededRandom(2);
    const sample = (mean: number) => sampleMoments(Array.from({ length: 500 }, () => mean + random.normal()));
    const latency = (treatment: number, higherIsBetter = false): ComparedMetric => ({
      arms: { kind: 'mean', control: sample(10), treatment: sample(treatment) },
      margin: 0.3,
      higherIsBetter,
    });
    expect(kind(latency(10))).toBe('pass');
    expect(kind(latency(11))).toBe('fail');
    expect(kind(latency(11, true))).toBe('pass');
    expect(kind(latency(11), 'sequential')).toBe('fail');
  });
});

describe('several metrics', () => {
  it('seldom fail an equal canary, however many there are and however often one looks', () => {
    const random = seededRandom(19);
    const runs = 300;
    let failed = 0;
    for (let run = 0; run < runs; run++) {
      const counts = Array.from({ length: 6 }, () => [0, 0] as [number, number]);
      for (let trials = 100, decided = false; trials <= 2_000 && !decided; trials += 100) {
        for (const count of counts)
          for (const arm of [0, 1] as const)
            for (let i = 0; i < 100; i++) if (random.next() < 0.2) count[arm]++;
        const metrics = counts.map(([a, b]) => proportion(a, b, trials, 0));
        decided = compareArms(metrics, { ...policy, look: 'watch' }).some((c) => c.verdict.kind === 'fail');
        if (decided) failed++;
      }
    }
    expect(failed / runs).toBeLessThanOrEqual(0.05);
  });
  it('a p that would fail alone does not fail among twenty', () => {
    const borderline = proportion(400, 314);
    const alone = compareArms([borderline], policy)[0]!;
    expect(alone.verdict.kind).toBe('fail');
    const among = compareArms(
      [borderline, ...Array.from({ length: 19 }, () => proportion(400, 400))],
      policy,
    )[0]!;
    expect(among.pHarm).toBeGreaterThanOrEqual(alone.pHarm);
    expect(among.verdict.kind).toBe('insufficient_data');
  });
});

const mean = (arm: Proportion | SampleMoments): number =>
  'trials' in arm ? (arm.trials === 0 ? 0 : arm.successes / arm.trials) : arm.mean;

it('no arms make it throw, say NaN, or pass and fail against what was found', () => {
  const number = fc.oneof(
    fc.double({ noNaN: true, min: -1e3, max: 1e3 }),
    fc.constantFrom(0, 1e-160, -1e-9, 1e155, -1e300, Number.MAX_VALUE, Number.POSITIVE_INFINITY),
  );
  const size = number.map(Math.abs);
  const count = fc.constantFrom(0, 1, 2, 200, 1e6);
  const trials = fc.tuple(count, fc.double({ noNaN: true, min: 0, max: 1 }));
  const rate = trials.map(([n, share]) => ({ successes: Math.floor(n * share), trials: n }));
  const moments = fc.record({ count, mean: number, variance: size });
  const arms = fc.oneof(
    fc.record({ kind: fc.constant('proportion' as const), control: rate, treatment: rate }),
    fc.record({ kind: fc.constant('mean' as const), control: moments, treatment: moments }),
  );
  const margin = fc.oneof(size, fc.record({ ofControl: size }));
  const metric = fc.record({ arms, margin, higherIsBetter: fc.boolean() });
  const look = fc.constantFrom('watch' as const, 'final' as const, 'sequential' as const);
  fc.assert(
    fc.property(fc.array(metric, { minLength: 1, maxLength: 3 }), look, (metrics, at) => {
      const compared = compareArms(metrics, { alpha: 0.05, minSamples: 2, look: at });
      for (const [i, { verdict, pHarm, sequence, fixed }] of compared.entries()) {
        const { arms, margin, higherIsBetter } = metrics[i]!;
        const numbers = [pHarm, sequence.low, sequence.high, fixed?.pValue ?? 0, fixed?.pInferior ?? 0];
        expect(numbers.some(Number.isNaN), verdict.reason).toBe(false);
        const line = marginLine(margin, higherIsBetter, mean(arms.control));
        const beyond = mean(arms.treatment) - line.ratio * mean(arms.control) - line.delta;
        const better = beyond * (higherIsBetter ? 1 : -1);
        if (verdict.kind === 'fail') expect(better).toBeLessThan(0);
        if (verdict.kind === 'pass' && at !== 'watch') expect(better).toBeGreaterThan(0);
      }
    }),
    { numRuns: 2_000, seed: 42 },
  );
});
