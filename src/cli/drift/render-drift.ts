import pc from 'picocolors';
import type { ColumnDrift, DriftReport } from '../../contracts/reports/drift-report.ts';
import { clip, paint, renderTable } from '../render.ts';
import { isBreach } from './drift-report.ts';

const REASON_CHARS = 110;
/** Columns without a finding are not all listed when there are very many. */
const SHOWN_OTHERS = 40;

/** Breaches first, the largest excess over its threshold on top, then what could not be judged. */
export function bySeverity(columns: readonly ColumnDrift[]): ColumnDrift[] {
  const rank = (c: ColumnDrift): number =>
    c.verdict === 'drifted' ? 0 : c.missing_drifted ? 1 : c.verdict === 'stable' ? 3 : 2;
  const excess = (c: ColumnDrift): number => (c.value ?? 0) / (c.threshold ?? 1);
  return [...columns].sort((a, b) => rank(a) - rank(b) || excess(b) - excess(a));
}

/** A number to three digits, a dash where there is none. */
export function shownNumber(x: number | null | undefined): string {
  return x === null || x === undefined ? '–' : String(Number(x.toPrecision(3)));
}

export function shownPercent(x: number | null): string {
  return x === null ? '–' : `${shownNumber(100 * x)} %`;
}

/** The comparison as people read it in a terminal. */
export function renderDrift(report: DriftReport): string {
  const sorted = bySeverity(report.columns);
  const breaches = sorted.filter(isBreach);
  const listed = sorted.slice(0, breaches.length + SHOWN_OTHERS);
  const table = renderTable(
    ['column', 'kind', 'verdict', 'method', 'value', 'line', 'missing', 'why'],
    listed.map((c) => [
      clip(c.name, 40),
      c.kind,
      c.verdict === 'drifted' ? pc.red('drifted') : paint(c.verdict),
      c.method,
      shownNumber(c.value),
      shownNumber(c.threshold),
      `${shownPercent(c.missing.reference)} → ${shownPercent(c.missing.current)}${c.missing_drifted ? pc.red(' !') : ''}`,
      clip(c.reason, REASON_CHARS),
    ]),
  );
  const { reference, current, dataset, multivariate } = report;
  const more = sorted.length - listed.length;
  return [
    `${pc.bold(reference.location)} (${String(reference.rows)} rows) → ${pc.bold(current.location)} (${String(current.rows)} rows)`,
    '',
    table,
    ...(more > 0 ? [pc.dim(`and ${String(more)} more columns without a finding; --json has them all`)] : []),
    '',
    `dataset ${dataset.verdict === 'drifted' ? pc.red('drifted') : paint(dataset.verdict)}: ${dataset.reason}`,
    ...(multivariate
      ? [
          `all columns together ${multivariate.verdict === 'drifted' ? pc.red('drifted') : paint(multivariate.verdict)}: ${multivariate.reason}`,
        ]
      : []),
  ].join('\n');
}
