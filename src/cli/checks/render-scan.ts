import pc from 'picocolors';
import { html } from '../../api/html-page.ts';
import type { KindFinding } from '../../data/pii/judge-column.ts';
import { clip, renderTable } from '../render.ts';
import { percent } from './render-check.ts';
import { dataLine, reportPage } from './report-page.ts';
import type { ScannedColumn, ScanReport } from './scan-report.ts';

const ORDER = { pii: 0, possible: 1, none: 2 } as const;
const PAINT = { pii: pc.red, possible: pc.yellow, none: pc.green } as const;
const MAX_SAMPLES = 60;

interface Line {
  readonly verdict: 'pii' | 'possible';
  readonly column: string;
  readonly kind: string;
  readonly values: string | null;
  readonly samples: string;
  readonly reason: string;
}

/** One line for each kind in each column, the worst first. */
function linesOf(report: ScanReport): Line[] {
  const lines = report.columns.flatMap((column): (Line & { share: number })[] => [
    ...column.kinds.map((kind) => ({ ...kindLine(column, kind), share: kind.share })),
    ...(column.named === null
      ? []
      : [
          {
            verdict: 'possible' as const,
            column: column.name,
            kind: column.named,
            values: null,
            samples: '',
            reason: 'by its name; no form tells it',
            share: 0,
          },
        ]),
  ]);
  return lines.sort((a, b) => ORDER[a.verdict] - ORDER[b.verdict] || b.share - a.share);
}

function kindLine(column: ScannedColumn, kind: KindFinding): Line {
  const about = column.sampled ? 'about ' : '';
  return {
    verdict: kind.verdict,
    column: column.name,
    kind: kind.kind,
    values: `${about}${String(kind.values)} (${percent(kind.share)})`,
    samples: kind.samples.join(', '),
    reason: column.allowed ? `${kind.reason}; allowed` : kind.reason,
  };
}

function headline(report: ScanReport): string {
  const holding = report.columns.filter((column) => column.verdict === 'pii' && !column.allowed);
  if (holding.length > 0)
    return `${String(holding.length)} of ${String(report.columns.length)} columns hold personal data: ${holding.map((column) => column.name).join(', ')}`;
  return report.verdict === 'possible'
    ? 'no column holds personal data for certain; some may'
    : 'no personal data found';
}

/** A table for people. Samples show the form of values, never a value. */
export function renderScan(report: ScanReport): string {
  const lines = linesOf(report);
  const rows = lines.map((line) => [
    PAINT[line.verdict](line.verdict),
    line.column,
    line.kind,
    line.values,
    clip(line.samples, MAX_SAMPLES),
    line.reason,
  ]);
  const table = renderTable(['verdict', 'column', 'kind', 'values', 'form', 'because'], rows);
  return [
    ...(lines.length === 0 ? [] : [table, '']),
    `${dataLine(report.data)}: ${PAINT[report.verdict](headline(report))}`,
  ].join('\n');
}

/** A page of its own, without anything from elsewhere. */
export function scanPage(report: ScanReport): string {
  const rows = linesOf(report).map(
    (line) =>
      html`<tr>
        <td class="${line.verdict}">${line.verdict}</td>
        <td>${line.column}</td>
        <td>${line.kind}</td>
        <td class="number">${line.values ?? '–'}</td>
        <td><code>${line.samples}</code></td>
        <td>${line.reason}</td>
      </tr>`,
  );
  return reportPage(`Personal data in ${report.data.location}`, report.data, {
    verdict: report.verdict,
    headline: headline(report),
    notes: [],
    table: html`<table>
      <thead>
        <tr>
          <th>verdict</th>
          <th>column</th>
          <th>kind</th>
          <th class="number">values</th>
          <th>form</th>
          <th>because</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>`,
  });
}
