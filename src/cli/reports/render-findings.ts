import { paint } from '../render.ts';
import pc from 'picocolors';
import { count, plural } from '../../platform/figures.ts';
import { textTable } from './report-table.ts';
import type { ReportTable } from './report-table.ts';
import type { DataSummary } from '../checks/check-report.ts';

/** What was found in one data file, the worst first; a terminal and a page show the same. */
export interface Findings {
  readonly title: string;
  readonly data: DataSummary;
  readonly state: string;
  readonly headline: string;
  readonly notes: readonly string[];
  readonly table: ReportTable;
}

/** `orders.csv: 60 rows, 12 columns`. */
export function dataLine({ location, rows, columns, files }: DataSummary): string {
  const parts = files > 1 ? ` in ${count(files)} files` : '';
  return `${location}${parts}: ${plural(rows, 'row')}, ${plural(columns.length, 'column')}`;
}

export function renderFindings({ data, state, headline, notes, table }: Findings): string {
  return [
    ...(table.rows.length === 0 ? [] : [textTable(table), '']),
    dataLine(data),
    paint(state, headline),
    ...notes.map((note) => pc.dim(note)),
  ].join('\n');
}
