import { describe, expect, it } from 'vitest';
import type { BinaryMetrics, RankingGroup, RegressionMetrics } from '../../../src/stats/index.ts';
import {
  binaryMetrics,
  bySlice,
  multiclassMetrics,
  multiclassRates,
  rankingMetrics,
  regressionMetrics,
  rocCurve,
  scoredNdcg,
} from '../../../src/stats/index.ts';
import { CLOSED_FORM, expectClose, numbers, readColumns, readReference } from './reference-files.ts';

type Expected = Record<string, any>;
const expected = readReference<Expected>('metrics_expected.json');

const BINARY: Record<string, (m: BinaryMetrics) => number | null> = {
  n: (m) => m.count,
  positives: (m) => m.positives,
  accuracy: (m) => m.accuracy,
  balanced_accuracy: (m) => m.balancedAccuracy,
  precision: (m) => m.precision,
  recall: (m) => m.recall,
  f1: (m) => m.f1,
  roc_auc: (m) => m.auc,
  average_precision: (m) => m.averagePrecision,
  log_loss: (m) => m.logLoss,
  brier: (m) => m.brier,
  mcc: (m) => m.mcc,
  kappa: (m) => m.kappa,
};

function expectBinary(m: BinaryMetrics, e: Expected, skip: readonly string[] = []): void {
  for (const [name, of] of Object.entries(BINARY))
    if (!skip.includes(name)) expectClose(of(m), e[name], CLOSED_FORM, name);
  const c = m.confusion;
  [c.trueNegatives, c.falsePositives, c.falseNegatives, c.truePositives].forEach((count, i) =>
    expectClose(count, e.tn_fp_fn_tp[i], CLOSED_FORM, `confusion ${i}`),
  );
}

describe('binary metrics equal scikit-learn', () => {
  const columns = readColumns('metrics_binary.csv');
  const y = numbers(columns.y);
  const score = numbers(columns.score);
  const weights = numbers(columns.weight);
  const rows = y.map((label, i) => ({
    label,
    score: score[i]!,
    country: columns.country![i],
    device: columns.device![i],
  }));
  const metric = (part: readonly (typeof rows)[number][]): BinaryMetrics =>
    binaryMetrics(
      part.map((r) => r.label),
      part.map((r) => r.score),
    );

  it('overall, with calibration', () => {
    const m = binaryMetrics(y, score);
    expectBinary(m, expected.binary.overall);
    expectClose(m.ece, expected.binary.ece_10_equal_width, CLOSED_FORM, 'ece');
  });
  it('weighted', () => {
    const e = expected.binary.overall_weighted;
    // The reference computed κ without the weights.
    expectBinary(binaryMetrics(y, score, { weights }), e, ['kappa']);
    expectClose(binaryMetrics(y, score).kappa, e.kappa, CLOSED_FORM, 'kappa');
  });
  it.each(Object.entries(expected.binary.slices as Expected))('slice %s', (name, e) => {
    expectBinary(
      bySlice(rows, ['country', 'device'], metric).find((s) => s.name === name)!.metrics,
      e as Expected,
    );
  });
  it.each(Object.entries(expected.binary.cross as Expected))('crossed slice %s', (name, e) => {
    expectBinary(
      bySlice(rows, [['country', 'device']], metric).find((s) => s.name === name)!.metrics,
      e as Expected,
    );
  });
  it.each(Object.entries(expected.binary.edge_cases as Expected))('edge case %s', (_, e) => {
    const m = binaryMetrics(e.y as number[], e.score as number[]);
    if (e.error === undefined) expectBinary(m, e as Expected);
    else for (const [name, of] of Object.entries(BINARY)) expect(of(m) ?? 0, name).toBe(0);
  });
  it('ROC curve', () => {
    const e = expected.binary.roc_curve_drop_intermediate_false;
    const curve = rocCurve(y, score);

    // The reference keeps the first and the last points of each list.
    const check = (values: number[], e9: (number | string)[], what: string): void => {
      const gap = e9.indexOf('...');
      const fromEnd = values.length - e9.length;
      e9.forEach(
        (v, i) => i !== gap && expectClose(values[i < gap ? i : fromEnd + i], v, CLOSED_FORM, `${what} ${i}`),
      );
    };
    check(curve.falsePositiveRate, e.fpr, 'fpr');
    check(curve.truePositiveRate, e.tpr, 'tpr');
    check(curve.thresholds, e.thresholds, 'threshold');
  });
});

