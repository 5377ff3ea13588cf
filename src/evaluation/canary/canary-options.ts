import { USAGE } from '../../errors/cli-errors.ts';
import { PerennialError } from '../../errors/define-error.ts';
import type { Margin } from '../../stats/index.ts';

export interface CanaryMetricOption {
  readonly column: string;
  readonly higherIsBetter: boolean;
  /** Why it was taken to be so; null where it was said. */
  readonly why: string | null;
}

export interface CanaryOptions {
  readonly metrics: readonly CanaryMetricOption[];
  readonly kind: 'proportion' | 'mean' | null;
  readonly margins: ReadonlyMap<string, Margin>;
  readonly sequential: boolean;
  readonly alpha: number;
  readonly power: number;
  readonly minSamples: number;
  /** Intended traffic of control and canary, on any scale. */
  readonly split: readonly [number, number] | null;
}

/** As in the analysis of a rollout. */
export const DEFAULT_MARGIN: Margin = { ofControl: 0.1 };

const LOWER =
  /error|fail|latenc|duration|timeout|cost|bounce|churn|complaint|refund|(^|_)(ms|seconds|secs|bytes)($|_)/i;

/** `latency_ms:lower`; without the word its name says which way is better. */
export function parseMetric(text: string): CanaryMetricOption {
  const match = /^(.+):(higher|lower)$/.exec(text);
  if (match !== null) return { column: match[1]!, higherIsBetter: match[2] === 'higher', why: null };
  return LOWER.test(text)
    ? { column: text, higherIsBetter: false, why: 'its name speaks of harm; else write :higher after it' }
    : { column: text, higherIsBetter: true, why: 'nothing says otherwise; else write :lower after it' };
}

/** `5%`, `0.01`, or of one metric `latency_ms=20`. @throws PerennialError USAGE */
export function parseMargins(
  texts: readonly string[],
  metrics: readonly CanaryMetricOption[],
): Map<string, Margin> {
  const margins = new Map<string, Margin>();
  const columns = metrics.map(({ column }) => column);
  for (const text of texts) {
    const cut = text.lastIndexOf('=');
    const column = cut === -1 ? null : text.slice(0, cut);
    const match = /^(\d+(?:\.\d+)?(?:e-?\d+)?)(%?)$/i.exec(text.slice(cut + 1).trim());
    if (match === null)
      throw new PerennialError(
        USAGE,
        `"${text}" is no margin; write 5% (of the control's mean), 0.01 (in the metric's unit), or of one metric latency_ms=20`,
      );
    if (column !== null && !columns.includes(column))
      throw new PerennialError(
        USAGE,
        `--margin ${text}: "${column}" is none of the metrics ${columns.join(', ')}`,
      );
    const value = Number(match[1]);
    if (!Number.isFinite(value ** 2))
      throw new PerennialError(USAGE, `--margin ${text}: that is more than any number; take a smaller one`);
    for (const name of column === null ? columns.filter((one) => !margins.has(one)) : [column])
      margins.set(name, match[2] === '%' ? { ofControl: value / 100 } : value);
  }
  return margins;
}

/** `90:10`. @throws PerennialError USAGE */
export function parseSplit(text: string): [number, number] {
  const match = /^(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)$/.exec(text.trim());
  const [control, canary] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || !(control > 0) || !(canary > 0))
    throw new PerennialError(USAGE, `"${text}" is no split; write control:canary, such as 90:10`);
  return [control, canary];
}
