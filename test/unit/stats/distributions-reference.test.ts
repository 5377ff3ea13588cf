import { describe, expect, it } from 'vitest';
import {
  chiSquaredQuantile,
  chiSquaredSurvival,
  fisherExact,
  kolmogorovSmirnov,
  kolmogorovSurvival,
  mannWhitneyU,
  normalQuantile,
  normalSurvival,
  studentTQuantile,
  studentTTwoSided,
  wasserstein,
} from '../../../src/stats/index.ts';
import { betaQuantile } from '../../../src/stats/distributions/incomplete-beta.ts';
import { CLOSED_FORM, P_VALUE, expectClose, readReference } from './reference-files.ts';

interface TwoSamples {
  readonly a: number[];
  readonly b: number[];
  /** KS statistic, exact and asymptotic p. */
  readonly d: number;
  readonly p: number;
  readonly pa: number;
  /** Mann-Whitney U of a, two-sided p, p against "b not larger". */
  readonly U: number;
  readonly up: number;
  readonly ug: number;
  readonly w: number;
}
type Rows = number[][];
const reference = readReference<Record<string, Rows> & { two_samples: TwoSamples[] }>(
  'distributions_expected.json',
);

describe('distributions equal SciPy into the far tail', () => {
  it.each<[string, (row: number[]) => number]>([
    ['kolmogorov_sf', ([n, x]) => kolmogorovSurvival(n!, x!)],
    ['chi2_sf', ([x, df]) => chiSquaredSurvival(x!, df!)],
    ['t_two_sided', ([t, df]) => studentTTwoSided(t!, df!)],
    ['normal_sf', ([z]) => normalSurvival(z!)],
    ['normal_quantile', ([p]) => normalQuantile(p!)],
    ['beta_quantile', ([a, b, p]) => betaQuantile(p!, a!, b!)],
  ])('%s', (name, of) => {
    for (const row of reference[name]!) {
      const [wanted, found] = [row[row.length - 1]!, of(row)];
      // Relative and nothing else: in a tail everything is nearly zero.
      expect(
        Math.abs(found - wanted) <= CLOSED_FORM * Math.abs(wanted),
        `${name}(${row.slice(0, -1).join(', ')}): ${found} should be ${wanted}`,
      ).toBe(true);
    }
  });
  it("Fisher's exact test", () => {
    for (const [a, n, b, m, two, greater] of reference.fisher!) {
      const test = fisherExact(a!, n!, b!, m!);
      expectClose(test.pTwoSided, two, P_VALUE, `${a}/${n} ${b}/${m}`);
      expectClose(test.pGreater, greater, P_VALUE, `${a}/${n} ${b}/${m} greater`);
    }
  });
  it('quantiles invert their survival functions', () => {
    for (const p of [0.001, 0.3, 0.5, 0.95, 0.9999]) {
      for (const df of [1, 2.5, 30, 1000]) {
        expectClose(chiSquaredSurvival(chiSquaredQuantile(p, df), df), 1 - p, CLOSED_FORM, `χ² ${p} ${df}`);
        expectClose(
          studentTTwoSided(studentTQuantile(0.5 + p / 2, df), df),
          1 - p,
          CLOSED_FORM,
          `t ${p} ${df}`,
        );
      }
      expectClose(normalSurvival(normalQuantile(p)), 1 - p, CLOSED_FORM, `normal ${p}`);
    }
  });
});

it('two-sample tests equal SciPy on samples of other seeds, tied and not, of very different sizes', () => {
  expect(reference.two_samples.length).toBeGreaterThan(10);
  for (const { a, b, d, p, pa, U, up, ug, w } of reference.two_samples) {
    const sizes = `${a.length} against ${b.length}`;
    expectClose(kolmogorovSmirnov(a, b)!.statistic, d, CLOSED_FORM, sizes);
    expectClose(kolmogorovSmirnov(a, b)!.pValue, p, P_VALUE, sizes);
    expectClose(kolmogorovSmirnov(a, b, { method: 'asymptotic' })!.pValue, pa, P_VALUE, sizes);
    const u = mannWhitneyU(a, b)!;
    expectClose(u.uA, U, CLOSED_FORM, sizes);
    expectClose(u.pTwoSided, up, P_VALUE, sizes);
    expectClose(u.pGreater, ug, P_VALUE, sizes);
    expectClose(wasserstein(a, b), w, CLOSED_FORM, sizes);
  }
});
