import { ColumnType } from '../contracts/spec/expectations.ts';
import { AnalysisMetric, Monitor } from '../contracts/spec/operation.ts';
import { DeclaredType } from '../contracts/spec/sources.ts';
import type { Evaluation } from '../contracts/spec/training.ts';
import { datasetType, DATASET_TYPES } from '../data/column-types.ts';
import { RECOMMENDATION_METRICS } from '../evaluation/metric-values.ts';
import { judgeRows } from '../evaluation/task-metrics.ts';

const TASKS: readonly Evaluation['task'][] = ['binary', 'multiclass', 'regression'];

/** What each metric of an evaluation says; a test holds it to the metrics that are computed. */
export const METRIC_MEANINGS: Readonly<Record<string, string>> = {
  count: 'rows that could be used',
  dropped: 'rows that could not',
  positives: 'rows with the positive label',
  positiveRate: 'their share',
  meanScore: 'mean of what the model said',
  accuracy: 'share of decisions that are right',
  balancedAccuracy: 'mean of the recalls of all classes',
  precision: 'share of the positive decisions that are right',
  recall: 'share of the positives that are found',
  f1: 'harmonic mean of precision and recall',
  mcc: "Matthews' correlation of decisions and labels",
  kappa: "Cohen's agreement beyond chance",
  auc: 'chance that a positive is scored above a negative',
  averagePrecision: 'area below precision over recall, in steps',
  logLoss: 'mean −ln of the probability given to what happened; lower is better',
  brier: 'mean squared error of the probabilities; lower is better',
  ece: 'expected calibration error in ten bins; lower is better',
  macroPrecision: 'mean precision of the classes',
  macroRecall: 'mean recall of the classes',
  macroF1: 'mean F1 of the classes',
  weightedPrecision: 'mean precision of the classes by their rows',
  weightedRecall: 'mean recall of the classes by their rows',
  weightedF1: 'mean F1 of the classes by their rows',
  aucOneVsRestMacro: 'mean AUC of each class against the rest',
  aucOneVsRestWeighted: 'the same by the rows of each class',
  aucOneVsOneMacro: 'mean AUC of each pair of classes',
  rmse: 'root of the mean squared error, in the unit of the label; lower is better',
  mse: 'mean squared error; lower is better',
  mae: 'mean absolute error; lower is better',
  medianAbsoluteError: 'median absolute error; lower is better',
  r2: 'share of the variance that is explained, 1 at most',
  mape: 'mean absolute error relative to the label, 0.1 is 10 %; lower is better',
  maxError: 'largest absolute error; lower is better',
  bias: 'mean of prediction − label; 0 is best',
  explainedVariance: 'the same as r2 with the bias left out',
  pinball: 'pinball loss of the quantile 0.9; lower is better',
  ndcg: 'normalised discounted cumulative gain of the first k',
  ndcgExponential: 'the same with gains of 2^grade − 1',
  map: 'mean average precision of the first k',
  mrr: 'mean of 1 / rank of the first relevant item',
  hitRate: 'share of the groups with a relevant item among the first k',
  precisionAtK: 'share of the first k that is relevant',
  recallAtK: 'share of the relevant items that is among the first k',
  f1AtK: 'harmonic mean of precisionAtK and recallAtK of each group',
  rPrecision: 'share that is relevant of as many as are relevant',
  rbp: 'rank-biased precision of the whole list, persistence 0.95',
  topItemShare:
    'share of the recommendations that have the most recommended candidate among the first k; lower is better',
  itemCoverage: 'share of the candidates that are recommended to anybody',
};

const DECLARED: Readonly<Record<(typeof DeclaredType.options)[number], string>> = {
  BOOLEAN: 'true or false; 1 and "yes" are none',
  INTEGER: 'whole numbers of 32 bits; 1.5 is none',
  BIGINT: 'whole numbers of 64 bits',
  DOUBLE: 'numbers',
  VARCHAR: 'text; keeps the zeros of 01234',
  TIMESTAMP: 'times in UTC; an offset is converted, without one a time is UTC',
  DATE: 'days',
  'VARCHAR[]': 'lists of text',
};

