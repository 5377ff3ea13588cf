import { html } from '../../platform/html-template.ts';
import type { Html } from '../../platform/html-template.ts';
import type { ReportColumn, ReportTable } from '../reports/report-table.ts';

export interface TableLook {
  /** What the table holds, for those who hear it. */
  readonly label: string;
  /** `wide` fills the page and becomes a list on a narrow one; `plain` is as wide as its figures and scrolls there. */
  readonly look: 'wide' | 'plain';
  /** Where in the page a row is told more of; null where nowhere. */
  readonly anchor?: (row: number) => string | null;
}

/** The same table that a terminal shows. Roles are said, because a table that is shown as a list loses its own. */
export function pageTable({ columns, rows }: ReportTable, { label, look, anchor }: TableLook): Html {
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">
    <table class="${look === 'wide' ? 'wide stacked' : 'plain'}" role="table" aria-label="${label}">
      <thead role="rowgroup">
        <tr role="row">
          ${columns.map(({ name, as }) => html`<th role="columnheader" scope="col" class="${as}">${name}</th>`)}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${rows.map(
          (row, r) =>
            html`<tr role="row">
              ${columns.map((column, c) => cell(column, row[c] ?? null, anchor?.(r) ?? null))}
            </tr>`,
        )}
      </tbody>
    </table>
  </div> `;
}

function cell({ name, as }: ReportColumn, value: string | null, anchor: string | null): Html {
  const text = value ?? '–';
  const isEmpty = text === '–' ? ' empty' : '';
  switch (as) {
    case 'name':
      return html`<th role="rowheader" scope="row" class="name">
        ${anchor === null ? text : html`<a href="#${anchor}">${text}</a>`}
      </th>`;
    case 'state':
      return html`<td role="cell" class="state ${text}">${stateName(text)}</td>`;
    case 'code':
      return html`<td role="cell" class="code${isEmpty}" data-name="${name}"><code>${text}</code></td>`;
    default:
      return html`<td role="cell" class="${as}${isEmpty}" data-name="${name}">${text}</td>`;
  }
}

/** `insufficient_data` as words. */
export function stateName(state: string): string {
  return state.replaceAll('_', ' ');
}
