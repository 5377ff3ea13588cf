import pc from 'picocolors';
import type { CanaryReport } from '../../contracts/canary-report.ts';
import { figure, percent, plural, probability } from '../../platform/figures.ts';
import { paint } from '../render.ts';
import { inferredText } from './inferred-text.ts';
import { textTable } from './report-table.ts';
import type { ReportTable } from './report-table.ts';

export type CanaryMetric = CanaryReport['metrics'][number];

/** What fails first, then what is open. */
export function metricsBySeverity({ metrics }: CanaryReport): CanaryMetric[] {
  const rank = (metric: CanaryMetric): number =>
    ['fail', 'error', 'insufficient_data', 'pass'].indexOf(metric.verdict.kind);
  return metrics.toSorted((a, b) => rank(a) - rank(b));
}

/** One line for somebody who reads no further. */
export function canaryHeadline({ metrics, split, verdict }: CanaryReport): string {
  if (split?.mismatch === true)
    return 'the arms cannot be compared: they did not get the traffic they were meant to get';
  const named = (kind: string): string =>
    metrics
      .filter((metric) => metric.verdict.kind === kind)
      .map((metric) => metric.metric)
      .join(', ');
  switch (verdict.kind) {
    case 'pass':
      return metrics.length === 1
        ? `the canary is not worse than its control by ${named('pass')}`
        : `the canary is not worse than its control by any of ${plural(metrics.length, 'metric')}`;
    case 'fail':
      return `the canary is worse than its control by ${named('fail')}`;
    case 'insufficient_data':
    case 'error':
      return `not decided: too little is known of ${named(verdict.kind)}`;
  }
}

/** What explains the headline, a sentence for each metric concerned. */
export function canaryReasons(report: CanaryReport): string[] {
  const { verdict, split } = report;
  if (split?.mismatch === true) return [verdict.reason];
  return metricsBySeverity(report)
    .filter((metric) => metric.verdict.kind === verdict.kind)
    .map((metric) => `${metric.metric}: ${metric.verdict.reason}`);
}

/** What was compared, and how. */
export function canaryFacts({ control, canary, alpha, mode, split }: CanaryReport): string[] {
  const look =
    mode === 'sequential' ? 'a verdict that holds however often one looks' : 'a verdict for one look';
  return [
    `canary ${canary.location} (${plural(canary.rows, 'row')}) against control ${control.location} (${plural(control.rows, 'row')})`,
    `${look}, wrong in at most ${percent(alpha)} of cases`,
    ...(split === null
      ? []
      : [
          `traffic was meant to be split ${split.intended.join(' : ')} and ${split.mismatch ? 'was not' : 'was'} (${probability(split.pValue)})`,
        ]),
  ];
}

export function canaryTable(report: CanaryReport): ReportTable {
  return {
    columns: [
      { name: 'verdict', as: 'state' },
      { name: 'metric', as: 'name' },
      { name: 'better', as: 'text', optional: true },
      { name: 'control', as: 'number' },
      { name: 'canary', as: 'number' },
      { name: 'change', as: 'number' },
      { name: 'margin', as: 'number' },
      { name: 'change lies in', as: 'text', optional: true },
    ],
    rows: metricsBySeverity(report).map((metric) => {
      const interval = intervalOf(metric, report.mode);
      const unit = metric.kind === 'proportion' ? percent : figure;
      return [
        metric.verdict.kind,
        metric.metric,
        metric.higherIsBetter ? 'higher' : 'lower',
        unit(metric.control.mean),
        unit(metric.canary.mean),
        changeOf(metric, metric.difference),
        // 0 − margin, because −margin is −0 where there is none.
        changeOf(metric, metric.higherIsBetter ? 0 - metric.margin : metric.margin),
        interval === null ? null : `${changeOf(metric, interval.low)} … ${changeOf(metric, interval.high)}`,
      ];
    }),
  };
}

export function intervalOf(
  metric: CanaryMetric,
  mode: CanaryReport['mode'],
): { readonly low: number | null; readonly high: number | null } | null {
  return mode === 'sequential' ? metric.sequential.interval : metric.fixed.interval;
}

/** `+3.79 %` of the control; in the metric's unit where that is zero. */
function changeOf({ control }: CanaryMetric, difference: number | null): string {
  if (difference === null) return '–';
  const sign = difference > 0 ? '+' : '';
  return control.mean === null || control.mean === 0
    ? `${sign}${figure(difference)}`
    : `${sign}${percent(difference / Math.abs(control.mean))}`;
}

export function renderCanary(report: CanaryReport): string {
  return [
    ...canaryFacts(report),
    ...report.inferred.map((one) => pc.dim(inferredText(one))),
    '',
    textTable(canaryTable(report)),
    '',
    paint(report.verdict.kind, `${report.verdict.kind}: ${canaryHeadline(report)}`),
    ...canaryReasons(report),
  ].join('\n');
}
