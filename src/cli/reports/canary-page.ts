import type { CanaryReport } from '../../contracts/canary-report.ts';
import { html } from '../../api/html-page.ts';
import type { Html } from '../../api/html-page.ts';
import { reportPage, table, verdictLine } from './report-page.ts';
import { show } from './write-report.ts';

type Metric = CanaryReport['metrics'][number];

/** A page of its own: the verdict, and for each metric its arms, its interval against the margin, and the tests. */
export function canaryPage(report: CanaryReport): string {
  const { control, canary, split, metrics } = report;
  const rank = (metric: Metric): number =>
    ['fail', 'error', 'insufficient_data', 'pass'].indexOf(metric.verdict.kind);
  const body = html`
    <p>
      <code>${canary.location}</code> (${canary.rows} rows) against
      <code>${control.location}</code> (${control.rows} rows), alpha ${report.alpha},
      ${report.mode === 'sequential' ? 'valid at every look' : 'one look'}.
    </p>
    ${verdictLine(report.verdict)}
    ${report.inferred.map(({ what, value, why }) => html`<p class="note">${what}: ${value}, for ${why}</p>`)}
    ${
      split === null
        ? ''
        : html`<p>
            Split ${split.intended.join(' : ')}: p
            ${show(split.pValue)}${split.mismatch ? ', a mismatch' : ''}.
          </p>`
    }
    ${metrics.toSorted((a, b) => rank(a) - rank(b)).map((metric) => section(metric, report.mode))}
  `;
  return reportPage('Canary', body);
}

function section(metric: Metric, mode: CanaryReport['mode']): Html {
  const interval = mode === 'sequential' ? metric.sequential.interval : metric.fixed.interval;
  return html`<h2>${metric.metric}</h2>
    ${verdictLine(metric.verdict)}
    ${table(
      ['arm', 'values', 'missing', metric.kind === 'proportion' ? 'rate' : 'mean', 'standard deviation'],
      (['control', 'canary'] as const).map((arm) => [
        arm,
        ...[metric[arm].count, metric[arm].missing, metric[arm].mean, metric[arm].standardDeviation].map(
          show,
        ),
      ]),
    )}
    ${interval === null ? '' : intervalChart(metric, interval)}
    ${table(
      ['measure', 'value'],
      [
        ['difference', show(metric.difference)],
        ['relative difference', show(metric.relativeDifference)],
        ['margin', show(metric.margin)],
        ['p of harm, always valid', show(metric.sequential.pHarm)],
        ['p of being worse by the margin', show(metric.fixed.pNonInferior)],
        ...Object.entries(metric.tests).map(([name, p]) => [`p of no difference, ${name}`, show(p)]),
        ['power now', show(metric.planning.powerNow)],
        [
          'samples needed, control and canary',
          `${show(metric.planning.requiredControl)} … ${show(metric.planning.requiredCanary)}`,
        ],
      ],
    )}`;
}

const WIDTH = 480;

/** The interval of the difference, zero, and the margin that it must clear. */
function intervalChart(metric: Metric, interval: { low: number | null; high: number | null }): Html {
  const { low, high } = interval;
  if (low === null || high === null || metric.difference === null) return html``;
  const limit = metric.higherIsBetter ? -metric.margin : metric.margin;
  const points = [low, high, 0, limit, metric.difference];
  const [from, to] = [Math.min(...points), Math.max(...points)];
  const x = (value: number): string =>
    (to > from ? 10 + ((value - from) / (to - from)) * (WIDTH - 20) : WIDTH / 2).toFixed(1);
  return html`<svg viewBox="0 0 ${WIDTH} 46" width="${WIDTH}" role="img">
    <title>difference ${show(metric.difference)}, ${show(low)} to ${show(high)}, margin ${show(limit)}</title>
    <line x1="${x(0)}" x2="${x(0)}" y1="2" y2="32" class="frame" />
    <line x1="${x(limit)}" x2="${x(limit)}" y1="2" y2="32" class="zero" />
    <line x1="${x(low)}" x2="${x(high)}" y1="17" y2="17" class="bar" />
    <circle cx="${x(metric.difference)}" cy="17" r="5" />
    <text x="${x(0)}" y="44" font-size="10" text-anchor="middle">0</text>
    <text x="${x(limit)}" y="44" font-size="10" text-anchor="middle">margin</text>
  </svg>`;
}
