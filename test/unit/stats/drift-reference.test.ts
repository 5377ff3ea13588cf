import { describe, expect, it } from 'vitest';
import {
  binCounts,
  binShares,
  categoryShares,
  chiSquareTest,
  hellinger,
  jensenShannon,
  kolmogorovSmirnov,
  kullbackLeibler,
  lInfinity,
  mannWhitneyU,
  populationStabilityIndex,
  quantileBins,
  toShares,
  totalVariation,
  twoProportionTest,
  wasserstein,
  wassersteinNormed,
} from '../../../src/stats/index.ts';
import { CLOSED_FORM, P_VALUE, expectClose, readReference } from './reference-files.ts';

interface Case {
  readonly name: string;
  readonly kind: string;
  readonly reference: (number | string | null)[];
  readonly current: (number | string | null)[];
}
type Expected = Record<string, any>;

const cases = readReference<{ cases: Case[] }>('drift_cases.json').cases;
const expected = readReference<{ cases: Expected[] }>('drift_expected.json').cases;

const asNumbers = (values: (number | string | null)[]): (number | null)[] =>
  values.map((v) =>
    v === 'inf' ? Number.POSITIVE_INFINITY : v === '-inf' ? Number.NEGATIVE_INFINITY : (v as number | null),
  );

describe('numeric drift measures equal SciPy and Evidently', () => {
  it.each(cases.flatMap((c, i) => (c.kind === 'numeric' ? [[c.name, c, expected[i]!] as const] : [])))(
    '%s',
    (_, c, e) => {
      const reference = asNumbers(c.reference);
      const current = asNumbers(c.current);
      const binned = e.quantile10_left_closed;
      const ks = kolmogorovSmirnov(reference, current);
      if (binned === null || binned === undefined) {
        expect(ks).toBeNull();
        expect(wasserstein(reference, current)).toBeNull();
        expect(mannWhitneyU(reference, current)).toBeNull();
        return;
      }
      const edges = quantileBins(reference, 10);
      edges.forEach((edge, i) => expectClose(edge, binned.edges[i], CLOSED_FORM, `edge ${i}`));
      expect(edges).toHaveLength(binned.edges.length);
      expect([...binCounts(reference, edges)]).toEqual(binned.ref_counts);
      expect([...binCounts(current, edges)]).toEqual(binned.cur_counts);
      const p = binShares(reference, edges);
      const q = binShares(current, edges);
      expectClose(populationStabilityIndex(p, q), binned.psi_eps1e4, CLOSED_FORM, 'psi');
      expectClose(populationStabilityIndex(p, q, 1e-6), binned.psi_eps1e6, CLOSED_FORM, 'psi ε=1e-6');
      const js = jensenShannon(p, q);
      expectClose(js.divergence, binned.js_divergence_base_2, CLOSED_FORM, 'js divergence');
      expectClose(js.distance, binned.js_distance_base_2, CLOSED_FORM, 'js distance');
      expectClose(
        jensenShannon(p, q, { base: 'e' }).distance,
        binned.js_distance_base_e,
        CLOSED_FORM,
        'js base e',
      );
      expectClose(lInfinity(p, q), binned.l_infinity, CLOSED_FORM, 'l∞');
      expectClose(totalVariation(p, q), binned.total_variation, CLOSED_FORM, 'tvd');
      expectClose(ks?.statistic, e.ks_auto.statistic, CLOSED_FORM, 'ks');
      expectClose(ks?.pValue, e.ks_auto.pvalue, P_VALUE, 'ks p');
      if (e.ks_exact)
        expectClose(
          kolmogorovSmirnov(reference, current, { method: 'exact' })?.pValue,
          e.ks_exact.pvalue,
          P_VALUE,
          'ks exact',
        );
      expectClose(
        kolmogorovSmirnov(reference, current, { method: 'asymptotic' })?.pValue,
        e.ks_asymp.pvalue,
        P_VALUE,
        'ks asymptotic',
      );
      expectClose(wasserstein(reference, current), e.wasserstein, CLOSED_FORM, 'wasserstein');
      expectClose(
        wassersteinNormed(reference, current),
        e.wasserstein_normed_evidently.score,
        CLOSED_FORM,
        'wasserstein normed',
      );
      const mw = mannWhitneyU(reference, current, { method: 'asymptotic' });
      expectClose(mw?.uA, e.mannwhitneyu.U1, CLOSED_FORM, 'U');
      expectClose(mw?.pTwoSided, e.mannwhitneyu.pvalue, P_VALUE, 'U p');
      // The recorded Sturges bins are not the ones Evidently's Hellinger used for these two columns.
      if (e.evidently_sturges && !['zero_inflated', 'large_offset'].includes(c.name)) {
        const { ref_counts: a, cur_counts: b } = e.evidently_sturges;
        expectClose(
          hellinger(toShares(a), toShares(b)),
          e.hellinger_evidently.score,
          CLOSED_FORM,
          'hellinger',
        );
      }
    },
  );
});

