import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  binaryMetrics,
  bootstrapByWeight,
  bootstrapInterval,
  calibrationTable,
  clarifyBias,
  groupFairness,
  hodgesLehmann,
  kayentaJudge,
  multiclassMetrics,
  rankingMetrics,
  regressionMetrics,
  rocCurve,
  scoredNdcg,
  seededRandom,
  takeRows,
} from '../../../src/stats/index.ts';

const random = seededRandom(12);
const N = 120;
const labels = Array.from({ length: N }, () => random.below(2));
const scores = labels.map((y) => Math.round(100 * (0.3 * y + 0.7 * random.next())) / 100);
const predictions = scores.map((s) => (s >= 0.5 ? 1 : 0));
const groups = labels.map(() => 'abc'[random.below(3)]!);
const weights = labels.map(() => random.below(4));
/** Each row as often as its weight says. */
const repeated = Uint32Array.from(weights.flatMap((w, i) => Array<number>(w).fill(i)));
const again = <T>(values: readonly T[]): T[] => takeRows(values, repeated);

/** Equal up to rounding, without what counts rows rather than their weight. */
function expectSame(weighted: object, unweighted: object): void {
  const numbers = (value: unknown, path: string): [string, number][] =>
    typeof value === 'number'
      ? [[path, value]]
      : value !== null && typeof value === 'object'
        ? Object.entries(value).flatMap(([key, part]) => numbers(part, `${path}.${key}`))
        : [];
  const countsRows = /^\.(count|dropped|positives|groups|groupsWithoutRelevant|maxError)$/;
  const wanted = new Map(numbers(unweighted, ''));
  for (const [path, value] of numbers(weighted, '')) {
    if (!countsRows.test(path)) expect(value, path).toBeCloseTo(wanted.get(path)!, 9);
  }
}

describe('a row of weight k counts as k rows', () => {
  it('in binary metrics and the ROC curve', () => {
    expectSame(binaryMetrics(labels, scores, { weights }), binaryMetrics(again(labels), again(scores)));
    const weighted = rocCurve(labels, scores, weights);
    const plain = rocCurve(again(labels), again(scores));
    expect(weighted.truePositiveRate.at(-1)).toBe(1);
    plain.thresholds.forEach((threshold, i) => {
      const j = weighted.thresholds.indexOf(threshold);
      expect(weighted.falsePositiveRate[j]).toBeCloseTo(plain.falsePositiveRate[i]!, 12);
      expect(weighted.truePositiveRate[j]).toBeCloseTo(plain.truePositiveRate[i]!, 12);
    });
  });
  it('in regression and multiclass metrics', () => {
    const truths = labels.map((y) => y + random.normal());
    expectSame(
      regressionMetrics(truths, scores, { weights }),
      regressionMetrics(again(truths), again(scores)),
    );
    const classes = labels.map(() => random.below(3));
    const probabilities = classes.map((c) => [0, 1, 2].map((k) => (k === c ? 1 : 0.5) * random.next()));
    expectSame(
      multiclassMetrics(classes, probabilities, { weights }),
      multiclassMetrics(again(classes), again(probabilities)),
    );
  });
  it('in group fairness and the measures of Clarify', () => {
    expectSame(
      groupFairness(labels, predictions, groups, { weights }),
      groupFairness(again(labels), again(predictions), again(groups)),
    );
    const inFacet = groups.map((g) => g === 'a');
    const strata = labels.map((_, i) => String(i % 4));
    expectSame(
      clarifyBias({ labels, predictions, inFacet, strata, weights }),
      clarifyBias({
        labels: again(labels),
        predictions: again(predictions),
        inFacet: again(inFacet),
        strata: again(strata),
      }),
    );
  });
  it('in the means over ranked lists', () => {
    const lists = Array.from({ length: 30 }, (_, i) => ({
      ranked: ['a', 'b', 'c', 'd'].slice(i % 3),
      relevant: new Map([['abcd'[i % 4]!, 1]]),
      weight: i % 3,
    }));
    const plain = lists.flatMap(({ weight, ...list }) => Array.from({ length: weight }, () => list));
    const quality = ({
      ndcg,
      map,
      mrr,
      hitRate,
      precision,
      recall,
      f1,
    }: ReturnType<typeof rankingMetrics>) => ({ ndcg, map, mrr, hitRate, precision, recall, f1 });
    expectSame(quality(rankingMetrics(lists, 2)), quality(rankingMetrics(plain, 2)));
  });
});

