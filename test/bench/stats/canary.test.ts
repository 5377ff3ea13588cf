import { expect, it } from 'vitest';
import { compareArms } from '../../../src/domain/rollout/compare-arms.ts';
import type { ComparedMetric } from '../../../src/domain/rollout/compare-arms.ts';
import {
  nonInferiority,
  normalTwoSided,
  requiredSampleSize,
  sampleMoments,
  seededRandom,
  sequentialMeans,
  sequentialProportions,
  sequentialProportionsExact,
  twoProportionTest,
  welchTest,
} from '../../../src/stats/index.ts';
import type { Proportion, SampleMoments, SeededRandom } from '../../../src/stats/index.ts';
import { percent, printTable } from './print-table.ts';

const RUNS = Number(process.env['CANARY_RUNS'] ?? 10_000);
const LOOKS = 100;
const ALPHA = 0.05;
const SEED = 20_261;
const TIMEOUT_MS = 1_200_000;

/** Successes of n trials; jumps from success to success, so that rare events cost little. */
function successes(n: number, p: number, random: SeededRandom): number {
  if (p > 0.5) return n - successes(n, 1 - p, random);
  let count = 0;
  for (let i = -1; ; count++) {
    i += 1 + Math.floor(Math.log(1 - random.next()) / Math.log1p(-p));
    if (i >= n) return count;
  }
}

const grow = (p: Proportion, n: number, rate: number, random: SeededRandom): Proportion => ({
  successes: p.successes + successes(n, rate, random),
  trials: p.trials + n,
});

/** Moments of two samples together (Chan et al. 1979). */
function merge(a: SampleMoments, b: SampleMoments): SampleMoments {
  const count = a.count + b.count;
  const delta = b.mean - a.mean;
  const squares =
    a.variance * Math.max(0, a.count - 1) +
    b.variance * Math.max(0, b.count - 1) +
    (delta * delta * a.count * b.count) / count;
  return { count, mean: a.mean + (delta * b.count) / count, variance: squares / (count - 1) };
}

const NOTHING: Proportion = { successes: 0, trials: 0 };
const NO_MOMENTS: SampleMoments = { count: 0, mean: 0, variance: 0 };
const decided = (kind: string): boolean => kind === 'b_larger' || kind === 'b_smaller';

const PROPORTIONS: readonly (readonly [string, number, number, number])[] = [
  ['rate 0.2 %, 50 : 50', 0.002, 50, 50],
  ['rate 1 %, 190 : 10', 0.01, 190, 10],
  ['rate 10 %, 95 : 5', 0.1, 95, 5],
  ['rate 50 %, 20 : 20', 0.5, 20, 20],
];

it('10,000 A/A canaries of proportions, looked at 100 times each', { timeout: TIMEOUT_MS }, () => {
  const rows = PROPORTIONS.map(([name, rate, na, nb]) => {
    const random = seededRandom(SEED);
    const count = { sequential: 0, exact: 0, rollout: 0, fixed: 0, last: 0 };
    for (let run = 0; run < RUNS; run++) {
      let [a, b] = [NOTHING, NOTHING];
      const seen = { sequential: false, exact: false, rollout: false, fixed: false };
      let last = false;
      for (let look = 0; look < LOOKS; look++) {
        a = grow(a, na, rate, random);
        b = grow(b, nb, rate, random);
        seen.sequential ||= decided(sequentialProportions(a, b, { alpha: ALPHA }).decision.kind);
        seen.exact ||= sequentialProportionsExact(a, b).pValue <= ALPHA;
        seen.rollout ||= harmed({ kind: 'proportion', control: a, treatment: b });
        last = zTest(a, b) <= ALPHA;
        seen.fixed ||= last;
      }
      for (const key of ['sequential', 'exact', 'rollout', 'fixed'] as const) if (seen[key]) count[key]++;
      if (last) count.last++;
    }
    expect(count.sequential / RUNS, name).toBeLessThanOrEqual(ALPHA);
    expect(count.exact / RUNS, name).toBeLessThanOrEqual(ALPHA);
    expect(count.rollout / RUNS, name).toBeLessThanOrEqual(ALPHA);
    return [name, ...Object.values(count).map((n) => percent(n / RUNS))];
  });
  printTable(
    `A/A: share of ${String(RUNS)} canaries ever called different in ${String(LOOKS)} looks, alpha ${String(ALPHA)}, seed ${String(SEED)}`,
    ['', 'mSPRT', 'exact e-value', 'rollout fails', 'fixed test, any look', 'fixed test, last look'],
    rows,
  );
});

