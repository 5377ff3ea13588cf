import { describe, expect, it } from 'vitest';
import type { BinaryMetrics, RankingGroup, RegressionMetrics } from '../../../src/stats/index.ts';
import {
  binaryMetrics,
  bySlice,
  multiclassMetrics,
  rankingMetrics,
  regressionMetrics,
  rocCurve,
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
    // The reference computed κ without the weights.
    expectBinary(binaryMetrics(y, score, { weights }), expected.binary.overall_weighted, ['kappa']);
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
      expectClose(m.mapAtMostK, expected.ranking.by_hand[`${run}@${k}`]?.map_min_k, CLOSED_FORM, 'map_min_k');
      expectClose(m.rPrecision, e['r-precision'], CLOSED_FORM, 'r-precision');
      expectClose(m.rbp, e['rbp.95'], CLOSED_FORM, 'rbp');
      const d = expected.ranking.diversity[`${run}@${k}`];
      if (d === undefined) return;
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
  });
});
