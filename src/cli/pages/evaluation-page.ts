import type { EvaluateReport } from '../../contracts/evaluate-report.ts';
import { figure, percent } from '../../platform/figures.ts';
import { html } from '../../platform/html-template.ts';
import type { Html } from '../../platform/html-template.ts';
import { inferredText } from '../reports/inferred-text.ts';
import {
  evaluationFacts,
  evaluationHeadline,
  fairnessTable,
  groupTable,
  metricTable,
  sliceTable,
  thresholdTable,
} from '../reports/render-evaluation.ts';
import type { ReportTable } from '../reports/report-table.ts';
import { calibrationChart } from './calibration-chart.ts';
import { pageTable } from './page-table.ts';
import { reportPage } from './report-page.ts';

/** More classes than this make no table that somebody reads. */
const MAX_CLASSES = 30;

/** Thresholds, metrics, slices with the worst first, calibration, confusion, groups. */
export function evaluationPage(report: EvaluateReport): string {
  const { bias, calibration, thresholds, verdict } = report;
  const slices = sliceTable(report);
  const confusion = confusionTable(report);
  return reportPage({
    title: `Evaluation of ${report.predictions.location}`,
    headline: evaluationHeadline(report),
    state: verdict?.kind ?? '',
    because: [evaluationFacts(report)],
    notes: [...report.inferred.map(inferredText), ...report.notes],
    body: html`
      ${thresholds.length === 0 ? '' : section('Thresholds', thresholdTable(report), 'wide')}
      ${section('Metrics', metricTable(report))}
      ${slices === null ? '' : section(`Slices, the worst ${slices.columns[2]?.name ?? ''} first`, slices)}
      ${
        calibration === null
          ? ''
          : html`<h2>Calibration</h2>
              ${calibrationChart(calibration)}`
      }
      ${confusion === null ? '' : section('Confusion: truth down, prediction across', confusion)}
      ${
        bias === null
          ? ''
          : html`${section(`Groups of ${bias.column}`, groupTable(bias))}
            ${section('Disparities, by the names of fairlearn', fairnessTable(bias))}
            ${section('Bias, by the names of SageMaker Clarify', clarifyTable(bias))}`
      }
    `,
  });
}

function section(title: string, table: ReportTable, look: 'wide' | 'plain' = 'plain'): Html {
  return html`<h2>${title}</h2>
    ${pageTable(table, { label: title, look })}`;
}

/** Counts, and their share of the row's class; null where there are no classes or very many. */
function confusionTable({ confusion, classes }: EvaluateReport): ReportTable | null {
  if (confusion === null || classes === null || classes.length > MAX_CLASSES) return null;
  return {
    columns: [
      { name: 'truth', as: 'name' },
      { name: 'rows', as: 'number' },
      ...classes.map((name) => ({ name, as: 'number' as const })),
    ],
    rows: confusion.map((row, c) => {
      const total = row.reduce((sum, n) => sum + n, 0);
      return [
        classes[c] ?? '',
        figure(total),
        ...row.map((n) => (total === 0 ? '0' : `${figure(n)} (${percent(n / total)})`)),
      ];
    }),
  };
}

function clarifyTable({ clarify }: NonNullable<EvaluateReport['bias']>): ReportTable {
  const groups = Object.entries(clarify);
  return {
    columns: [{ name: 'measure', as: 'name' }, ...groups.map(([name]) => ({ name, as: 'number' as const }))],
    rows: Object.keys(groups[0]?.[1] ?? {}).map((name) => [
      name,
      ...groups.map(([, measures]) => figure(measures[name])),
    ]),
  };
}
