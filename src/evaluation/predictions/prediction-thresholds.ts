import { assessMetricGate } from '../../domain/gates/assess-metric-gate.ts';
import type { MetricGate } from '../../domain/gates/assess-threshold.ts';
import type { JudgedMetrics } from '../../domain/gates/judged-metrics.ts';
import { summariseGates } from '../../domain/gates/summarise-gates.ts';
import { nearestName } from '../../domain/nearest-name.ts';
import type { Verdict } from '../../domain/verdict.ts';
import { USAGE } from '../../errors/cli-errors.ts';
import { PerennialError } from '../../errors/define-error.ts';

export interface Threshold {
  /** As it was written. */
  readonly text: string;
  readonly metric: string;
  readonly direction: '>=' | '<=';
  readonly bound: number;
  readonly scope: 'overall' | 'slices';
}

export interface JudgedThreshold {
  readonly threshold: string;
  readonly metric: string;
  readonly scope: Threshold['scope'];
  readonly verdict: Verdict;
}

/** Reads `auc>=0.8`. @throws PerennialError USAGE */
export function parseThreshold(text: string, scope: Threshold['scope']): Threshold {
  const match = /^\s*([A-Za-z]\w*)\s*(>=|<=)\s*(\S+)\s*$/.exec(text);
  const bound = Number(match?.[3]);
  if (match === null || !Number.isFinite(bound))
    throw new PerennialError(
      USAGE,
      `"${text}" is no threshold; write metric>=number or metric<=number, such as "auc>=0.8" (in quotes: the shell takes > for a file)`,
    );
  return { text, metric: match[1]!, direction: match[2] === '>=' ? '>=' : '<=', bound, scope };
}

/** scikit-learn writes roc_auc and log_loss. */
const squeezed = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll('_', '')
    .replace(/^rocauc$/, 'auc');

/** The gates of a spec with the same bounds judge; a metric that nobody computed is told before anything is judged. */
export function judgeThresholds(
  thresholds: readonly Threshold[],
  metrics: JudgedMetrics,
  minSliceSize: number,
): { readonly judged: readonly JudgedThreshold[]; readonly verdict: Verdict | null } {
  const known = Object.keys(metrics.overall);
  const results = thresholds.map((threshold) => {
    const metric = known.find((name) => squeezed(name) === squeezed(threshold.metric));
    if (metric === undefined) {
      const near = nearestName(threshold.metric, known);
      const hint = near === null ? '' : `; did you mean "${near}"?`;
      const message = `no metric is called "${threshold.metric}"${hint} There are ${known.join(', ')}`;
      throw new PerennialError(USAGE, message.replace('" There', '"; there'));
    }
    const gate: MetricGate = {
      type: 'metric',
      name: threshold.text,
      metric,
      higherIsBetter: threshold.direction === '>=',
      slices: threshold.scope === 'slices' ? 'each' : 'overall',
      ...(threshold.direction === '>=' ? { min: threshold.bound } : { max: threshold.bound }),
    };
    return { threshold, metric, result: assessMetricGate(gate, metrics, null, minSliceSize) };
  });
  return {
    judged: results.map(({ threshold, metric, result }) => ({
      threshold: threshold.text,
      metric,
      scope: threshold.scope,
      verdict: result.verdict,
    })),
    verdict:
      results.length === 0
        ? null
        : summariseGates(
            results.map(({ result }) => result),
            results.length,
            false,
          ),
  };
}