describe('bootstrap by weights', () => {
  it('gives the intervals of the bootstrap by rows, for many metrics at once, and repeats with the seed', () => {
    const metrics = (w: Float64Array): Record<string, number | null> => {
      const { auc, brier } = binaryMetrics(labels, scores, { weights: w });
      return { auc, brier };
    };
    const both = bootstrapByWeight(N, metrics, { resamples: 600, seed: 4 });
    const auc = bootstrapInterval(
      N,
      (rows) => binaryMetrics(takeRows(labels, rows), takeRows(scores, rows)).auc,
      { resamples: 600, seed: 5 },
    );
    expect(both['auc']!.estimate).toBe(auc.estimate);
    expect(both['auc']!.low).toBeCloseTo(auc.low!, 1);
    expect(both['auc']!.high).toBeCloseTo(auc.high!, 1);
    expect(both['brier']!.low! < both['brier']!.estimate!).toBe(true);
    expect(bootstrapByWeight(N, metrics, { resamples: 600, seed: 4 })).toEqual(both);
  });
  it('has no interval without rows, nor where a metric is not defined', () => {
    const nothing = { low: null, high: null, resamples: 50, undefinedResamples: 50 };
    expect(bootstrapByWeight(0, () => ({ auc: null }), { resamples: 50 })).toEqual({
      auc: { estimate: null, ...nothing },
    });
    const constant = (w: Float64Array) => ({ auc: binaryMetrics([1, 1], [0, 1], { weights: w }).auc });
    expect(bootstrapByWeight(2, constant, { resamples: 50 })).toEqual({
      auc: { estimate: null, ...nothing },
    });
  });
  it('keeps the own weights of the rows', () => {
    const mean = (w: Float64Array) => ({
      mean: w.reduce((sum, weight, i) => sum + weight * i, 0) / w.reduce((a, b) => a + b, 0),
    });
    const interval = bootstrapByWeight(3, mean, { weights: [0, 0, 2], resamples: 100 })['mean']!;
    expect(interval).toMatchObject({ estimate: 2, low: 2, high: 2 });
  });
});

it('no data can make judgements throw or say NaN', () => {
  const junk = fc.constantFrom(0, 1, 0.5, -1, 2, Number.NaN, Number.POSITIVE_INFINITY, 1e308, -1e308);
  const finite = (value: unknown): boolean =>
    typeof value === 'number'
      ? Number.isFinite(value)
      : value === null || typeof value !== 'object' || Object.values(value).every(finite);
  const rows = fc.array(fc.tuple(junk, junk, junk, fc.constantFrom('a', 'b')), { maxLength: 40 });
  fc.assert(
    fc.property(rows, (all) => {
      const [y, s, w] = [all.map((r) => r[0]), all.map((r) => r[1]), all.map((r) => r[2])];
      const g = all.map((r) => r[3]);
      const inFacet = g.map((name) => name === 'a');
      expect(finite(groupFairness(y, s, g, { weights: w.map((v) => Math.min(v, 1e6)) }))).toBe(true);
      expect(finite(clarifyBias({ labels: y, predictions: s, inFacet, strata: g }))).toBe(true);
      expect(finite(calibrationTable(y, s))).toBe(true);
      const { thresholds, ...curve } = rocCurve(y, s);
      expect(finite(curve) && finite(thresholds.slice(1))).toBe(true);
      expect(
        finite(
          scoredNdcg(
            y.map((v) => Math.min(v, 1e6)),
            s,
            3,
          ),
        ),
      ).toBe(true);
      expect(finite(hodgesLehmann(y, s))).toBe(true);
      expect(kayentaJudge(y, s).classification).toMatch(/^(Pass|High|Low|Nodata)$/);
    }),
    { numRuns: 80, seed: 7 },
  );
});
