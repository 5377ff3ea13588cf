import type { EvaluateReport } from '../../contracts/evaluate-report.ts';
import type { DataFile } from '../../data/data-file/open-data-file.ts';
import type { DuckDbSession } from '../../data/duckdb.ts';
import type { MetricValues } from '../../domain/gates/judged-metrics.ts';
import { bootstrapByWeight, calibrationTable, gather, sliceColumns } from '../../stats/index.ts';
import { predictionBias } from './prediction-bias.ts';
import { confusionOf, planMetrics } from './prediction-metrics.ts';
import type { MetricPlan } from './prediction-metrics.ts';
import type { PredictionOptions } from './prediction-options.ts';
import { judgeThresholds, parseThreshold } from './prediction-thresholds.ts';
import { readPredictions } from './read-predictions.ts';
import type { Predictions } from './read-predictions.ts';
import { resolvePredictions } from './resolve-predictions.ts';
import type { ResolvedPredictions } from './resolve-predictions.ts';

/**
 * Metrics of recorded predictions, overall and by slice, judged by thresholds: what gates do with a holdout, for a file
 * that anybody made.
 * @throws PerennialError USAGE when a column, a metric or a threshold is not there or does not fit
 */
export async function evaluatePredictions(
  session: DuckDbSession,
  file: DataFile,
  options: PredictionOptions,
): Promise<EvaluateReport> {
  const thresholds = [
    ...options.thresholds.map((text) => parseThreshold(text, 'overall')),
    ...options.sliceThresholds.map((text) => parseThreshold(text, 'slices')),
  ];
  const resolved = await resolvePredictions(session, file, options);
  const data = await readPredictions(session, file, resolved);
  const { task } = resolved;
  const plan = planMetrics(data, task, options);
  const keys = data.slices.map((slice) => ({
    ...slice,
    codes: gather(slice.codes, plan.order, new Int32Array(plan.order.length)),
  }));
  const intervals = (columns: readonly Float64Array[]): object => intervalsOf(plan, columns, options);
  const overall = {
    count: data.label.length,
    metrics: plan.metrics(plan.columns),
    ...intervals(plan.columns),
  };
  const slices = sliceColumns(plan.columns, keys, (columns) => ({
    metrics: plan.metrics(columns),
    ...intervals(columns),
  })).map(({ key, name, count, metrics }) => ({ key, name, count, ...metrics }));
  const score = data.scores[0] ?? null;
  const decisions =
    task === 'binary' ? (data.prediction ?? score!.map((s) => (s >= options.cut ? 1 : 0))) : null;
  const bias = decisions === null ? null : predictionBias(data, decisions);
  const fairness = Object.entries(bias?.fairness ?? {}).filter(
    (entry): entry is [string, number | null] => typeof entry[1] !== 'boolean',
  );
  const { judged, verdict } = judgeThresholds(
    thresholds,
    {
      overall: { ...overall.metrics, ...Object.fromEntries(fairness) },
      count: overall.count,
      slices,
    },
    options.minSliceSize,
  );
  return {
    schemaVersion: 1,
    predictions: {
      location: file.location,
      rows: file.rows,
      used: data.label.length,
      dropped: { ...data.dropped },
    },
    task,
    inferred: [...resolved.inferred],
    notes: notesOf(task, data, plan, overall.metrics),
    columns: columnNames(resolved, options),
    classes: data.classes === null ? null : [...data.classes],
    threshold: task === 'binary' && data.prediction === null ? options.cut : null,
    k: task === 'ranking' ? options.k : null,
    overall,
    slices,
    confusion: confusion(task, data, decisions),
    calibration:
      task === 'binary' && score !== null && overall.metrics['brier'] !== null
        ? calibrationTable(data.label, score, data.weight === null ? {} : { weights: data.weight })
        : null,
    bias,
    thresholds: judged.map((one) => ({ ...one, verdict: shown(one.verdict) })),
    verdict: verdict === null ? null : shown(verdict),
  };
}

function shown({ kind, reason }: { readonly kind: string; readonly reason: string }) {
  if (kind === 'pass' || kind === 'fail' || kind === 'error' || kind === 'insufficient_data')
    return { kind, reason } as const;
  throw new TypeError(`a threshold is never ${kind}`);
}

