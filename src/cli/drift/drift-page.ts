import type { ColumnDrift, DriftReport } from '../../contracts/reports/drift-report.ts';
import type { ComparedColumn } from '../../data/drift/compare-columns.ts';
import type { ShownDistribution } from '../../data/drift/shown-distribution.ts';
import { visibleText } from '../../domain/visible-text.ts';
import { bySeverity, shownNumber, shownPercent } from './render-drift.ts';

/** A browser draws some hundred charts at once; the table above them has every column. */
const MAX_CHARTS = 300;
const [WIDTH, HEIGHT, BASE] = [360, 120, 100];

const STYLE = `
:root { --ink: #1c2733; --dim: #66727f; --line: #dfe4ea; --back: #fff; --ref: #8a96a3; --cur: #1769c7; --bad: #b3261e; --ok: #1b7f4b; --warn: #8a6100 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaef; --dim: #9aa5b1; --line: #323c47; --back: #14191f; --ref: #8a96a3; --cur: #6fb1ff; --bad: #ff8a80; --ok: #6fd39d; --warn: #f0c15c } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back); margin: 0 auto; max-width: 1180px; padding: 24px }
h1 { font-size: 22px; margin: 0 0 4px } h2 { font-size: 16px; margin: 0; overflow-wrap: anywhere } p { margin: 4px 0 }
.dim { color: var(--dim) } .drifted { color: var(--bad) } .stable { color: var(--ok) } .insufficient_data { color: var(--warn) }
table { border-collapse: collapse; width: 100%; margin: 20px 0; font-size: 14px } th { text-align: left; color: var(--dim); font-weight: 500 }
td, th { padding: 5px 10px 5px 0; border-bottom: 1px solid var(--line); vertical-align: top } td { overflow-wrap: anywhere } .n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(340px, 1fr)); gap: 18px } .card { border: 1px solid var(--line); border-radius: 8px; padding: 14px; min-width: 0 }
svg { width: 100%; height: auto; display: block; margin: 8px 0 } .measures { color: var(--dim); font-size: 13px } svg text { fill: var(--dim); font: 11px system-ui, sans-serif }
.key span { display: inline-block; width: 12px; height: 12px; border-radius: 2px; margin: 0 5px 0 14px; vertical-align: -1px }
`;

