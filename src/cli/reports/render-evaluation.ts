import pc from 'picocolors';
import type { EvaluateReport } from '../../contracts/evaluate-report.ts';
import { paint, renderTable } from '../render.ts';
import { show } from './write-report.ts';

/** The metrics that a person looks at first; a slice shows those that it has. */
export const HEADLINE: Readonly<Record<EvaluateReport['task'], readonly string[]>> = {
  binary: ['auc', 'averagePrecision', 'logLoss', 'brier', 'ece', 'accuracy', 'precision', 'recall', 'f1'],
  multiclass: ['accuracy', 'balancedAccuracy', 'macroF1', 'weightedF1', 'logLoss', 'aucOneVsRestMacro'],
  regression: ['rmse', 'mae', 'r2', 'mape', 'bias', 'medianAbsoluteError'],
  ranking: ['ndcg', 'map', 'mrr', 'hitRate', 'precisionAtK', 'recallAtK', 'coverage', 'diversity'],
};

export function renderEvaluation(report: EvaluateReport): string {
  const { predictions, overall, slices, thresholds, verdict, bias } = report;
  const parts = [
    `${report.task} predictions in ${predictions.location}: ${String(predictions.used)} of ${String(predictions.rows)} rows used`,
    ...report.inferred.map(({ what, value, why }) => pc.dim(`${what}: ${value}, for ${why}`)),
    ...report.notes.map((note) => pc.yellow(note)),
    '',
    renderTable(
      ['metric', 'value', ...(overall.intervals ? ['95 % interval'] : [])],
      Object.entries(overall.metrics).map(([name, value]) => {
        const interval = overall.intervals?.[name];
        return [name, show(value), ...(interval ? [`${show(interval.low)} … ${show(interval.high)}`] : [])];
      }),
    ),
  ];
  if (slices.length > 0) {
    const names = HEADLINE[report.task].filter((name) => name in overall.metrics).slice(0, 6);
    parts.push(
      '',
      renderTable(
        ['slice', 'rows', ...names],
        slices.map(({ name, count, metrics }) => [
          name,
          count,
          ...names.map((metric) => show(metrics[metric])),
        ]),
      ),
    );
  }
  if (bias !== null) {
    parts.push(
      '',
      renderTable(
        [bias.column, 'rows', 'selection rate', 'tpr', 'fpr', 'precision'],
        Object.entries(bias.groups).map(([name, g]) => [
          name,
          ...[g['count'], g['selectionRate'], g['tpr'], g['fpr'], g['precision']].map(show),
        ]),
      ),
      '',
      renderTable(
        ['fairness', 'value'],
        Object.entries(bias.fairness).map(([name, value]) => [
          name,
          typeof value === 'boolean' ? String(value) : show(value),
        ]),
      ),
    );
  }
  if (thresholds.length > 0) parts.push('');
  for (const { threshold, scope, verdict: judged } of thresholds) {
    const where = scope === 'slices' ? ' in each slice' : '';
    parts.push(`${paint(judged.kind)} ${threshold}${where}: ${judged.reason}`);
  }
  if (verdict !== null) parts.push('', `${paint(verdict.kind)} ${verdict.reason}`);
  return parts.join('\n');
}
