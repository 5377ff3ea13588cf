import type { Evaluation } from '../contracts/spec/training.ts';
import type { JudgedMetrics, MetricValues } from '../domain/gates/judged-metrics.ts';
import {
  binaryMetrics,
  bySlice,
  groupRankings,
  multiclassMetrics,
  rankingMetrics,
  regressionMetrics,
} from '../stats/index.ts';

/** One scored row of a holdout. */
export interface ScoredRow {
  readonly id: string;
  readonly label: number;
  readonly score: number;
  /** Multiclass only. */
  readonly probabilities?: readonly number[];
  /** Value of the `groupBy` column. */
  readonly group?: string;
  /** Values of the slice columns. */
  readonly slices: Readonly<Record<string, unknown>>;
}

type Settings = Pick<Evaluation, 'task' | 'threshold' | 'groupBy' | 'k' | 'slices'>;

/**
 * The metrics of a holdout, overall and by slice, with the names that gates use: those of the task, and with `groupBy`
 * `ndcg`, `map`, `mrr`, `hitRate`, `precisionAtK` and `recallAtK` within its groups (groups without a positive label are left out).
 */
export function judgeRows(rows: readonly ScoredRow[], settings: Settings): JudgedMetrics {
  const flat = rows.map((row) => ({ ...row.slices, [ROW]: row }));
  const slices = bySlice(flat, settings.slices, (part) =>
    metricsOf(
      part.map((one) => one[ROW]),
      settings,
    ),
  );
  return {
    overall: metricsOf(rows, settings),
    count: rows.length,
    slices: slices.map(({ name, count, metrics }) => ({ name, count, metrics })),
  };
}

/** Cannot be the name of a column. */
const ROW = ' row';

function metricsOf(rows: readonly ScoredRow[], settings: Settings): MetricValues {
  return {
    ...taskMetrics(rows, settings),
    ...(settings.groupBy === undefined ? {} : grouped(rows, settings.k)),
  };
}

function taskMetrics(rows: readonly ScoredRow[], settings: Settings): MetricValues {
  const labels = rows.map((row) => row.label);
  const scores = rows.map((row) => row.score);
  switch (settings.task) {
    case 'binary': {
      const { positives, ...metrics } = binaryMetrics(labels, scores, { threshold: settings.threshold });
      const positiveRate = metrics.count === 0 ? null : positives / metrics.count;
      return { ...numbersOf(metrics), positives, positiveRate, meanScore: mean(scores) };
    }
    case 'regression':
      return { ...numbersOf(regressionMetrics(labels, scores)), meanScore: mean(scores) };
    case 'multiclass': {
      const { macro, weighted, ...metrics } = multiclassMetrics(
        labels,
        rows.map((row) => row.probabilities ?? []),
      );
      return {
        ...numbersOf(metrics),
        macroPrecision: macro.precision,
        macroRecall: macro.recall,
        macroF1: macro.f1,
        weightedF1: weighted.f1,
      };
    }
  }
}

function grouped(rows: readonly ScoredRow[], k: number): MetricValues {
  const groups = groupRankings(
    rows.map(({ group = '', id, score, label }) => ({ group, item: id, score, relevance: label })),
  );
  const metrics = rankingMetrics(groups, k, { withoutRelevant: 'skip' });
  const { ndcg, map, mrr, hitRate, precision, recall } = metrics;
  return { ndcg, map, mrr, hitRate, precisionAtK: precision, recallAtK: recall };
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The metrics that are one number, or not defined on these rows. */
function numbersOf(metrics: object): MetricValues {
  const entries = Object.entries(metrics as Record<string, unknown>);
  return Object.fromEntries(
    entries.filter(
      (entry): entry is [string, number | null] => entry[1] === null || typeof entry[1] === 'number',
    ),
  );
}
