import type { EvaluateReport } from '../../contracts/evaluate-report.ts';
import { count, percent } from '../../platform/figures.ts';
import { html } from '../../platform/html-template.ts';
import type { Html } from '../../platform/html-template.ts';

const SIZE = 260;
const TICKS = [0, 0.25, 0.5, 0.75, 1];

/** Share of positives against the mean score of each bin; on the diagonal scores mean what they say. */
export function calibrationChart(bins: NonNullable<EvaluateReport['calibration']>): Html {
  const total = bins.reduce((sum, bin) => sum + bin.weight, 0);
  const told = bins.flatMap(({ meanScore, positiveShare, weight }) =>
    meanScore === null || positiveShare === null ? [] : [{ meanScore, positiveShare, weight }],
  );
  const words = `Share of positives by mean score: ${told.map((bin) => `${percent(bin.positiveShare)} at ${percent(bin.meanScore)}`).join(', ')}`;
  const at = (share: number): string => (share * SIZE).toFixed(1);
  return html`<svg
      viewBox="-46 -10 ${SIZE + 66} ${SIZE + 54}"
      width="${SIZE + 66}"
      role="img"
      aria-label="${words}"
    >
      <rect width="${SIZE}" height="${SIZE}" class="axis" />
      <line x1="0" y1="${SIZE}" x2="${SIZE}" y2="0" class="dash" />
      ${TICKS.map(
        (tick) =>
          html`<text x="${at(tick)}" y="${SIZE + 16}" text-anchor="middle">${percent(tick)}</text>
            <text x="-6" y="${((1 - tick) * SIZE + 4).toFixed(1)}" text-anchor="end">${percent(tick)}</text>`,
      )}
      <text x="${SIZE / 2}" y="${SIZE + 34}" text-anchor="middle">mean score of a bin</text>
      ${told.map(
        ({ meanScore, positiveShare, weight }) =>
          html`<circle
            class="current"
            fill-opacity=".6"
            cx="${at(meanScore)}"
            cy="${at(1 - positiveShare)}"
            r="${(2 + 12 * Math.sqrt(weight / total)).toFixed(1)}"
          >
            <title>
              ${count(Math.round(weight))} rows: mean score ${percent(meanScore)}, positive
              ${percent(positiveShare)}
            </title>
          </circle>`,
      )}
    </svg>
    <p class="dim">
      Up: the share of positives. The larger a dot, the more rows. Above the dashed line scores are too low,
      below it too high.
    </p>`;
}
