import type { GateResult } from '../gate-report.ts';
import type { Verdict } from '../verdict.ts';
import { assessThreshold } from './assess-threshold.ts';
import type { BoundCheck, MetricGate } from './assess-threshold.ts';
import type { ChampionMetrics, JudgedMetrics, MetricValues } from './judged-metrics.ts';
import { higherIsBetter } from './metric-direction.ts';

const OVERALL = 'overall';
const SHOWN = 3;
/** Slices that the evidence lists, those that miss a bound first; every one counts for the verdict. */
const LISTED_SLICES = 40;

interface Judged {
  readonly slice: string;
  readonly count: number;
  readonly value: number | null;
  readonly champion: number | null | undefined;
  readonly checks: readonly BoundCheck[];
}

/**
 * Judges a metric, and with `slices: each` every slice of at least `minSliceSize` rows. A bound that is missed anywhere
 * fails the gate; a value that the data do not define is insufficient data; a metric that nobody computes, or a
 * gate without a threshold, is an error. For the first version only `min` and `max` apply.
 */
export function assessMetricGate(
  gate: MetricGate,
  candidate: JudgedMetrics,
  champion: ChampionMetrics,
  minSliceSize: number,
): GateResult {
  const each = gate.slices === 'each';
  const judgedSlices = each ? candidate.slices.filter((slice) => slice.count >= minSliceSize) : [];
  const tooSmall = each ? candidate.slices.filter((slice) => slice.count < minSliceSize) : [];
  const baselines = champion?.kind === 'scored' ? champion.metrics : null;
  const compared = gate.vsChampion !== undefined && baselines !== null;
  const judge = (
    slice: string,
    count: number,
    metrics: MetricValues,
    base: MetricValues | undefined,
  ): Judged => {
    const value = metrics[gate.metric] ?? null;
    const baseline = compared ? (base?.[gate.metric] ?? null) : undefined;
    return { slice, count, value, champion: baseline, checks: assessThreshold(gate, value, baseline) };
  };
  const results = [
    judge(OVERALL, candidate.count, candidate.overall, baselines?.overall),
    ...judgedSlices.map((slice) =>
      judge(
        slice.name,
        slice.count,
        slice.metrics,
        baselines?.slices.find((one) => one.name === slice.name)?.metrics,
      ),
    ),
  ];
  const evidence = {
    metric: gate.metric,
    higherIsBetter: gate.higherIsBetter ?? higherIsBetter(gate.metric),
    thresholds: {
      ...(gate.min === undefined ? {} : { min: gate.min }),
      ...(gate.max === undefined ? {} : { max: gate.max }),
      ...(gate.vsChampion === undefined ? {} : { vsChampion: gate.vsChampion }),
    },
    slicesJudged: judgedSlices.length,
    results: listed(results),
    ...(tooSmall.length === 0
      ? {}
      : {
          tooSmall: tooSmall.slice(0, LISTED_SLICES).map(({ name, count }) => ({ slice: name, count })),
          minSliceSize,
        }),
  };
  const verdict = verdictOf(gate, candidate, champion, results, each && judgedSlices.length === 0);
  return { gate: gate.name, type: 'metric', verdict, evidence };
}

/** The whole, then the slices that miss a bound, then the others, as far as they fit. */
function listed(results: readonly Judged[]): readonly object[] {
  const missed = (one: Judged) => one.checks.some((check) => check.ok !== true);
  const [overall, ...slices] = results;
  const ordered = [...slices.filter(missed), ...slices.filter((one) => !missed(one))];
  return [...(overall ? [overall] : []), ...ordered.slice(0, LISTED_SLICES)].map(
    ({ slice, count, value, champion, checks }) => ({
      slice,
      count,
      value,
      ...(champion === undefined ? {} : { champion }),
      missed: checks.filter((check) => check.ok !== true).map((check) => check.text),
    }),
  );
}

function verdictOf(
  gate: MetricGate,
  candidate: JudgedMetrics,
  champion: ChampionMetrics,
  results: readonly Judged[],
  noSlice: boolean,
): Verdict {
  if (gate.min === undefined && gate.max === undefined && gate.vsChampion === undefined)
    return { kind: 'error', reason: 'the gate sets no threshold; give it min, max or vsChampion' };
  if (!Object.hasOwn(candidate.overall, gate.metric)) {
    const known = Object.keys(candidate.overall).sort().join(', ');
    return { kind: 'error', reason: `no metric is called ${gate.metric}; there are ${known}` };
  }
  const missed = results.flatMap((one) => one.checks.filter((c) => c.ok === false).map((c) => line(one, c)));
  if (missed.length > 0) return { kind: 'fail', reason: list(gate.metric, missed) };
  const unknown = results.flatMap((one) => one.checks.filter((c) => c.ok === null).map((c) => line(one, c)));
  if (unknown.length > 0) return { kind: 'insufficient_data', reason: list(gate.metric, unknown) };
  if (gate.vsChampion !== undefined && champion?.kind === 'unscorable')
    return {
      kind: 'insufficient_data',
      reason: `the champion cannot be scored on this holdout: ${champion.reason}`,
    };
  if (noSlice)
    return { kind: 'insufficient_data', reason: 'no slice has enough rows; see evaluation.minSliceSize' };
  const held = list(
    gate.metric,
    results.slice(0, 1).flatMap((one) => one.checks.map((check) => line(one, check))),
  );
  const slices = results.length > 1 ? `, and so in ${results.length - 1} slices` : '';
  if (gate.vsChampion !== undefined && champion === null) {
    const first = 'the first version has no champion to be compared with, change thresholds do not apply';
    return { kind: 'pass', reason: results[0]?.checks.length ? `${held}${slices}; ${first}` : first };
  }
  return { kind: 'pass', reason: `${held}${slices}` };
}

function line(one: Judged, check: BoundCheck): string {
  return one.slice === OVERALL ? check.text : `${one.slice}: ${check.text}`;
}

function list(metric: string, lines: readonly string[]): string {
  const more = lines.length > SHOWN ? ` and ${lines.length - SHOWN} more` : '';
  return `${metric} ${lines.slice(0, SHOWN).join('; ')}${more}`;
}
