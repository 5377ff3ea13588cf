import type { KindFinding } from '../../data/pii/judge-column.ts';
import type { ScannedColumn, ScanReport } from '../checks/scan-report.ts';
import { count, percent, plural } from '../../platform/figures.ts';
import type { Findings } from './render-findings.ts';

const ORDER = { pii: 0, possible: 1 } as const;

interface Line {
  readonly verdict: 'pii' | 'possible';
  readonly share: number;
  readonly cells: readonly (string | null)[];
}

/** One line for each kind in each column, the worst first. Samples show the form of values, never a value. */
export function scanFindings(report: ScanReport): Findings {
  const lines = report.columns.flatMap((column) => [
    ...column.kinds.map((kind) => kindLine(column, kind)),
    ...(column.named === null ? [] : [nameLine(column.name, column.named)]),
  ]);
  lines.sort((a, b) => ORDER[a.verdict] - ORDER[b.verdict] || b.share - a.share);
  return {
    title: `Personal data in ${report.data.location}`,
    data: report.data,
    state: report.verdict,
    headline: headline(report),
    notes: lines.length === 0 ? [] : ['the form of values is shown, never a value: x is a letter, # a digit'],
    table: {
      columns: [
        { name: 'verdict', as: 'state' },
        { name: 'column', as: 'name' },
        { name: 'kind', as: 'text' },
        { name: 'values', as: 'number' },
        { name: 'form', as: 'code' },
        { name: 'because', as: 'text' },
      ],
      rows: lines.map(({ verdict, cells }) => [verdict, ...cells]),
    },
  };
}

function nameLine(column: string, kind: string): Line {
  const because = 'the column is called so; such values have no form that tells them';
  return { verdict: 'possible', share: 0, cells: [column, kind, null, null, because] };
}

function kindLine(
  column: ScannedColumn,
  { kind, verdict, values, share, samples, reason }: KindFinding,
): Line {
  const found = `${column.sampled ? 'about ' : ''}${count(values)} (${percent(share)})`;
  const because = column.allowed ? `${reason}; allowed` : reason;
  return { verdict, share, cells: [column.name, kind, found, samples.join(', '), because] };
}

function headline(report: ScanReport): string {
  const holding = report.columns.filter((column) => column.verdict === 'pii' && !column.allowed);
  if (holding.length > 0)
    return `${count(holding.length)} of ${plural(report.columns.length, 'column')} ${holding.length === 1 ? 'holds' : 'hold'} personal data: ${holding.map((column) => column.name).join(', ')}`;
  return report.verdict === 'possible'
    ? 'no column holds personal data for certain; some may'
    : 'no personal data found';
}
