import type { MetricValues } from '../../domain/gates/judged-metrics.ts';
import { argsort, gather, rankingMetrics } from '../../stats/index.ts';
import type { RankingGroup } from '../../stats/index.ts';
import {
  binaryValues,
  decisionValues,
  multiclassValues,
  predictedClassValues,
  rankingValues,
  regressionValues,
} from '../metric-values.ts';
import type { PredictionOptions } from './prediction-options.ts';
import type { Predictions } from './read-predictions.ts';

/** The columns that metrics are made of, in an order that makes them cheap, and how to make them. */
export interface MetricPlan {
  /** Row numbers of the predictions, as the columns are ordered. */
  readonly order: Uint32Array;
  readonly columns: readonly Float64Array[];
  /** Metrics of some rows of the columns; `weights` stand in for their own, in a ranking one per list. */
  readonly metrics: (columns: readonly Float64Array[], weights?: Float64Array) => MetricValues;
  /** What is drawn with replacement in a bootstrap: how many units these rows are. */
  readonly units: (columns: readonly Float64Array[]) => number;
  /** The own weights of these rows; null where the units have none. */
  readonly weights: (columns: readonly Float64Array[]) => Float64Array | null;
}

/** Plans the metrics of a task: sorts once what every slice would have to sort again. */
export function planMetrics(
  data: Predictions,
  task: 'binary' | 'multiclass' | 'regression' | 'ranking',
  options: Pick<PredictionOptions, 'cut' | 'k'>,
): MetricPlan {
  if (task === 'ranking') return planRanking(data, options.k);
  const rows = data.label.length;
  const first = data.scores[0];
  const order =
    task === 'binary' && first !== undefined
      ? argsort(first)
      : Uint32Array.from({ length: rows }, (_, i) => i);
  const take = (column: Float64Array): Float64Array => gather(column, order, new Float64Array(order.length));
  const weight = data.weight ?? new Float64Array(rows).fill(1);
  const columns = [data.label, weight, ...data.scores, ...(data.prediction ? [data.prediction] : [])].map(
    take,
  );
  const weighted = data.weight !== null;
  const metrics: MetricPlan['metrics'] = (part, drawn) => {
    const [label, own, ...rest] = part as [Float64Array, Float64Array, ...Float64Array[]];
    // Weights of 1 change no number, and spare the binary metrics a copy.
    const weights = drawn ?? (weighted || task === 'binary' ? own : undefined);
    const scores = rest.slice(0, data.scores.length);
    const prediction = rest[data.scores.length];
    return valuesOf(task, data, { label, scores, prediction, weights }, options.cut);
  };
  return {
    order,
    columns,
    metrics,
    units: (part) => part[0]!.length,
    weights: (part) => (weighted ? part[1]! : null),
  };
}

function valuesOf(
  task: 'binary' | 'multiclass' | 'regression',
  data: Predictions,
  rows: {
    readonly label: Float64Array;
    readonly scores: readonly Float64Array[];
    readonly prediction: Float64Array | undefined;
    readonly weights: Float64Array | undefined;
  },
  cut: number,
): MetricValues {
  const { label, scores, prediction, weights } = rows;
  switch (task) {
    case 'binary':
      return {
        ...(scores[0] ? binaryValues(label, scores[0], { threshold: cut, ...(weights && { weights }) }) : {}),
        // Decisions that were recorded are judged as they are, not as the score would decide.
        ...(prediction ? decisionValues(label, prediction, weights) : {}),
      };
    case 'regression':
      return regressionValues(label, scores[0]!, weights);
    case 'multiclass': {
      const values = scores.length > 0 ? multiclassValues(label, transpose(scores), weights) : {};
      if (prediction === undefined) return values;
      const table = confusionOf(label, prediction, data.classes?.length ?? 0, weights);
      return { ...values, ...predictedClassValues(table, label.length) };
    }
  }
}

function transpose(columns: readonly Float64Array[]): Float64Array[] {
  return Array.from(columns[0]!, (_, row) => Float64Array.from(columns, (column) => column[row]!));
}

/** [truth][prediction], weighted. */
export function confusionOf(
  label: ArrayLike<number>,
  prediction: ArrayLike<number>,
  classes: number,
  weights?: ArrayLike<number>,
): number[][] {
  const table = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < label.length; i++) {
    const row = table[label[i]!];
    if (row?.[prediction[i]!] !== undefined) row[prediction[i]!]! += weights?.[i] ?? 1;
  }
  return table;
}

/** Lists are drawn and weighted whole, so the weights of a bootstrap are one per list, in order of appearance. */
function planRanking(data: Predictions, k: number): MetricPlan {
  const score = data.scores[0]!;
  const order = argsort(score.map((value) => -value));
  const take = (column: Float64Array): Float64Array => gather(column, order, new Float64Array(order.length));
  const item = data.item ?? Float64Array.from({ length: score.length }, (_, row) => row);
  const catalogue = data.item === null ? null : new Set(data.item).size;
  const columns = [data.label, data.group!, item].map(take);
  return {
    order,
    columns,
    metrics: (part, drawn) => {
      const groups = listsOf(part).map((list, i) => (drawn ? { ...list, weight: drawn[i]! } : list));
      const values = { count: part[0]!.length, groups: groups.length, ...rankingValues(groups, k) };
      // Lists drawn twice are as varied as those drawn once: a bootstrap would say that these are known exactly.
      return catalogue === null || drawn ? values : { ...values, ...diversityValues(groups, k, catalogue) };
    },
    units: (part) => new Set(part[1]).size,
    weights: () => null,
  };
}

function listsOf([label, group, item]: readonly Float64Array[]): RankingGroup[] {
  const lists = new Map<number, { ranked: string[]; relevant: Map<string, number> }>();
  for (let row = 0; row < label!.length; row++) {
    const list = lists.get(group![row]!) ?? { ranked: [], relevant: new Map<string, number>() };
    lists.set(group![row]!, list);
    const name = String(item![row]);
    list.ranked.push(name);
    list.relevant.set(name, Math.max(list.relevant.get(name) ?? 0, label![row]!));
  }
  return [...lists.values()];
}

/** How varied the first k are; of the lists as they are, not of weighted ones. */
function diversityValues(groups: readonly RankingGroup[], k: number, catalogueSize: number): MetricValues {
  const m = rankingMetrics(groups, k, { catalogueSize });
  const { gini, normalisedEntropy, entropyBits, effectiveItems, hhi } = m.concentration;
  const { coverage, diversity, distinctLists, topItemShare, topFirstShare } = m;
  return {
    coverage,
    diversity,
    distinctLists,
    topItemShare,
    topFirstShare,
    ...{ gini, normalisedEntropy, entropyBits, effectiveItems, hhi },
  };
}
