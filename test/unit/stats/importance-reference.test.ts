import { describe, expect, it } from 'vitest';
import {
  binaryMetrics,
  exactShapley,
  permutationImportance,
  sampledShapley,
} from '../../../src/stats/index.ts';
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
  it('starts from the reference scores', () => {
    const m = binaryMetrics(y, logistic(rows));
    expectClose(m.auc, expected.logistic.baseline.auc, CLOSED_FORM, 'auc');
    expectClose(m.logLoss, expected.logistic.baseline.log_loss, CLOSED_FORM, 'log loss');
  });
  it("agrees with scikit-learn's own shuffles within what shuffles differ", async () => {
    const e = expected.sklearn_permutation_importance_auc;
    const ours = await permutationImportance(rows, logistic, (s) => binaryMetrics(y, s).auc, { repeats: 50 });
    ours.forEach(({ mean, standardDeviation }, f) => {
      const spread = Math.max(standardDeviation!, e.std[f]);
      expect(Math.abs(mean! - e.mean[f]), features[f]).toBeLessThan(4 * spread);
      expect(standardDeviation, features[f]).toBeLessThan(3 * e.std[f]);
    });
  });
  it('is the same for the same seed and finds the strong feature', async () => {
    const score = (s: ArrayLike<number>): number | null => binaryMetrics(y, s).auc;
    const once = await permutationImportance(rows, logistic, score, { seed: 3 });
    expect(await permutationImportance(rows, logistic, score, { seed: 3 })).toEqual(once);
    expect(Math.max(...once.map((f) => f.mean!))).toBe(once[0]!.mean);
    expect(await permutationImportance([], logistic, score)).toEqual([]);
  });
  it('says nothing of a feature whose shuffles have no score, and wants at least one of them', async () => {
    let asked = 0;
    const baselineOnly = (): number | null => (asked++ === 0 ? 1 : null);
    const [first] = await permutationImportance(rows, logistic, baselineOnly);
    expect(first).toEqual({ feature: 0, mean: null, standardDeviation: null, each: [] });
    for (const repeats of [0, 1.5, Number.NaN])
      await expect(permutationImportance(rows, logistic, () => 1, { repeats })).rejects.toThrow(RangeError);
  });
});

describe('sampled Shapley values', () => {
  it('of a linear model equal its closed form and shap', async () => {
    const e = expected.linear_shap;
    for (let i = 0; i < 5; i++) {
      const s = (await sampledShapley(rows[i]!, rows, linear(e.coef, e.intercept), { orders: 3 }))!;
      s.values.forEach((v, f) => expectClose(v, e.shap_first5[i][f], 1e-8, `row ${i} feature ${f}`));
      s.values.forEach((v, f) =>
        expectClose(v, e.closed_form_first5[i][f], 1e-8, `row ${i} closed form ${f}`),
      );
      expectClose(s.expected, e.expected_value, CLOSED_FORM, 'expected');
      expectClose(s.expected, e.base_values[i], CLOSED_FORM, 'base value');
    }
  });
  it('of a tree by the shares of its training rows equal shap, exactly', () => {
    const t = expected.tree_shap;
    const expectation = (row: readonly number[], coalition: number, node = 0): number => {
      const [left, right, feature] = [t.left[node], t.right[node], t.feature[node]];
      if (left === -1) return t.value[node];
      if ((coalition >> feature) & 1)
        return expectation(row, coalition, row[feature]! <= t.threshold[node] ? left : right);
      const [l, r] = [t.n_node_samples[left], t.n_node_samples[right]];
      return (l * expectation(row, coalition, left) + r * expectation(row, coalition, right)) / (l + r);
    };
    for (let i = 0; i < 5; i++) {
      const values = exactShapley(features.length, (coalition) => expectation(rows[i]!, coalition));
      values.forEach((v, f) => expectClose(v, t.shap_first5[i][f], CLOSED_FORM, `row ${i} feature ${f}`));
      expectClose(expectation(rows[i]!, 0), t.expected_value, CLOSED_FORM, 'expected');
      expectClose(expectation(rows[i]!, 31), t.pred_first5[i], CLOSED_FORM, 'prediction');
    }
  });
  it('by sampled orders approach the exact ones, as near as their standard errors say', async () => {
    const background = rows.slice(0, 40);
    const worth = (coalition: number): number => {
      const mixed = background.map((r) => r.map((v, f) => ((coalition >> f) & 1 ? rows[0]![f]! : v)));
      return logistic(mixed).reduce((a, b) => a + b, 0) / mixed.length;
    };
    const exact = exactShapley(features.length, worth);
    const sampled = (await sampledShapley(rows[0]!, background, logistic, { orders: 100, seed: 2 }))!;
    sampled.values.forEach((v, f) => {
      expect(Math.abs(v - exact[f]!)).toBeLessThan(4 * sampled.standardErrors[f]! + 1e-12);
    });
    expect(exactShapley(0, () => 1)).toEqual([]);
    expect(() => exactShapley(21, () => 1)).toThrow(RangeError);
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
    for (const orders of [0, 1, 2.5, Number.NaN])
      await expect(sampledShapley(rows[0]!, rows, tree, { orders })).rejects.toThrow(RangeError);
  });
});
