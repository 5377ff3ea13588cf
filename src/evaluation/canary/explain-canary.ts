import type { z } from 'zod';
import type { CanaryMetricReport, CanaryReport } from '../../contracts/canary-report.ts';
import { count, percent, probability, short } from '../../platform/figures.ts';
import { marginSize } from '../../stats/index.ts';
import type { Margin } from '../../stats/index.ts';
import type { CanaryOptions } from './canary-options.ts';

type MetricReport = z.infer<typeof CanaryMetricReport>;

/** Why one metric has its verdict, in the words of somebody who knows no test by its name. */
export function explainMetric(
  metric: Omit<MetricReport, 'verdict'>,
  kind: MetricReport['verdict']['kind'],
  options: CanaryOptions,
  margin: Margin,
): string {
  const allowed = marginText(metric, margin);
  switch (kind) {
    case 'pass':
      return `shown to be no worse than the margin of ${allowed} allows: the ${found(metric, options)}`;
    case 'fail':
      return `worse than the margin of ${allowed} allows: the ${found(metric, options)}`;
    case 'error':
    case 'insufficient_data':
      return undecided(metric, options, margin);
  }
}

function undecided(metric: Omit<MetricReport, 'verdict'>, options: CanaryOptions, margin: Margin): string {
  const { control, canary } = metric;
  const given = `${count(control.count)} control and ${count(canary.count)} canary values`;
  if (Math.min(control.count, canary.count) < options.minSamples)
    return `too few values. Given: ${given}. Needed: at least ${count(options.minSamples)} in each arm (--min-samples)${metric.planning.requiredControl === null ? '' : `, and ${design(metric, options)}`}`;
  if (metric.margin === 0)
    return `the margin is 0${marginSize(margin) === 0 ? '' : ", because the control's mean is 0"}, and no number of values shows that arms do not differ at all: name one in the metric's unit, such as --margin ${metric.metric}=0.01`;
  if (metric.difference === null || control.standardDeviation === 0)
    return `nothing to compare: all values of the control are ${short(control.mean)}, and of ${given} no spread can be told`;
  if (metric.planning.requiredControl === null)
    return `the margin of ${marginText(metric, margin)} is too small beside the values' spread, a standard deviation of ${short(control.standardDeviation)}, to be shown by any number of them: name one in the metric's unit, such as --margin ${metric.metric}=0.01`;
  return `not decided: the ${found(metric, options)}, where a margin of ${marginText(metric, margin)} is allowed. ${needed(metric, options, given)}`;
}

/** What was given, and what would be needed for which effect with which power. */
function needed(metric: Omit<MetricReport, 'verdict'>, options: CanaryOptions, given: string): string {
  const { control, canary, planning } = metric;
  const [needControl, needCanary] = [planning.requiredControl ?? 0, planning.requiredCanary ?? 0];
  return control.count >= needControl && canary.count >= needCanary
    ? `Given: ${given}. That would do (it takes ${design(metric, options)}), but the difference that was found lies too near the margin: take more values or a wider --margin`
    : `Given: ${given}. Needed: ${design(metric, options)}`;
}

/** How many values show which effect with which power. */
function design(
  { planning: { requiredControl, requiredCanary } }: Pick<MetricReport, 'planning'>,
  { power, alpha, sequential }: CanaryOptions,
): string {
  const look = sequential ? ' in one look (--sequential takes more)' : '';
  return `about ${count(requiredControl ?? 0)} and ${count(requiredCanary ?? 0)} to show with ${percent(power)} power at alpha ${short(alpha)}${look} that equal arms differ by less than the margin`;
}

function found(metric: Omit<MetricReport, 'verdict'>, { sequential, alpha }: CanaryOptions): string {
  const interval = sequential ? metric.sequential.interval : metric.fixed.interval;
  const between =
    interval === null || interval.low === null || interval.high === null
      ? ''
      : `, between ${short(interval.low)} and ${short(interval.high)} with ${percent(1 - 2 * alpha)} confidence`;
  return `difference is ${short(metric.difference)}${between}`;
}

function marginText(metric: Omit<MetricReport, 'verdict'>, margin: Margin): string {
  return typeof margin === 'number'
    ? short(margin)
    : `${short(metric.margin)} (${percent(margin.ofControl)} of the control's mean)`;
}

/** Arms that did not get the traffic they were meant to get are not comparable, whatever their metrics say. */
export function explainCanary(
  metrics: readonly MetricReport[],
  split: CanaryReport['split'],
  rows: readonly [number, number],
): CanaryReport['verdict'] {
  if (split?.mismatch === true) {
    const reason = `sample-ratio mismatch: ${count(rows[0])} control and ${count(rows[1])} canary rows for a split of ${split.intended.join(' : ')} (${probability(split.pValue)}); the arms are not comparable, find out which rows are missing`;
    return { kind: 'fail', reason };
  }
  for (const kind of ['fail', 'error', 'insufficient_data'] as const) {
    const concerned = metrics.filter((metric) => metric.verdict.kind === kind);
    if (concerned.length > 0) return { kind, reason: concerned.map(reasonOf).join('; ') };
  }
  return { kind: 'pass', reason: metrics.map(reasonOf).join('; ') };
}

function reasonOf({ metric, verdict }: MetricReport): string {
  return `${metric}: ${verdict.reason}`;
}
