import type { Evaluation } from '../contracts/spec/training.ts';
import type { JudgedMetrics, MetricValues } from '../domain/gates/judged-metrics.ts';
import { bySlice, groupRankings } from '../stats/index.ts';
import { binaryValues, multiclassValues, rankingValues, regressionValues } from './metric-values.ts';

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
 * the metrics of `rankingValues` within its groups (groups without a positive label are left out).
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
    case 'binary':
      return binaryValues(labels, scores, { threshold: settings.threshold });
    case 'regression':
      return regressionValues(labels, scores);
    case 'multiclass':
      return multiclassValues(
        labels,
        rows.map((row) => row.probabilities ?? []),
      );
  }
}

function grouped(rows: readonly ScoredRow[], k: number): MetricValues {
  return rankingValues(
    groupRankings(
      rows.map(({ group = '', id, score, label }) => ({ group, item: id, score, relevance: label })),
    ),
    k,
  );
}