/** A page that needs nothing but itself: the verdicts and both distributions of every column, the worst first. */
export function driftPage(report: DriftReport, compared: readonly ComparedColumn[]): string {
  const shown = new Map(compared.map(({ column, shown: distribution }) => [column.name, distribution]));
  const sorted = bySeverity(report.columns);
  const { reference, current, dataset, multivariate } = report;
  const cards = sorted.slice(0, MAX_CHARTS).map((column) => card(column, shown.get(column.name) ?? null));
  const left = sorted.length - MAX_CHARTS;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Drift: ${escape(current.location)}</title><style>${STYLE}</style></head><body>
<h1>Dataset <span class="${dataset.verdict}">${verdictText(dataset.verdict)}</span></h1>
<p>${escape(dataset.reason)}</p>
${multivariate ? `<p>All columns together: <span class="${multivariate.verdict}">${verdictText(multivariate.verdict)}</span>, ${escape(multivariate.reason)}</p>` : ''}
<p class="key"><span style="background:var(--ref);margin-left:0"></span>reference ${escape(reference.location)}, ${String(reference.rows)} rows
<span style="background:var(--cur)"></span>current ${escape(current.location)}, ${String(current.rows)} rows</p>
<table><thead><tr><th>column</th><th>kind</th><th>verdict</th><th>method</th><th class="n">value</th><th class="n">line</th><th class="n">missing</th><th>why</th></tr></thead>
<tbody>${sorted.map(row).join('\n')}</tbody></table>
<div class="grid">${cards.join('\n')}</div>
${left > 0 ? `<p class="dim">Charts of ${String(left)} more columns are left out.</p>` : ''}
</body></html>
`;
}

function verdictText(verdict: string): string {
  return verdict.replace('_', ' ');
}

function row(c: ColumnDrift): string {
  const missing = `${shownPercent(c.missing.reference)} → ${shownPercent(c.missing.current)}`;
  return `<tr><td>${escape(c.name)}</td><td>${c.kind}</td><td class="${c.verdict}">${verdictText(c.verdict)}</td><td>${c.method ?? '–'}</td>
<td class="n">${shownNumber(c.value)}</td><td class="n">${shownNumber(c.threshold)}</td><td class="n${c.missing_drifted ? ' drifted' : ''}">${missing}</td><td class="dim">${escape(c.reason)}</td></tr>`;
}

function card(c: ColumnDrift, distribution: ShownDistribution | null): string {
  const { ks, chi_square: chi, ...plain } = c.measures;
  const measures = [
    ...Object.entries(plain).flatMap(([name, value]) =>
      value === null ? [] : [`${name} ${shownNumber(value)}`],
    ),
    ...(ks ? [`ks ${shownNumber(ks.statistic)} (p ${shownNumber(ks.p_value)})`] : []),
    ...(chi ? [`chi_square ${shownNumber(chi.statistic)} (p ${shownNumber(chi.p_value)})`] : []),
  ];
  return `<section class="card"><h2>${escape(c.name)} <span class="${c.verdict}">${verdictText(c.verdict)}</span></h2>
${distribution === null ? '<p class="dim">nothing to draw</p>' : chart(distribution, c.kind)}
<p class="measures">${measures.join(' · ')}</p></section>`;
}

function chart(distribution: ShownDistribution, kind: ColumnDrift['kind']): string {
  return distribution.kind === 'histogram' ? histogram(distribution, kind) : bars(distribution.categories);
}

type Histogram = Extract<ShownDistribution, { kind: 'histogram' }>;

/** Shares of both sides as steps over one axis: the reference filled, the current as a line over it. */
function histogram({ edges, reference, current }: Histogram, kind: ColumnDrift['kind']): string {
  const left = shares(reference);
  const right = shares(current);
  const top = Math.max(...left, ...right) || 1;
  const step = WIDTH / left.length;
  const outline = (values: readonly number[]): string =>
    values.map((v, i) => `L${at(i * step)} ${at(BASE - (v / top) * BASE)}H${at((i + 1) * step)}`).join('');
  const label = (x: number): string =>
    kind === 'timestamp' ? new Date(x).toISOString().slice(0, 16).replace('T', ' ') : shownNumber(x);
  return `<svg viewBox="0 0 ${String(WIDTH)} ${String(HEIGHT)}" role="img" aria-label="both distributions">
<path d="M0 ${String(BASE)}${outline(left)}V${String(BASE)}Z" fill="var(--ref)" fill-opacity=".45"/>
<path d="M0 ${String(BASE)}${outline(right)}V${String(BASE)}" fill="var(--cur)" fill-opacity=".18" stroke="var(--cur)" stroke-width="1.6"/>
<text x="0" y="115">${escape(label(edges[0] ?? 0))}</text><text x="${String(WIDTH)}" y="115" text-anchor="end">${escape(label(edges.at(-1) ?? 0))}</text></svg>`;
}

const BAR = 22;
const LABEL_CHARS = 18;

function bars(categories: Extract<ShownDistribution, { kind: 'categories' }>['categories']): string {
  // Of the categories shown: their order and proportion, not what the rare rest adds.
  const left = shares(categories.map((c) => c.reference));
  const right = shares(categories.map((c) => c.current));
  const top = Math.max(...left, ...right) || 1;
  const from = 120;
  const width = (share: number): string => at((share / top) * (WIDTH - from));
  const rows = categories.map(({ label }, i) => {
    const y = i * BAR;
    const text = label.length > LABEL_CHARS ? `${label.slice(0, LABEL_CHARS - 1)}…` : label;
    return `<text x="${String(from - 8)}" y="${String(y + 13)}" text-anchor="end">${escape(text)}</text>
<rect x="${String(from)}" y="${String(y + 1)}" width="${width(left[i] ?? 0)}" height="8" fill="var(--ref)" fill-opacity=".7"/>
<rect x="${String(from)}" y="${String(y + 10)}" width="${width(right[i] ?? 0)}" height="8" fill="var(--cur)"/>`;
  });
  return `<svg viewBox="0 0 ${String(WIDTH)} ${String(categories.length * BAR)}" role="img" aria-label="both distributions">${rows.join('')}</svg>`;
}

function shares(counts: readonly number[]): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => (total === 0 ? 0 : count / total));
}

function at(x: number): string {
  return String(Math.round(x * 10) / 10);
}

function escape(text: string): string {
  return visibleText(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
