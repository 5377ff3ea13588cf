import { clip, paint, renderTable } from '../render.ts';

/** What a column of a report holds, for terminal and page alike. */
export interface ReportColumn {
  readonly name: string;
  /** `state`: a verdict; `number`: ends at the right; `name`: names the row; `code`: what a program reads. */
  readonly as: 'name' | 'text' | 'number' | 'state' | 'code';
  /** On a narrow terminal it is left out. */
  readonly optional?: boolean;
}

export interface ReportTable {
  readonly columns: readonly ReportColumn[];
  readonly rows: readonly (readonly (string | null)[])[];
}

const GAP = 2;
/** A cut text says something from this width on. */
const LEAST_WIDTH = 12;
/** … and an explanation from this one on. */
const LEAST_OPTIONAL = 36;
/** Where nobody said how wide the terminal is, in a pipe or a log, this is the most of one text. */
const MOST_WIDTH = 110;

/** The table in `width` characters, where texts can be cut so far. @param width null in a pipe */
export function textTable(table: ReportTable, width = terminalWidth()): string {
  const all = table.columns.map((column, i) => ({ column, i, width: widthOf(table, column, i) }));
  const total = (shown: typeof all, of: (one: (typeof all)[number]) => number): number =>
    shown.reduce((sum, one) => sum + of(one) + GAP, -GAP);
  const least = (one: (typeof all)[number]): number =>
    isCut(one.column) ? Math.min(one.width, one.column.optional ? LEAST_OPTIONAL : LEAST_WIDTH) : one.width;
  let shown = all;
  for (const one of [...all].reverse())
    if (width !== null && total(shown, least) > width && one.column.optional === true)
      shown = shown.filter((other) => other !== one);
  for (;;) {
    const over = width === null ? 0 : total(shown, (one) => one.width) - width;
    const [widest] = shown
      .filter((one) => isCut(one.column) && one.width > least(one))
      .sort((a, b) => b.width - a.width);
    if (over <= 0 || widest === undefined) break;
    widest.width--;
  }
  return renderTable(
    shown.map(({ column }) => column.name),
    table.rows.map((row) =>
      shown.map(({ column, i, width: own }) => {
        const cell = row[i] ?? null;
        if (cell === null) return null;
        if (column.as === 'state') return paint(cell);
        return isCut(column) ? clip(cell, own) : cell;
      }),
    ),
    shown.map(({ column }) => (column.as === 'number' ? 'right' : 'left')),
  );
}

/** Null in a pipe: whoever reads that can cut it. */
function terminalWidth(): number | null {
  return process.stdout.isTTY ? process.stdout.columns : null;
}

const isCut = ({ as }: ReportColumn): boolean => as !== 'number' && as !== 'state';

function widthOf(table: ReportTable, column: ReportColumn, i: number): number {
  const cells = table.rows.map((row) => row[i]?.replaceAll(/\s+/g, ' ').trim().length ?? 1);
  const longest = cells.reduce((most, cell) => Math.max(most, cell), column.name.length);
  return isCut(column) ? Math.min(MOST_WIDTH, longest) : longest;
}
