import { figure, short } from '../../platform/figures.ts';
import { html } from '../../platform/html-template.ts';
import type { Html } from '../../platform/html-template.ts';
import type { CanaryMetric } from '../reports/render-canary.ts';

const [WIDTH, EDGE, TOP, LINE, BOTTOM] = [360, 12, 16, 32, 48];

/** The interval of the difference beside zero and the margin; what lies beyond the margin is shaded. */
export function intervalChart(
  metric: CanaryMetric,
  interval: { readonly low: number | null; readonly high: number | null } | null,
): Html {
  const { difference, higherIsBetter, margin } = metric;
  if (interval?.low == null || interval.high === null || difference === null)
    return html`<p class="dim">no interval of the difference can be told</p>`;
  const { low, high } = interval;
  const limit = higherIsBetter ? -margin : margin;
  const points = [low, high, 0, limit, difference];
  const [from, to] = [Math.min(...points), Math.max(...points)];
  const pixel = (value: number): number =>
    to > from ? EDGE + ((value - from) / (to - from)) * (WIDTH - 2 * EDGE) : WIDTH / 2;
  const x = (value: number): string => pixel(value).toFixed(1);
  const [worseFrom, worseTo] = higherIsBetter ? [0, pixel(limit)] : [pixel(limit), WIDTH];
  const words = `difference of ${metric.metric} ${figure(difference)}, between ${figure(low)} and ${figure(high)}; worse than allowed ${higherIsBetter ? 'below' : 'above'} ${figure(limit)}`;
  return html`<svg viewBox="0 0 ${WIDTH} 64" width="${WIDTH}" role="img" aria-label="${words}">
    <rect
      x="${worseFrom.toFixed(1)}"
      width="${Math.max(0, worseTo - worseFrom).toFixed(1)}"
      y="${TOP}"
      height="${BOTTOM - TOP}"
      class="beyond"
    />
    <line x1="${x(0)}" x2="${x(0)}" y1="${TOP}" y2="${BOTTOM}" class="axis" />
    <line x1="${x(limit)}" x2="${x(limit)}" y1="${TOP}" y2="${BOTTOM}" class="dash" />
    <line x1="${x(low)}" x2="${x(high)}" y1="${LINE}" y2="${LINE}" class="current" stroke-width="3" />
    <circle cx="${x(difference)}" cy="${LINE}" r="5" class="current" />
    <text x="${x(limit)}" y="11" text-anchor="${anchor(pixel(limit))}">
      worse than allowed ${higherIsBetter ? 'below' : 'above'} ${short(limit)}
    </text>
    <text x="${x(0)}" y="61" text-anchor="${anchor(pixel(0))}">0, no difference</text>
  </svg>`;
}

/** So that a label does not leave the picture. */
function anchor(x: number): string {
  if (x < WIDTH * 0.35) return 'start';
  return x > WIDTH * 0.65 ? 'end' : 'middle';
}
