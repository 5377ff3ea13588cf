import type { MetricValues } from '../domain/gates/judged-metrics.ts';
import {
  binaryMetrics,
  confusionRates,
  multiclassMetrics,
  multiclassRates,
  rankingMetrics,
  regressionMetrics,
} from '../stats/index.ts';
import type { RankingGroup } from '../stats/index.ts';

/**
 * The metrics of each task as one number by name: the names that gates, reports and the command use. null where the
 * data do not define one, or it is beyond all numbers, as the squares of the largest doubles are.
 */

export function binaryValues(
  labels: ArrayLike<number>,
  scores: ArrayLike<number>,
  options: { readonly threshold: number; readonly weights?: ArrayLike<number> },
): MetricValues {
  const metrics = binaryMetrics(labels, scores, options);
  const { confusion } = metrics;
  const positive = confusion.truePositives + confusion.falseNegatives;
  const total = positive + confusion.trueNegatives + confusion.falsePositives;
  const positiveRate = total === 0 ? null : positive / total;
  return { ...numbersOf(metrics), positiveRate, meanScore: mean(scores, options.weights) };
}

/** Of decisions without a score: what a table of 0/1 labels and 0/1 predictions shows. */
export function decisionValues(
  labels: ArrayLike<number>,
  decisions: ArrayLike<number>,
  weights?: ArrayLike<number>,
): MetricValues {
  const table = { trueNegatives: 0, falsePositives: 0, falseNegatives: 0, truePositives: 0 };
  let positives = 0;
  for (let i = 0; i < labels.length; i++) {
    const [y, p] = [labels[i], decisions[i]];
    if (y === 1) positives++;
    const cell =
      y === 1 ? (p === 1 ? 'truePositives' : 'falseNegatives') : p === 1 ? 'falsePositives' : 'trueNegatives';
    table[cell] += weights?.[i] ?? 1;
  }
  const total = table.trueNegatives + table.falsePositives + table.falseNegatives + table.truePositives;
  const share = (weight: number): number | null => (total === 0 ? null : weight / total);
  return {
    count: labels.length,
    positives,
    ...confusionRates(table),
    positiveRate: share(table.truePositives + table.falseNegatives),
    selectionRate: share(table.truePositives + table.falsePositives),
  };
}

export function regressionValues(
  truths: ArrayLike<number>,
  predictions: ArrayLike<number>,
  weights?: ArrayLike<number>,
): MetricValues {
  const metrics = regressionMetrics(truths, predictions, weights === undefined ? {} : { weights });
  return { ...numbersOf(metrics), meanScore: mean(predictions, weights) };
}

export function multiclassValues(
  labels: ArrayLike<number>,
  probabilities: ArrayLike<ArrayLike<number>>,
  weights?: ArrayLike<number>,
): MetricValues {
  const metrics = multiclassMetrics(labels, probabilities, weights === undefined ? {} : { weights });
  return { ...numbersOf(metrics), ...averageValues(metrics) };
}

/** Of predicted classes without probabilities. */
export function predictedClassValues(confusion: readonly (readonly number[])[], count: number): MetricValues {
  const rates = multiclassRates(confusion);
  return { count, ...numbersOf(rates), ...averageValues(rates) };
}

/** Of ranked lists at k; lists without a relevant item are left out of the means. */
export function rankingValues(groups: readonly RankingGroup[], k: number): MetricValues {
  const m = rankingMetrics(groups, k, { withoutRelevant: 'skip' });
  const { ndcg, ndcgExponential, map, mrr, hitRate, rPrecision, rbp } = m;
  const atK = { precisionAtK: m.precision, recallAtK: m.recall, f1AtK: m.f1 };
  return numbersOf({ ndcg, ndcgExponential, map, mrr, hitRate, ...atK, rPrecision, rbp });
}

/** Of what a model would recommend to many: whether it recommends everybody the same. */
export const RECOMMENDATION_METRICS = ['topItemShare', 'itemCoverage'] as const;

function averageValues({
  macro,
  weighted,
}: Pick<ReturnType<typeof multiclassRates>, 'macro' | 'weighted'>): MetricValues {
  return {
    macroPrecision: macro.precision,
    macroRecall: macro.recall,
    macroF1: macro.f1,
    weightedPrecision: weighted.precision,
    weightedRecall: weighted.recall,
    weightedF1: weighted.f1,
  };
}

function mean(values: ArrayLike<number>, weights?: ArrayLike<number>): number | null {
  let [sum, total] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    const w = weights?.[i] ?? 1;
    sum += w * (values[i] ?? 0);
    total += w;
  }
  return total === 0 ? null : finite(sum / total);
}

/** The metrics that are one number, or not defined on these rows. */
function numbersOf(metrics: object): MetricValues {
  return Object.fromEntries(
    Object.entries(metrics as Record<string, unknown>).flatMap(([name, value]) =>
      value === null ? [[name, null]] : typeof value === 'number' ? [[name, finite(value)]] : [],
    ),
  );
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
