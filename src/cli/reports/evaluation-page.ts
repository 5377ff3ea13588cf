import type { EvaluateReport } from '../../contracts/evaluate-report.ts';
import { html } from '../../api/html-page.ts';
import type { Html } from '../../api/html-page.ts';
import { reportPage, table, verdictLine } from './report-page.ts';
import { HEADLINE } from './render-evaluation.ts';
import { show } from './write-report.ts';

/** A page of its own: metrics, slices with the worst first, calibration, confusion, groups. */
export function evaluationPage(report: EvaluateReport): string {
  const { predictions, overall, bias, confusion, classes } = report;
  const names = HEADLINE[report.task].filter((name) => name in overall.metrics);
  const first = names[0] ?? 'count';
  const body = html`
    <p>
      ${report.task} predictions in <code>${predictions.location}</code>: ${predictions.used} of
      ${predictions.rows} rows used.
    </p>
    ${[
      ...report.inferred.map(({ what, value, why }) => `${what}: ${value}, for ${why}`),
      ...report.notes,
    ].map((line) => html`<p class="note">${line}</p>`)}
    ${report.verdict === null ? '' : verdictLine(report.verdict)}
    ${
      report.thresholds.length === 0
        ? ''
        : table(
            ['threshold', 'where', 'verdict', 'why'],
            report.thresholds.map(({ threshold, scope, verdict }) => [
              threshold,
              scope,
              verdict.kind,
              verdict.reason,
            ]),
          )
    }
    <h2>Metrics</h2>
    ${table(
      ['metric', 'value', '95 % interval'],
      Object.entries(overall.metrics).map(([name, value]) => {
        const interval = overall.intervals?.[name];
        return [name, show(value), interval ? `${show(interval.low)} … ${show(interval.high)}` : ''];
      }),
    )}
    ${
      report.slices.length === 0
        ? ''
        : html`<h2>Slices, those of the worst ${first} first</h2>
            ${table(
              ['slice', 'rows', ...names],
              worstFirst(report, first).map(({ name, count, metrics }) => [
                name,
                String(count),
                ...names.map((metric) => show(metrics[metric])),
              ]),
            )}`
    }
    ${
      report.calibration === null
        ? ''
        : html`<h2>Calibration</h2>
            ${reliability(report.calibration)}`
    }
    ${
      confusion === null || classes === null || classes.length > 30
        ? ''
        : html`<h2>Confusion</h2>
            ${table(
              ['truth \\ prediction', ...classes],
              confusion.map((row, c) => [classes[c] ?? '', ...row.map(show)]),
            )}`
    }
    ${
      bias === null
        ? ''
        : html`<h2>Groups of ${bias.column}</h2>
            ${table(
              ['group', 'rows', 'selection rate', 'tpr', 'fpr', 'precision', 'accuracy'],
              Object.entries(bias.groups).map(([name, g]) => [
                name,
                ...[g['count'], g['selectionRate'], g['tpr'], g['fpr'], g['precision'], g['accuracy']].map(
                  show,
                ),
              ]),
            )}
            ${table(
              ['disparity', 'value'],
              Object.entries(bias.fairness).map(([name, value]) => [
                name,
                typeof value === 'boolean' ? String(value) : show(value),
              ]),
            )}
            ${table(
              ['Clarify', ...Object.keys(bias.clarify)],
              Object.keys(Object.values(bias.clarify)[0] ?? {}).map((name) => [
                name,
                ...Object.values(bias.clarify).map((measures) => show(measures[name])),
              ]),
            )}`
    }
  `;
  return reportPage('Evaluation', body);
}

/** Metrics of errors are worse when higher. */
const LOWER_IS_BETTER = new Set(['rmse', 'mae', 'logLoss', 'brier', 'ece', 'mape']);

function worstFirst(report: EvaluateReport, metric: string): EvaluateReport['slices'] {
  const sign = LOWER_IS_BETTER.has(metric) ? -1 : 1;
  const badness = (value: number | null | undefined): number =>
    value === null || value === undefined ? Number.POSITIVE_INFINITY : sign * value;
  return report.slices.toSorted((a, b) => badness(a.metrics[metric]) - badness(b.metrics[metric]) || 0);
}

const SIZE = 240;

/** Share of positives against the mean score of each bin; on the diagonal scores mean what they say. */
function reliability(bins: NonNullable<EvaluateReport['calibration']>): Html {
  const total = bins.reduce((sum, bin) => sum + bin.weight, 0);
  const dots = bins.flatMap(({ meanScore, positiveShare, weight }) =>
    meanScore === null || positiveShare === null
      ? []
      : [
          html`<circle
            cx="${(meanScore * SIZE).toFixed(1)}"
            cy="${((1 - positiveShare) * SIZE).toFixed(1)}"
            r="${(2 + 12 * Math.sqrt(weight / total)).toFixed(1)}"
          >
            <title>
              mean score ${show(meanScore)}, positive ${show(positiveShare)}, weight ${show(weight)}
            </title>
          </circle>`,
        ],
  );
  return html`<svg viewBox="-8 -8 ${SIZE + 16} ${SIZE + 16}" width="${SIZE + 16}" role="img">
      <title>Share of positives by mean score</title>
      <rect width="${SIZE}" height="${SIZE}" class="frame" />
      <line x1="0" y1="${SIZE}" x2="${SIZE}" y2="0" class="frame" />
      ${dots}
    </svg>
    <p class="note">Across: mean score of a bin, 0 to 1. Up: share of positives. Size: rows.</p>`;
}
