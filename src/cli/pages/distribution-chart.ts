import type { ColumnDrift } from '../../contracts/reports/drift-report.ts';
import type { ShownDistribution } from '../../data/drift/shown-distribution.ts';
import { html } from '../../platform/html-template.ts';
import type { Html } from '../../platform/html-template.ts';
import { percent, short } from '../../platform/figures.ts';

/** Values of a column on each side. */
interface Sizes {
  readonly reference: number;
  readonly current: number;
}

const WIDTH = 360;

/** Both distributions of a column over one axis. */
export function distributionChart(column: ColumnDrift, shown: ShownDistribution, sizes: Sizes): Html {
  return shown.kind === 'histogram' ? histogram(column, shown) : bars(column, shown.categories, sizes);
}

type Histogram = Extract<ShownDistribution, { kind: 'histogram' }>;
const [TOP, BASE, HEIGHT] = [14, 114, 132];

/** Shares of both sides as steps: the reference filled, the current as a line over it. */
function histogram({ name, kind }: ColumnDrift, { edges, reference, current }: Histogram): Html {
  const left = shares(reference);
  const right = shares(current);
  const top = Math.max(...left, ...right) || 1;
  const step = WIDTH / left.length;
  const outline = (values: readonly number[]): string =>
    values
      .map((v, i) => `L${at(i * step)} ${at(BASE - (v / top) * (BASE - TOP))}H${at((i + 1) * step)}`)
      .join('');
  const low = edges[0] ?? 0;
  const high = edges.at(-1) ?? low;
  const label = kind === 'timestamp' ? timeLabel(high - low) : short;
  const words = `${name}: shares of the values from ${label(low)} to ${label(high)}, the highest ${percent(top)} of a side`;
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" role="img" aria-label="${words}">
    <text x="0" y="9">${percent(top)}</text>
    <path d="M0 ${BASE}${outline(left)}V${BASE}Z" fill="var(--reference)" fill-opacity=".5" />
    <path d="M0 ${BASE}${outline(right)}V${BASE}" fill="none" stroke="var(--current)" stroke-width="1.8" />
    <line x1="0" x2="${WIDTH}" y1="${BASE}" y2="${BASE}" class="axis" />
    <text x="0" y="128">${label(low)}</text>
    ${
      high > low
        ? html`<text x="${WIDTH / 2}" y="128" text-anchor="middle">${label((low + high) / 2)}</text>
            <text x="${WIDTH}" y="128" text-anchor="end">${label(high)}</text>`
        : ''
    }
  </svg>`;
}

const DAY_MS = 86_400_000;
const MAX_DATE_MS = 100_000_000 * DAY_MS;

/** As much of a time as tells the ends of the axis apart. */
function timeLabel(rangeMs: number): (ms: number) => string {
  const chars = rangeMs > 3 * DAY_MS ? 10 : 16;
  // Databases know times that a Date can't hold.
  return (ms) =>
    Math.abs(ms) > MAX_DATE_MS ? short(ms) : new Date(ms).toISOString().slice(0, chars).replace('T', ' ');
}

const BAR = 24;
const LABEL_CHARS = 17;
const [FROM, TO] = [112, 262];

/** The most frequent categories with the share of each side, and what is left. */
function bars(
  { name }: ColumnDrift,
  categories: Extract<ShownDistribution, { kind: 'categories' }>['categories'],
  sizes: Sizes,
): Html {
  const share = (n: number, of: number): number => (of === 0 ? 0 : n / of);
  const lines = categories.map((c) => ({
    label: c.label,
    reference: share(c.reference, sizes.reference),
    current: share(c.current, sizes.current),
  }));
  const rest = (side: 'reference' | 'current'): number =>
    Math.max(0, 1 - lines.reduce((sum, line) => sum + line[side], 0));
  const others = { label: 'all others', reference: rest('reference'), current: rest('current') };
  if (Math.max(others.reference, others.current) > 1e-9) lines.push(others);
  const top = Math.max(...lines.flatMap((line) => [line.reference, line.current])) || 1;
  const width = (of: number): string => at((of / top) * (TO - FROM));
  const words = `${name}: ${lines.map((line) => `${line.label} ${percent(line.reference)} to ${percent(line.current)}`).join(', ')}`;
  const height = lines.length * BAR;
  return html`<svg viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" role="img" aria-label="${words}">
    ${lines.map(
      (line, i) =>
        html`<text x="${FROM - 6}" y="${i * BAR + 14}" text-anchor="end">
            ${cut(line.label)}<title>${line.label}</title>
          </text>
          <rect
            x="${FROM}"
            y="${i * BAR + 1}"
            width="${width(line.reference)}"
            height="9"
            fill="var(--reference)"
            fill-opacity=".7"
          />
          <rect
            x="${FROM}"
            y="${i * BAR + 11}"
            width="${width(line.current)}"
            height="9"
            fill="var(--current)"
          />
          <text x="${WIDTH}" y="${i * BAR + 14}" text-anchor="end">
            ${percent(line.reference)} → ${percent(line.current)}
          </text>`,
    )}
  </svg>`;
}

function cut(label: string): string {
  if (label === '') return '(empty)';
  const signs = [...label];
  return signs.length > LABEL_CHARS ? `${signs.slice(0, LABEL_CHARS - 1).join('')}…` : label;
}

function shares(counts: readonly number[]): number[] {
  const total = counts.reduce((sum, n) => sum + n, 0);
  return counts.map((n) => (total === 0 ? 0 : n / total));
}

function at(x: number): string {
  return String(Math.round(x * 10) / 10);
}
