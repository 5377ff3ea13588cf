import pc from 'picocolors';
import type { ColumnDrift, DriftReport } from '../../contracts/reports/drift-report.ts';
import { clip, paint } from '../render.ts';
import { isBreach } from './drift-report.ts';
import { count, percent, plural, short } from '../../platform/figures.ts';
import { textTable } from './report-table.ts';
import type { ReportTable } from './report-table.ts';

/** Columns without a finding are not all listed when there are very many. */
const SHOWN_OTHERS = 40;
const [NAMED, NAME_CHARS] = [5, 40];

/** Breaches first, the largest excess over its threshold on top, then what could not be judged. */
export function bySeverity(columns: readonly ColumnDrift[]): ColumnDrift[] {
  const rank = (c: ColumnDrift): number =>
    c.verdict === 'drifted' ? 0 : c.missing_drifted ? 1 : c.verdict === 'stable' ? 3 : 2;
  const excess = (c: ColumnDrift): number => (c.value ?? 0) / (c.threshold ?? 1);
  return [...columns].sort((a, b) => rank(a) - rank(b) || excess(b) - excess(a));
}

/** The verdict as it is shown: a column whose values stayed what they were may still be missing more often. */
export function shownState({ verdict, missing, missing_drifted }: ColumnDrift): string {
  if (verdict === 'drifted' || !missing_drifted) return verdict;
  return (missing.current ?? 0) > (missing.reference ?? 0) ? 'missing more' : 'missing less';
}

/** One line for somebody who reads no further. */
export function driftHeadline({ columns }: DriftReport): string {
  const sorted = bySeverity(columns);
  const drifted = sorted.filter((c) => c.verdict === 'drifted');
  const moved = sorted.filter((c) => c.verdict !== 'drifted' && c.missing_drifted);
  const of = `of ${plural(columns.length, 'column')}`;
  if (drifted.length + moved.length === 0) {
    return columns.every((c) => c.verdict === 'insufficient_data')
      ? `none ${of} could be judged`
      : `no drift in ${plural(columns.filter((c) => c.verdict === 'stable').length, 'judged column')}`;
  }
  const named = (found: readonly ColumnDrift[]): string =>
    found
      .slice(0, NAMED)
      .map((c) => clip(c.name, NAME_CHARS))
      .join(', ') + (found.length > NAMED ? ' and others' : '');
  return [
    ...(drifted.length > 0 ? [`${count(drifted.length)} ${of} drifted: ${named(drifted)}`] : []),
    ...(moved.length > 0
      ? [`the share of missing values moved in ${count(moved.length)}: ${named(moved)}`]
      : []),
  ].join('; ');
}

/** What explains the headline. */
export function driftReasons({ dataset, multivariate }: DriftReport): string[] {
  const verdict = (state: string): string => state.replaceAll('_', ' ');
  return [
    `the dataset as a whole: ${verdict(dataset.verdict)}, for ${dataset.reason}`,
    ...(multivariate
      ? [`all columns together: ${verdict(multivariate.verdict)}, for ${multivariate.reason}`]
      : []),
  ];
}

export function driftTable(columns: readonly ColumnDrift[]): ReportTable {
  return {
    columns: [
      { name: 'verdict', as: 'state' },
      { name: 'column', as: 'name' },
      { name: 'kind', as: 'text', optional: true },
      { name: 'measure', as: 'text' },
      { name: 'value', as: 'number' },
      { name: 'line', as: 'number' },
      { name: 'missing', as: 'text' },
      { name: 'why', as: 'text', optional: true },
    ],
    rows: columns.map((c) => [
      shownState(c),
      c.name,
      c.kind,
      c.method,
      short(c.value),
      short(c.threshold),
      missing(c),
      c.reason,
    ]),
  };
}

function missing({ missing: { reference, current } }: ColumnDrift): string {
  return reference === current ? percent(reference) : `${percent(reference)} → ${percent(current)}`;
}

/** The comparison as people read it in a terminal. */
export function renderDrift(report: DriftReport): string {
  const sorted = bySeverity(report.columns);
  const breaches = sorted.filter(isBreach).length;
  const listed = sorted.slice(0, breaches + SHOWN_OTHERS);
  const { reference, current } = report;
  const more = sorted.length - listed.length;
  return [
    `${pc.bold(reference.location)} (${plural(reference.rows, 'row')}) → ${pc.bold(current.location)} (${plural(current.rows, 'row')})`,
    '',
    textTable(driftTable(listed)),
    ...(more > 0 ? [pc.dim(`and ${count(more)} more columns without a finding; --json has them all`)] : []),
    '',
    paint(driftState(report), driftHeadline(report)),
    ...driftReasons(report),
  ].join('\n');
}

/** The worst of the columns and of all of them together. */
export function driftState({ columns, multivariate }: DriftReport): DriftReport['dataset']['verdict'] {
  if (columns.some(isBreach) || multivariate?.verdict === 'drifted') return 'drifted';
  return columns.some((c) => c.verdict === 'stable') ? 'stable' : 'insufficient_data';
}
