import { describe, expect, it } from 'vitest';
import { binaryMetrics, permutationImportance, sampledShapley } from '../../../src/stats/index.ts';
import { CLOSED_FORM, expectClose, numbers, readColumns, readReference } from './reference-files.ts';

type Expected = Record<string, any>;
const expected = readReference<Expected>('importance_expected.json');
const columns = readColumns('importance_data.csv');
const features = expected.features as string[];
const y = numbers(columns.y);
const rows = y.map((_, i) => features.map((f) => Number(columns[f]![i])));
const linear =
  (coef: number[], intercept: number) =>
  (batch: readonly (readonly number[])[]): number[] =>
    batch.map((row) => row.reduce((sum, v, f) => sum + v * coef[f]!, intercept));
const logistic = (batch: readonly (readonly number[])[]): number[] =>
  linear(expected.logistic.coef, expected.logistic.intercept)(batch).map((z) => 1 / (1 + Math.exp(-z)));

describe('permutation importance equals scikit-learn on the same permutations', () => {
  it('AUC and log loss', async () => {
    const permutations = expected.permutations as number[][][];
    const byFeature = permutations.length === features.length ? permutations : [];
    expect(byFeature.length).toBe(features.length);
    const auc = await permutationImportance(rows, logistic, (s) => binaryMetrics(y, s).auc, { permutations });
    const loss = await permutationImportance(rows, logistic, (s) => -binaryMetrics(y, s).logLoss!, {
      permutations,
    });
    features.forEach((name, f) => {
      const e = expected.permutation_importance[name];
      auc[f]!.each.forEach((drop, r) => expectClose(drop, e.auc_drop_each[r], 1e-8, `${name} ${r}`));
      expectClose(auc[f]!.mean, e.auc_drop_mean, CLOSED_FORM, name);
      expectClose(auc[f]!.standardDeviation, e.auc_drop_std0, CLOSED_FORM, `${name} sd`);
      expectClose(loss[f]!.mean, e.log_loss_rise_mean, 1e-8, `${name} log loss`);
    });
  });
  it('is the same for the same seed and finds the strong feature', async () => {
    const score = (s: ArrayLike<number>): number | null => binaryMetrics(y, s).auc;
    const once = await permutationImportance(rows, logistic, score, { seed: 3 });
    expect(await permutationImportance(rows, logistic, score, { seed: 3 })).toEqual(once);
    expect(Math.max(...once.map((f) => f.mean))).toBe(once[0]!.mean);
    expect(await permutationImportance([], logistic, score)).toEqual([]);
  });
});

describe('sampled Shapley values', () => {
  it('of a linear model equal its closed form and shap', async () => {
    const e = expected.linear_shap;
    for (let i = 0; i < 5; i++) {
      const s = (await sampledShapley(rows[i]!, rows, linear(e.coef, e.intercept), { orders: 3 }))!;
      s.values.forEach((v, f) => expectClose(v, e.shap_first5[i][f], 1e-8, `row ${i} feature ${f}`));
      expectClose(s.expected, e.expected_value, CLOSED_FORM, 'expected');
    }
  });
  it('of a tree with interactions sum to prediction − expectation', async () => {
    const t = expected.tree_shap;
    const tree = (batch: readonly (readonly number[])[]): number[] =>
      batch.map((row) => {
        let node = 0;
        while (t.left[node] !== -1)
          node = row[t.feature[node]]! <= t.threshold[node] ? t.left[node] : t.right[node];
        return t.value[node];
      });
    for (let i = 0; i < 5; i++) {
      const s = (await sampledShapley(rows[i]!, rows.slice(0, 100), tree, { orders: 20 }))!;
      expect(s.prediction).toBeCloseTo(t.pred_first5[i], 9);
      expect(s.values.reduce((a, b) => a + b, 0)).toBeCloseTo(s.prediction - s.expected, 9);
      expect(s.values[2]).toBe(0);
    }
    expect(await sampledShapley(rows[0]!, [], tree)).toBeNull();
  });
});