/** Counts are what they are; only what is estimated has an interval. */
const COUNTS = ['count', 'dropped', 'positives', 'groups'];

function intervalsOf(
  plan: MetricPlan,
  columns: readonly Float64Array[],
  { bootstrap, seed }: PredictionOptions,
): { intervals?: Record<string, { low: number | null; high: number | null }> } {
  if (bootstrap === 0) return {};
  const own = plan.weights(columns);
  const found = bootstrapByWeight(
    plan.units(columns),
    (weights) => {
      const values: Record<string, number | null> = { ...plan.metrics(columns, weights) };
      for (const name of COUNTS) delete values[name];
      return values;
    },
    { resamples: bootstrap, seed, ...(own && { weights: own }) },
  );
  return {
    intervals: Object.fromEntries(
      Object.entries(found).map(([name, { low, high }]) => [name, { low, high }]),
    ),
  };
}

function columnNames(
  { columns }: ResolvedPredictions,
  { slices }: PredictionOptions,
): EvaluateReport['columns'] {
  const { label, score, prediction, weight, group, item, sensitive, strata } = columns;
  return {
    label: label.name,
    score: score.map((column) => column.name),
    prediction: prediction?.name ?? null,
    weight: weight?.name ?? null,
    group: group?.name ?? null,
    item: item?.name ?? null,
    sensitive: sensitive?.map((column) => column.name).join('*') ?? null,
    strata: strata?.map((column) => column.name).join('*') ?? null,
    slices: [...slices],
  };
}

function confusion(
  task: EvaluateReport['task'],
  data: Predictions,
  decisions: ArrayLike<number> | null,
): number[][] | null {
  const weights = data.weight ?? undefined;
  if (task === 'binary') return confusionOf(data.label, decisions!, 2, weights);
  if (task !== 'multiclass') return null;
  const predicted = data.prediction ?? firstLargest(data.scores);
  return confusionOf(data.label, predicted, data.classes?.length ?? 0, weights);
}

function firstLargest(scores: readonly Float64Array[]): Float64Array {
  return Float64Array.from(scores[0]!, (_, row) => {
    let best = 0;
    for (let c = 1; c < scores.length; c++) if (scores[c]![row]! > scores[best]![row]!) best = c;
    return best;
  });
}

function notesOf(
  task: EvaluateReport['task'],
  data: Predictions,
  plan: MetricPlan,
  metrics: MetricValues,
): string[] {
  const notes: string[] = [];
  const used = data.label.length;
  const lost = data.rows - used;
  if (lost > 0) notes.push(`${String(lost)} of ${String(data.rows)} rows could not be used`);
  const weightless = data.weight !== null && used > 0 && data.weight.every((weight) => weight === 0);
  if (weightless) notes.push('all weights are 0, so that no row counts');
  if (task === 'binary' && data.scores.length > 0 && used > 0 && !weightless && metrics['brier'] === null)
    notes.push('some scores lie outside [0, 1], so log loss, Brier score and calibration are not defined');
  if (task === 'binary' && used > 0 && (metrics['positives'] === 0 || metrics['positives'] === used))
    notes.push('all labels are the same, so that nothing can be ranked');
  if (
    task === 'multiclass' &&
    data.scores.length > 0 &&
    used > 0 &&
    !weightless &&
    metrics['logLoss'] === null
  )
    notes.push('some scores lie outside [0, 1], so log loss is not defined');
  if (task === 'regression' && used > 0 && !weightless && metrics['mse'] === null)
    notes.push('some errors are so large that no number holds their squares');
  if (task === 'ranking') {
    const ties = tiesWithinLists(plan, data);
    if (ties > 0.01)
      notes.push(
        `${(100 * ties).toFixed(1)} % of rows have the score of another row of their list; the order of the file decides there`,
      );
  }
  return notes;
}

function tiesWithinLists(plan: MetricPlan, data: Predictions): number {
  const seen = new Map<number, number>();
  let ties = 0;
  for (const row of plan.order) {
    const [group, score] = [data.group![row]!, data.scores[0]![row]!];
    if (seen.get(group) === score) ties++;
    seen.set(group, score);
  }
  return plan.order.length === 0 ? 0 : ties / plan.order.length;
}
