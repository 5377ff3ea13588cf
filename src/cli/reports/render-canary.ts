import pc from 'picocolors';
import type { CanaryReport } from '../../contracts/canary-report.ts';
import { paint, renderTable } from '../render.ts';
import { show } from './write-report.ts';

export function renderCanary(report: CanaryReport): string {
  const { control, canary, split, metrics, verdict } = report;
  const look = report.mode === 'sequential' ? 'valid at every look' : 'one look';
  return [
    `control ${control.location}: ${String(control.rows)} rows`,
    `canary  ${canary.location}: ${String(canary.rows)} rows; alpha ${String(report.alpha)}, ${look}`,
    ...report.inferred.map(({ what, value, why }) => pc.dim(`${what}: ${value}, for ${why}`)),
    ...(split === null
      ? []
      : [
          `split ${split.intended.join(':')}: p ${show(split.pValue)}${split.mismatch ? ', a mismatch' : ''}`,
        ]),
    '',
    renderTable(
      ['metric', 'kind', 'better', 'control', 'canary', 'difference', 'interval', 'margin', 'verdict'],
      metrics.map((metric) => {
        const interval = report.mode === 'sequential' ? metric.sequential.interval : metric.fixed.interval;
        return [
          metric.metric,
          metric.kind,
          metric.higherIsBetter ? 'higher' : 'lower',
          `${show(metric.control.mean)} of ${String(metric.control.count)}`,
          `${show(metric.canary.mean)} of ${String(metric.canary.count)}`,
          show(metric.difference),
          interval === null ? '–' : `${show(interval.low)} … ${show(interval.high)}`,
          show(metric.margin),
          paint(metric.verdict.kind),
        ];
      }),
    ),
    '',
    `${paint(verdict.kind)} ${verdict.reason}`,
  ].join('\n');
}