/** Shares of a case in the bins or categories of the reference; null where a side is empty. */
function sharesOf(c: Case, e: Expected): { p: ArrayLike<number>; q: ArrayLike<number> } | null {
  if (c.kind !== 'numeric') {
    const s = categoryShares(c.reference, c.current);
    return e.psi_eps1e4 === undefined ? null : { p: s.reference, q: s.current };
  }
  const binned = e.quantile10_left_closed;
  return binned ? { p: toShares(binned.ref_counts), q: toShares(binned.cur_counts) } : null;
}

describe('Kullback-Leibler divergence equals SciPy', () => {
  const kl = readReference<{ cases: Expected[] }>('kl_expected.json').cases;
  it.each(kl.map((one) => [one.name as string, one] as const))('%s', (name, one) => {
    const i = cases.findIndex((c) => c.name === name);
    const { p, q } = sharesOf(cases[i]!, expected[i]!)!;
    expectClose(kullbackLeibler(p, q), one.rel_entr_eps1e4, CLOSED_FORM, 'with ε');
    if (one.entropy !== undefined) expectClose(kullbackLeibler(p, q, 0), one.entropy, CLOSED_FORM, 'without');
  });
});

// Of numbers TFDV's divergence is of histograms of its own.
describe('categorical drift measures equal TFDV', () => {
  const tfdv = readReference<{ cases: Expected[] }>('drift_tfdv.json').cases;
  it.each(
    cases.flatMap((c, i) => (c.kind === 'categorical' ? [[c.name, c, expected[i]!, tfdv[i]!] as const] : [])),
  )('%s', (name, c, e, theirs) => {
    expect(theirs.name).toBe(name);
    const shares = sharesOf(c, e);
    if (shares === null) {
      expect([theirs.js, theirs.linf]).toEqual([null, null]);
      return;
    }
    expectClose(jensenShannon(shares.p, shares.q).divergence, theirs.js, CLOSED_FORM, 'js');
    expectClose(lInfinity(shares.p, shares.q), theirs.linf, CLOSED_FORM, 'l∞');
  });
});

describe('categorical drift measures equal SciPy SciPy and Evidently', () => {
  it.each(cases.flatMap((c, i) => (c.kind === 'categorical' ? [[c.name, c, expected[i]!] as const] : [])))(
    '%s',
    (_, c, e) => {
      const s = categoryShares(c.reference, c.current);
      expect(s.newCategories.length).toBe(e.n_new_categories);
      expect(s.vanishedCategories.length).toBe(e.n_vanished_categories);
      if (e.counts) {
        for (const [category, [a, b]] of Object.entries(e.counts as Record<string, [number, number]>)) {
          const i = s.categories.indexOf(category);
          expect([s.referenceCounts[i], s.currentCounts[i]]).toEqual([a, b]);
        }
      }
      const chi = chiSquareTest(s.referenceCounts, s.currentCounts);
      if (e.psi_eps1e4 === undefined) {
        expect(chi).toBeNull();
        return;
      }
      expectClose(populationStabilityIndex(s.reference, s.current), e.psi_eps1e4, CLOSED_FORM, 'psi');
      expectClose(
        populationStabilityIndex(s.reference, s.current, 1e-6),
        e.psi_eps1e6,
        CLOSED_FORM,
        'psi ε=1e-6',
      );
      expectClose(jensenShannon(s.reference, s.current).distance, e.js_distance_base_2, CLOSED_FORM, 'js');
      expectClose(
        jensenShannon(s.reference, s.current, { base: 'e' }).distance,
        e.js_distance_base_e,
        CLOSED_FORM,
        'js e',
      );
      expectClose(lInfinity(s.reference, s.current), e.l_infinity, CLOSED_FORM, 'l∞');
      expectClose(totalVariation(s.reference, s.current), e.total_variation, CLOSED_FORM, 'tvd');
      expectClose(hellinger(s.reference, s.current), e.hellinger_evidently.score, CLOSED_FORM, 'hellinger');
      expectClose(chi?.statistic, e.chi2_contingency?.statistic, CLOSED_FORM, 'χ²');
      expectClose(chi?.pValue, e.chi2_contingency?.pvalue, P_VALUE, 'χ² p');
      expectClose(chi?.cramersV, e.cramers_v, CLOSED_FORM, "Cramér's V");
      if (e.fisher_exact_p !== undefined) {
        const [a, b] = [0, 1].map((side) => ({
          successes: (side === 0 ? s.referenceCounts : s.currentCounts)[1]!,
          trials: side === 0 ? e.n_ref_nonnull : e.n_cur_nonnull,
        }));
        const test = twoProportionTest(a!, b!);
        expectClose(test.fisher.pTwoSided, e.fisher_exact_p, P_VALUE, 'fisher');
        if (e.z_evidently.score > 0) expectClose(test.pTwoSided, e.z_evidently.score, P_VALUE, 'z');
      }
    },
  );
});
