import pc from 'picocolors';
import type { EvaluateReport } from '../../contracts/evaluate-report.ts';
import { count, figure, percent, plural, short } from '../../platform/figures.ts';
import { paint } from '../render.ts';
import { inferredText } from './inferred-text.ts';
import { textTable } from './report-table.ts';
import type { ReportColumn, ReportTable } from './report-table.ts';

/** The metrics that a person looks at first; a slice shows those that it has. */
const HEADLINE: Readonly<Record<EvaluateReport['task'], readonly string[]>> = {
  binary: ['auc', 'averagePrecision', 'logLoss', 'brier', 'ece', 'accuracy', 'precision', 'recall', 'f1'],
  multiclass: ['accuracy', 'balancedAccuracy', 'macroF1', 'weightedF1', 'logLoss', 'aucOneVsRestMacro'],
  regression: ['rmse', 'mae', 'r2', 'mape', 'bias', 'medianAbsoluteError'],
  ranking: ['ndcg', 'map', 'mrr', 'hitRate', 'precisionAtK', 'recallAtK', 'coverage', 'diversity'],
};
/** Metrics of errors are worse when higher. */
const LOWER_IS_BETTER = new Set(['rmse', 'mae', 'logLoss', 'brier', 'ece', 'mape']);

/** Columns of a table: the first names the row, the others are figures. */
function figures(first: string, others: readonly string[]): ReportColumn[] {
  return [{ name: first, as: 'name' }, ...others.map((name) => ({ name, as: 'number' as const }))];
}

function headlineMetrics({ task, overall }: EvaluateReport): string[] {
  return HEADLINE[task].filter((name) => name in overall.metrics);
}

/** One line for somebody who reads no further. */
export function evaluationHeadline(report: EvaluateReport): string {
  const { thresholds, verdict, overall, slices, predictions } = report;
  if (predictions.used === 0)
    return `nothing is evaluated: none of ${plural(predictions.rows, 'row')} could be used`;
  const of = (kind: string): string[] =>
    thresholds.filter((one) => one.verdict.kind === kind).map((one) => one.threshold);
  switch (verdict?.kind) {
    case 'pass':
      return thresholds.length === 1
        ? 'the threshold is met'
        : `${count(thresholds.length)} of ${count(thresholds.length)} thresholds are met`;
    case 'fail':
      return `${count(of('fail').length)} of ${plural(thresholds.length, 'threshold')} missed: ${of('fail').join(', ')}`;
    case 'insufficient_data':
    case 'error':
      return `not decided: too little data for ${[...of('insufficient_data'), ...of('error')].join(', ')}`;
    case undefined: {
      const [first] = headlineMetrics(report);
      if (first === undefined) return `${plural(report.predictions.used, 'prediction')} evaluated`;
      const worst = slices.length > 1 ? worstFirst(report)[0] : undefined;
      const slice =
        worst === undefined ? '' : `, and ${short(worst.metrics[first])} in the worst slice, ${worst.name}`;
      return `${first} is ${short(overall.metrics[first])}${slice}; no threshold was set`;
    }
  }
}

export function evaluationFacts({ task, predictions }: EvaluateReport): string {
  return `${task} predictions in ${predictions.location}: ${count(predictions.used)} of ${plural(predictions.rows, 'row')} used`;
}

export function thresholdTable({ thresholds }: EvaluateReport): ReportTable {
  return {
    columns: [
      { name: 'verdict', as: 'state' },
      { name: 'threshold', as: 'code' },
      { name: 'of', as: 'text' },
      { name: 'why', as: 'text' },
    ],
    rows: thresholds.map(({ threshold, scope, verdict }) => [
      verdict.kind,
      threshold,
      scope === 'slices' ? 'all rows and each slice' : 'all rows',
      verdict.reason,
    ]),
  };
}

export function metricTable({ overall: { metrics, intervals } }: EvaluateReport): ReportTable {
  return {
    columns: figures('metric', ['value', ...(intervals ? ['95 % interval'] : [])]),
    rows: Object.entries(metrics).map(([name, value]) => {
      const interval = intervals?.[name];
      const shown = interval ? `${figure(interval.low)} … ${figure(interval.high)}` : null;
      return [name, figure(value), ...(intervals ? [shown] : [])];
    }),
  };
}

/** Null without slices; the worst by the first metric on top. */
export function sliceTable(report: EvaluateReport, most = Number.POSITIVE_INFINITY): ReportTable | null {
  if (report.slices.length === 0) return null;
  const names = headlineMetrics(report).slice(0, most);
  return {
    columns: figures('slice', ['rows', ...names]),
    rows: worstFirst(report).map((slice) => [
      slice.name,
      count(slice.count),
      ...names.map((name) => figure(slice.metrics[name])),
    ]),
  };
}

function worstFirst(report: EvaluateReport): EvaluateReport['slices'] {
  const metric = headlineMetrics(report)[0] ?? '';
  const sign = LOWER_IS_BETTER.has(metric) ? -1 : 1;
  const badness = (value: number | null | undefined): number =>
    value === null || value === undefined ? Number.POSITIVE_INFINITY : sign * value;
  return report.slices.toSorted((a, b) => badness(a.metrics[metric]) - badness(b.metrics[metric]) || 0);
}

type Bias = NonNullable<EvaluateReport['bias']>;

export function groupTable({ column, groups }: Bias): ReportTable {
  return {
    columns: figures(column, ['rows', 'selection rate', 'tpr', 'fpr', 'precision', 'accuracy']),
    rows: Object.entries(groups).map(([name, g]) => [
      name,
      figure(g['count']),
      ...[g['selectionRate'], g['tpr'], g['fpr'], g['precision'], g['accuracy']].map(percent),
    ]),
  };
}

export function fairnessTable({ fairness }: Bias): ReportTable {
  return {
    columns: figures('disparity', ['value']),
    rows: Object.entries(fairness).map(([name, value]) => [
      name,
      typeof value === 'boolean' ? (value ? 'holds' : 'broken') : figure(value),
    ]),
  };
}

export function renderEvaluation(report: EvaluateReport): string {
  const { bias, thresholds, verdict } = report;
  const slices = sliceTable(report, 6);
  return [
    evaluationFacts(report),
    ...report.inferred.map((one) => pc.dim(inferredText(one))),
    ...report.notes.map((note) => pc.yellow(note)),
    '',
    textTable(metricTable(report)),
    ...(slices === null ? [] : ['', textTable(slices)]),
    ...(bias === null ? [] : ['', textTable(groupTable(bias)), '', textTable(fairnessTable(bias))]),
    ...(thresholds.length === 0 ? [] : ['', textTable(thresholdTable(report))]),
    '',
    verdict === null
      ? evaluationHeadline(report)
      : paint(verdict.kind, `${verdict.kind}: ${evaluationHeadline(report)}`),
  ].join('\n');
}
