import { html } from '../../platform/html-template.ts';
import { dataLine } from '../reports/render-findings.ts';
import type { Findings } from '../reports/render-findings.ts';
import { pageTable } from './page-table.ts';
import { reportPage } from './report-page.ts';

/** What `check` or `scan` found, as a page. */
export function findingsPage({ title, data, state, headline, notes, table }: Findings): string {
  return reportPage({
    title,
    headline,
    state,
    because: [dataLine(data)],
    notes,
    body: table.rows.length === 0 ? html`` : pageTable(table, { label: title, look: 'wide' }),
  });
}