it('multiclass metrics equal scikit-learn', () => {
  const columns = readColumns('metrics_multiclass.csv');
  const p = [numbers(columns.p0), numbers(columns.p1), numbers(columns.p2)];
  const m = multiclassMetrics(
    numbers(columns.y),
    numbers(columns.y).map((_, i) => p.map((c) => c[i]!)),
  );
  const e = expected.multiclass;
  expect(m.confusion).toEqual(e.confusion);
  const pairs: [string, number | null][] = [
    ['accuracy', m.accuracy],
    ['log_loss', m.logLoss],
    ['roc_auc_ovr_macro', m.aucOneVsRestMacro],
    ['roc_auc_ovr_weighted', m.aucOneVsRestWeighted],
    ['roc_auc_ovo_macro', m.aucOneVsOneMacro],
    ...(['micro', 'macro', 'weighted'] as const).flatMap((kind): [string, number | null][] => [
      [`precision_${kind}`, m[kind].precision],
      [`recall_${kind}`, m[kind].recall],
      [`f1_${kind}`, m[kind].f1],
    ]),
  ];
  for (const [name, value] of pairs) expectClose(value, e[name], CLOSED_FORM, name);
  expect(multiclassRates(e.confusion)).toMatchObject({ accuracy: m.accuracy, macro: m.macro, mcc: m.mcc });
});

it('multiclass correlation, agreement and balanced accuracy equal scikit-learn, weighted too', () => {
  const columns = readColumns('metrics_multiclass.csv');
  const labels = numbers(columns.y);
  const p = [numbers(columns.p0), numbers(columns.p1), numbers(columns.p2)];
  const probabilities = labels.map((_, i) => p.map((c) => c[i]!));
  const e = readReference<Expected>('multiclass_expected.json');
  const weights = labels.map((_, i) => 1 + (i % 5));
  for (const [wanted, m] of [
    [e.plain, multiclassMetrics(labels, probabilities)],
    [e.weighted, multiclassMetrics(labels, probabilities, { weights })],
  ] as const) {
    expectClose(m.mcc, wanted.mcc, CLOSED_FORM, 'mcc');
    expectClose(m.kappa, wanted.kappa, CLOSED_FORM, 'kappa');
    expectClose(m.balancedAccuracy, wanted.balanced_accuracy, CLOSED_FORM, 'balanced accuracy');
  }
});

describe('regression metrics equal scikit-learn', () => {
  const REGRESSION: Record<string, (m: RegressionMetrics) => number | null> = {
    n: (m) => m.count,
    rmse: (m) => m.rmse,
    mse: (m) => m.mse,
    mae: (m) => m.mae,
    medae: (m) => m.medianAbsoluteError,
    r2: (m) => m.r2,
    mape: (m) => m.mape,
    max_error: (m) => m.maxError,
    bias_mean_error: (m) => m.bias,
    explained_variance: (m) => m.explainedVariance,
    pinball_0_9: (m) => m.pinball,
  };
  const check = (m: RegressionMetrics, e: Expected): void => {
    for (const [name, of] of Object.entries(REGRESSION)) {
      expectClose(of(m), typeof e[name] === 'object' ? null : e[name], CLOSED_FORM, name);
    }
  };
  const columns = readColumns('metrics_regression.csv');
  const rows = numbers(columns.y).map((y, i) => ({
    y,
    pred: Number(columns.pred![i]),
    segment: columns.segment![i],
  }));
  const metric = (part: readonly (typeof rows)[number][]): RegressionMetrics =>
    regressionMetrics(
      part.map((r) => r.y),
      part.map((r) => r.pred),
    );
  it('overall', () => check(metric(rows), expected.regression.overall));
  it.each(Object.entries(expected.regression.slices as Expected))('slice %s', (name, e) => {
    check(bySlice(rows, ['segment'], metric).find((s) => s.name === name)!.metrics, e as Expected);
  });
  it.each([
    ['constant_truth', [5, 5, 5], [4, 5, 6]],
    ['constant_truth_perfect', [5, 5, 5], [5, 5, 5]],
    ['single', [1], [2]],
    ['zero_truth_mape', [0, 1], [1, 1]],
    ['empty', [], []],
  ])('edge case %s', (name, y, p) => check(regressionMetrics(y, p), expected.regression.edge_cases[name]));
});

describe('NDCG of scored items', () => {
  it("shares the places of a tie, as scikit-learn's ndcg_score does", () => {
    // ndcg_score([[3, 0, 2, 1]], [[0.5, 0.5, 0.5, 0.1]]) and with k=2, scikit-learn 1.9.1.
    expectClose(scoredNdcg([3, 0, 2, 1], [0.5, 0.5, 0.5, 0.1]), 0.8362754384890422, CLOSED_FORM, 'all');
    expectClose(scoredNdcg([3, 0, 2, 1], [0.5, 0.5, 0.5, 0.1], 2), 0.6378005308238515, CLOSED_FORM, 'at 2');
  });
  it('is defined without gain, without rows, and when scores are missing', () => {
    expect(scoredNdcg([], [])).toBeNull();
    expect(scoredNdcg([0, 0], [1, 2])).toBe(0);
    expect(scoredNdcg([1, 0], [Number.NaN, 2])).toBeCloseTo(1 / Math.log2(3), 12);
  });
});