const EXPECTED: Readonly<Record<ColumnType, string>> = {
  integer: 'whole numbers',
  number: 'any numbers',
  string: 'text',
  boolean: 'true and false',
  timestamp: 'times',
  date: 'days',
  list: 'lists',
};

/** Types that a file or a table may have and a dataset keeps as another, as examples. */
const CONVERTED = ['TIMESTAMP WITH TIME ZONE', 'DECIMAL(18,3)', 'HUGEINT', 'UUID', 'JSON', 'DATE[]'];

/** The names that an evaluation computes, as gates may name them. */
export function metricNames(
  task: Evaluation['task'],
  {
    groupBy,
    recommendations = false,
  }: { readonly groupBy?: string | undefined; readonly recommendations?: boolean } = {},
): string[] {
  const row = (label: number) => ({
    id: String(label),
    label,
    score: 0.5,
    probabilities: [0.5, 0.5],
    slices: {},
  });
  const settings = { task, threshold: 0.5, k: 5, slices: [], ...(groupBy === undefined ? {} : { groupBy }) };
  const computed = Object.keys(judgeRows([row(0), row(1)], settings).overall);
  return recommendations ? [...computed, ...RECOMMENDATION_METRICS] : computed;
}

/** Names that a spec uses as values, from the code that computes by them, as Markdown. */
export function specNames(): string[] {
  const named = TASKS.map((task) => [task, new Set(metricNames(task))] as const);
  const all = new Set(named.flatMap(([, names]) => [...names]));
  const ranking = metricNames('binary', { groupBy: 'group' }).filter((name) => !all.has(name));
  const rows = [
    ...[...all].map((name): [string, string] => [
      name,
      named.flatMap(([task, names]) => (names.has(name) ? [task] : [])).join(', '),
    ]),
    ...ranking.map((name): [string, string] => [name, 'any, with `evaluation.groupBy`']),
    ...RECOMMENDATION_METRICS.map((name): [string, string] => [
      name,
      'any, with `evaluation.recommendations`',
    ]),
  ];
  return [
    '## Names of metrics',
    '',
    'For `gates[].metric` and the thresholds of `perennial evaluate`. Higher is better unless said otherwise;',
    '`higherIsBetter` turns that round for `vsChampion`. A gate on another name is refused.',
    '',
    '| metric | task | meaning |',
    '|---|---|---|',
    ...rows.map(([name, tasks]) => `| \`${name}\` | ${tasks} | ${METRIC_MEANINGS[name] ?? ''} |`),
    '',
    `\`rollout.analysis[].metric\` is ${listed(literalsOf(AnalysisMetric.options, 'metric'))}; \`monitoring.monitors[].type\` is`,
    `${listed(literalsOf(Monitor.options, 'type'))}. An \`outcome\` is one of \`serving.outcomes\`.`,
    '',
    '## Types of columns',
    '',
    'For `sources.<name>.columns` of files; a value that does not fit is set aside with its batch.',
    '',
    '| type | holds |',
    '|---|---|',
    ...DeclaredType.options.map((type) => `| \`${type}\` | ${DECLARED[type]} |`),
    '',
    `A dataset keeps ${listed([...DATASET_TYPES])} as they are. Others are converted: ${CONVERTED.map((type) => `\`${type}\` to \`${datasetType(type)}\``).join(', ')}.`,
    '',
    'For `type` of the expectation `type`:',
    '',
    '| type | holds |',
    '|---|---|',
    ...ColumnType.options.map((type) => `| \`${type}\` | ${EXPECTED[type]} |`),
    '',
  ];
}

function listed(names: readonly string[]): string {
  const quoted = names.map((name) => `\`${name}\``);
  return `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1) ?? ''}`;
}

/** The literals that tell the branches of a union apart. */
function literalsOf<K extends string>(
  options: readonly { readonly shape: Readonly<Record<K, { readonly value: string }>> }[],
  key: K,
): string[] {
  return options.map((option) => option.shape[key].value);
}