it('10,000 A/A canaries of means, looked at 100 times each', { timeout: TIMEOUT_MS }, () => {
  const shapes: readonly (readonly [string, (r: SeededRandom) => number])[] = [
    ['normal', (r) => r.normal()],
    ['exponential', (r) => -Math.log(1 - r.next())],
    ['lognormal, sigma 1', (r) => Math.exp(r.normal())],
  ];
  const rows = shapes.map(([name, draw]) => {
    const random = seededRandom(SEED + 1);
    const sample = (n: number): SampleMoments =>
      sampleMoments(Float64Array.from({ length: n }, () => draw(random)));
    const count = { sequential: 0, rollout: 0, fixed: 0 };
    for (let run = 0; run < RUNS; run++) {
      let [a, b] = [NO_MOMENTS, NO_MOMENTS];
      const seen = { sequential: false, rollout: false, fixed: false };
      for (let look = 0; look < LOOKS; look++) {
        [a, b] = [merge(a, sample(10)), merge(b, sample(10))];
        seen.sequential ||= decided(sequentialMeans(a, b, { alpha: ALPHA }).decision.kind);
        seen.rollout ||= harmed({ kind: 'mean', control: a, treatment: b });
        const se = Math.sqrt(a.variance / a.count + b.variance / b.count);
        seen.fixed ||= normalTwoSided((b.mean - a.mean) / se) <= ALPHA;
      }
      for (const key of ['sequential', 'rollout', 'fixed'] as const) if (seen[key]) count[key]++;
    }
    expect(count.sequential / RUNS, name).toBeLessThanOrEqual(ALPHA);
    expect(count.rollout / RUNS, name).toBeLessThanOrEqual(ALPHA);
    return [name, ...Object.values(count).map((n) => percent(n / RUNS))];
  });
  printTable(
    `A/A of means: share ever called different, seed ${String(SEED + 1)}`,
    ['', 'confidence sequence', 'rollout fails', 'fixed test, any look'],
    rows,
  );
});

/** The pooled z test alone, without the exact tests and intervals around it. */
function zTest(a: Proportion, b: Proportion): number {
  const pooled = (a.successes + b.successes) / (a.trials + b.trials);
  const se = Math.sqrt(pooled * (1 - pooled) * (1 / a.trials + 1 / b.trials));
  return se > 0 ? normalTwoSided((b.successes / b.trials - a.successes / a.trials) / se) : 1;
}

/** The verdict of the product on a canary without a margin: the hardest case for it. */
function harmed(arms: ComparedMetric['arms']): boolean {
  const [{ verdict }] = compareArms([{ arms, margin: 0, higherIsBetter: true }] as const, {
    alpha: ALPHA,
    minSamples: 50,
    look: 'watch',
  });
  return verdict.kind === 'fail';
}

it('power is what was asked for', { timeout: TIMEOUT_MS }, () => {
  const random = seededRandom(SEED + 2);
  const runs = Math.min(RUNS, 4_000);
  const rows: string[][] = [];
  const check = (name: string, asked: number, size: number, found: number): void => {
    rows.push([name, String(size), percent(asked), percent(found / runs)]);
    expect(Math.abs(found / runs - asked), name).toBeLessThan(0.03);
  };
  for (const power of [0.8, 0.9]) {
    const n =
      requiredSampleSize({ kind: 'proportions', baseline: 0.1, difference: 0.03, power })?.control ?? 0;
    let found = 0;
    for (let run = 0; run < runs; run++) {
      const test = twoProportionTest(grow(NOTHING, n, 0.1, random), grow(NOTHING, n, 0.13, random));
      if (test.pTwoSided <= ALPHA) found++;
    }
    check('two proportions, 10 % against 13 %', power, n, found);
  }
  for (const power of [0.8, 0.9]) {
    const size =
      requiredSampleSize({ kind: 'means', standardDeviation: 1, difference: 0.2, power })?.control ?? 0;
    const sample = (mean: number): SampleMoments =>
      sampleMoments(Float64Array.from({ length: size }, () => mean + random.normal()));
    let found = 0;
    for (let run = 0; run < runs; run++)
      if ((welchTest(sample(0), sample(0.2))?.pTwoSided ?? 1) <= ALPHA) found++;
    check('two means, 0.2 standard deviations apart', power, size, found);
  }
  for (const ofControl of [0.1, 1]) {
    const [rate, size] = [0.1, 4_000];
    let found = 0;
    for (let run = 0; run < runs; run++) {
      const { kind } = nonInferiority({
        control: grow(NOTHING, size, rate, random),
        treatment: grow(NOTHING, size, rate * (1 + ofControl), random),
        margin: { ofControl },
        higherIsBetter: false,
      });
      if (kind === 'non_inferior') found++;
    }
    const name = `non-inferiority claimed at a margin of ${percent(ofControl)} of the control`;
    rows.push([name, String(size), '≤ 5 %', percent(found / runs)]);
    expect(found / runs, name).toBeLessThan(0.065);
  }
  for (const rate of [0.05, 0.3]) {
    const standardDeviation = Math.sqrt(rate * (1 - rate));
    const design = { kind: 'means', standardDeviation, difference: 0.02, oneSided: true } as const;
    const size = requiredSampleSize(design)?.control ?? 0;
    const shown = (treatment: number): number => {
      let found = 0;
      for (let run = 0; run < runs; run++) {
        const arms = {
          control: grow(NOTHING, size, rate, random),
          treatment: grow(NOTHING, size, treatment, random),
        };
        if (nonInferiority({ ...arms, margin: 0.02 }).kind === 'non_inferior') found++;
      }
      return found;
    };
    const atMargin = shown(rate - 0.02) / runs;
    rows.push([
      `non-inferiority claimed at the margin, rate ${percent(rate)}`,
      String(size),
      '≤ 5 %',
      percent(atMargin),
    ]);
    expect(atMargin).toBeLessThan(0.065);
    const equal = shown(rate) / runs;
    rows.push([
      `non-inferiority shown of equal arms, rate ${percent(rate)}`,
      String(size),
      '~ 80 %',
      percent(equal),
    ]);
    expect(equal).toBeGreaterThan(0.74);
  }
  printTable(
    `power, ${String(runs)} runs each, seed ${String(SEED + 2)}`,
    ['', 'per arm', 'asked', 'found'],
    rows,
  );
});