describe('ranking metrics equal ranx and recmetrics', () => {
  const data = readReference<{
    qrels: Record<string, Record<string, number>>;
    runs: Record<string, Record<string, Record<string, number>>>;
  }>('ranking_data.json');
  const groups = (run: string): RankingGroup[] =>
    Object.entries(data.runs[run]!).map(([user, ranked]) => ({
      ranked: Object.keys(ranked).sort((a, b) => ranked[b]! - ranked[a]!),
      relevant: new Map(Object.entries(data.qrels[user]!)),
    }));
  describe.each(['good', 'collapsed'])('%s', (run) => {
    it.each([1, 5, 10, 20])('at %i', (k) => {
      const m = rankingMetrics(groups(run), k, { catalogueSize: 80 });
      const e = expected.ranking.ranx[run];
      const names: [string, number | null][] = [
        ['ndcg', m.ndcg],
        ['ndcg_burges', m.ndcgExponential],
        ['precision', m.precision],
        ['recall', m.recall],
        ['map', m.map],
        ['hit_rate', m.hitRate],
        ['mrr', m.mrr],
        ['f1', m.f1],
      ];
      for (const [name, value] of names) expectClose(value, e[`${name}@${k}`], CLOSED_FORM, name);
      expectClose(m.rPrecision, e['r-precision'], CLOSED_FORM, 'r-precision');
      expectClose(m.rbp, e['rbp.95'], CLOSED_FORM, 'rbp');
      const d = expected.ranking.diversity[`${run}@${k}`];
      const byHand = expected.ranking.by_hand[`${run}@${k}`];
      const { ndcg, precision, recall, map, hitRate, mrr, mapAtMostK } = m;
      for (const [name, value] of Object.entries({ ndcg, precision, recall, map, mrr }))
        expectClose(value, byHand[name], CLOSED_FORM, `${name} by hand`);
      expectClose(hitRate, byHand.hit_rate, CLOSED_FORM, 'hit rate by hand');
      expectClose(mapAtMostK, byHand.map_min_k, CLOSED_FORM, 'map_min_k');
      const exponential = expected.ranking.by_hand_exp_gain_ndcg[`${run}@${k}`];
      if (exponential !== undefined)
        expectClose(m.ndcgExponential, exponential, CLOSED_FORM, 'exponential by hand');
      if (d === undefined) return;
      expectClose(1 - m.diversity!, d.mean_pairwise_overlap, CLOSED_FORM, 'overlap');
      expectClose(m.coverage, d.catalogue_coverage, CLOSED_FORM, 'coverage');
      expectClose(m.concentration.gini, d.gini_over_catalogue, CLOSED_FORM, 'gini');
      expectClose(m.concentration.entropyBits, d.entropy_bits, CLOSED_FORM, 'entropy');
      expectClose(m.concentration.normalisedEntropy, d.entropy_normalised, CLOSED_FORM, 'normalised entropy');
      expectClose(m.concentration.effectiveItems, d.effective_items, CLOSED_FORM, 'effective items');
      expectClose(m.concentration.hhi, d.hhi, CLOSED_FORM, 'hhi');
      expectClose(m.topFirstShare, d.top1_share, CLOSED_FORM, 'top item');
      expectClose(m.distinctLists, d.distinct_lists_share, CLOSED_FORM, 'distinct lists');
      expectClose(m.diversity, d.personalisation_1_minus_overlap, CLOSED_FORM, 'diversity');
    });
    it('over whole lists', () => {
      const e = expected.ranking.ranx[run];
      const m = rankingMetrics(groups(run), 80);
      for (const name of ['ndcg', 'map', 'mrr'] as const) expectClose(m[name], e[name], CLOSED_FORM, name);
    });
    it("recmetrics' coverage, personalisation and MAR", () => {
      const e = readReference<Expected>('ranking_recmetrics.json')[run];
      const m = rankingMetrics(groups(run), 10, { catalogueSize: 80 });
      expectClose(100 * m.coverage!, e.prediction_coverage_pct, CLOSED_FORM, 'prediction coverage');
      expectClose(100 * m.coverage!, e.catalog_coverage_pct_k100, CLOSED_FORM, 'catalogue coverage');
      // recmetrics leaves 1e-16 where all lists are the same.
      expectClose(m.diversity, run === 'good' ? e.personalization : 0, CLOSED_FORM, 'personalisation');
      expectClose(m.map, e.mark_10, CLOSED_FORM, 'mar');
    });
    it.each([5, 10, 20])(
      "scikit-learn's NDCG at %i, with the one tie of the run in the order of items",
      (k) => {
        const lists = Object.entries(data.runs[run]!).map(([user, scores]): RankingGroup => ({
          ranked: Object.keys(scores).sort((a, b) => scores[b]! - scores[a]! || (a < b ? -1 : 1)),
          relevant: new Map(Object.entries(data.qrels[user]!)),
        }));
        expectClose(
          rankingMetrics(lists, k).ndcg,
          expected.ranking.sklearn_ndcg[`${run}@${k}`],
          CLOSED_FORM,
          'ndcg',
        );
      },
    );
  });
});
