import type { CanaryReport } from '../../contracts/canary-report.ts';
import { count, figure, percent, probability } from '../../platform/figures.ts';
import { html } from '../../platform/html-template.ts';
import type { Html } from '../../platform/html-template.ts';
import { inferredText } from '../reports/inferred-text.ts';
import {
  canaryFacts,
  canaryHeadline,
  canaryReasons,
  canaryTable,
  intervalOf,
  metricsBySeverity,
} from '../reports/render-canary.ts';
import type { CanaryMetric } from '../reports/render-canary.ts';
import { intervalChart } from './interval-chart.ts';
import { pageTable, stateName } from './page-table.ts';
import { reportPage } from './report-page.ts';

/** The verdict, and for each metric its arms, its interval against the margin, and the tests. */
export function canaryPage(report: CanaryReport): string {
  const metrics = metricsBySeverity(report);
  return reportPage({
    title: `Canary ${report.canary.location} against ${report.control.location}`,
    headline: canaryHeadline(report),
    state: report.verdict.kind,
    because: canaryReasons(report),
    notes: report.inferred.map(inferredText),
    body: html`${canaryFacts(report).map((fact) => html`<p>${fact}</p>`)}
      ${pageTable(canaryTable(report), {
        label: 'Verdict by each metric, the worst first',
        look: 'wide',
        anchor: (row) => anchorOf(row),
      })}
      <div class="grid">${metrics.map((metric, i) => card(metric, i, report.mode))}</div>`,
  });
}

const anchorOf = (row: number): string => `metric-${String(row + 1)}`;

function card(metric: CanaryMetric, row: number, mode: CanaryReport['mode']): Html {
  const { verdict, control, canary, planning, sequential, fixed, tests } = metric;
  const isRate = metric.kind === 'proportion';
  const arms = {
    columns: [
      { name: 'arm', as: 'name' },
      { name: 'values', as: 'number' },
      { name: 'missing', as: 'number' },
      { name: isRate ? 'rate' : 'mean', as: 'number' },
      { name: 'deviation', as: 'number' },
    ] as const,
    rows: Object.entries({ control, canary }).map(([name, arm]) => [
      name,
      count(arm.count),
      count(arm.missing),
      isRate ? percent(arm.mean) : figure(arm.mean),
      figure(arm.standardDeviation),
    ]),
  };
  const facts: [string, string][] = [
    ['difference', figure(metric.difference)],
    ['margin', figure(metric.margin)],
    ['worse than the margin, at every look', probability(sequential.pHarm)],
    ['not better than the margin, at one look', probability(fixed.pNonInferior)],
    ...Object.entries(tests).map(([name, p]): [string, string] => [
      `no difference at all (${name.replaceAll('_', ' ')})`,
      probability(p),
    ]),
    ['power so far', percent(planning.powerNow)],
    [`control values needed for ${percent(planning.power)} power`, figure(planning.requiredControl)],
    ['canary values needed for it', figure(planning.requiredCanary)],
  ];
  return html`<section class="card" id="${anchorOf(row)}">
    <h3>${metric.metric} <span class="${verdict.kind}">${stateName(verdict.kind)}</span></h3>
    ${intervalChart(metric, intervalOf(metric, mode))}
    ${pageTable(arms, { label: `Arms of ${metric.metric}`, look: 'plain' })}
    <dl>
      ${facts.map(
        ([name, value]) =>
          html`<dt>${name}</dt>
            <dd>${value}</dd>`,
      )}
    </dl>
  </section>`;
}
