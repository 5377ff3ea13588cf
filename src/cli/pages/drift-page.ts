import type { ColumnDrift, DriftReport } from '../../contracts/reports/drift-report.ts';
import type { ComparedColumn } from '../../data/drift/compare-columns.ts';
import type { SetAside } from '../../stats/index.ts';
import { html } from '../../platform/html-template.ts';
import type { Html } from '../../platform/html-template.ts';
import { plural, probability, short } from '../../platform/figures.ts';
import {
  bySeverity,
  driftHeadline,
  driftReasons,
  driftState,
  driftTable,
  shownState,
} from '../reports/render-drift.ts';
import { distributionChart } from './distribution-chart.ts';
import { pageTable, stateName } from './page-table.ts';
import { reportPage } from './report-page.ts';

/** A browser draws some hundred charts at once; the table above them has every column. */
const MAX_CHARTS = 300;

const MEASURES = [
  'js_distance is 0 where both sides have the same shares and 1 where they have nothing in common',
  'wasserstein_normed is how far values moved on average, in standard deviations of the reference',
  'a column drifted where its value exceeds its line: 0.1 unless said otherwise, or more where so few values reach that by chance',
  'charts of numbers and times put the outermost 0.5 % on each end into the last bar',
];

/** The verdicts and both distributions of every column, the worst first. */
export function driftPage(report: DriftReport, compared: readonly ComparedColumn[]): string {
  const sorted = bySeverity(report.columns);
  const found = new Map(compared.map((one) => [one.column.name, one]));
  const charted = sorted.slice(0, MAX_CHARTS);
  const left = sorted.length - charted.length;
  const { reference, current } = report;
  return reportPage({
    title: `Drift of ${current.location} against ${reference.location}`,
    headline: driftHeadline(report),
    state: driftState(report),
    because: driftReasons(report),
    notes: MEASURES,
    body: html`${legend(report)}
      ${pageTable(driftTable(sorted), {
        label: 'Verdict of each column, the worst first',
        look: 'wide',
        anchor: (row) => (row < MAX_CHARTS ? anchorOf(row) : null),
      })}
      <h2>Distributions, the worst first</h2>
      ${legend(report)}
      <div class="grid">${charted.map((column, i) => card(column, i, found.get(column.name)))}</div>
      ${left > 0 ? html`<p class="dim">Charts of ${plural(left, 'more column')} are left out.</p>` : ''}`,
  });
}

const anchorOf = (row: number): string => `column-${String(row + 1)}`;

function legend({ reference, current }: DriftReport): Html {
  const side = (name: string, { location, rows }: DriftReport['reference'], colour: string): Html =>
    html`<span><i style="background:var(--${colour})"></i>${name} ${location}, ${plural(rows, 'row')}</span>`;
  return html`<p class="key">
    ${side('reference', reference, 'reference')} ${side('current', current, 'current')}
  </p>`;
}

function card(c: ColumnDrift, row: number, compared: ComparedColumn | undefined): Html {
  const state = shownState(c);
  const shown = compared?.shown ?? null;
  return html`<section class="card" id="${anchorOf(row)}">
    <h3>${c.name} <span class="${state}">${stateName(state)}</span></h3>
    ${
      shown === null || compared === undefined
        ? html`<p class="dim">nothing to draw: ${c.reason}</p>`
        : distributionChart(c, shown, {
            reference: present(compared.reference),
            current: present(compared.current),
          })
    }
    <p class="dim">${measures(c).join(' · ')}</p>
  </section>`;
}

function present({ rows, missing, infinite }: SetAside): number {
  return rows - missing - infinite;
}

function measures({ measures: { ks, chi_square: chi, ...plain } }: ColumnDrift): string[] {
  return [
    ...Object.entries(plain).flatMap(([name, value]) => (value === null ? [] : [`${name} ${short(value)}`])),
    ...(ks ? [`ks ${short(ks.statistic)} (${probability(ks.p_value)})`] : []),
    ...(chi ? [`chi_square ${short(chi.statistic)} (${probability(chi.p_value)})`] : []),
  ];
}
