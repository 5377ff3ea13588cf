import { nearestName } from '../../domain/nearest-name.ts';
import { plural } from '../../platform/figures.ts';

export const TASKS = ['binary', 'multiclass', 'regression', 'ranking'] as const;
export type PredictionTask = (typeof TASKS)[number];

/** What is known of the label column before anything is computed. */
export interface LabelFacts {
  readonly numeric: boolean;
  readonly whole: boolean;
  /** Distinct values as text, at most `MANY_VALUES` + 1 of them, in ascending order. */
  readonly values: readonly string[];
}

/** More distinct labels than this are quantities and not classes. */
export const MANY_VALUES = 20;

/** A choice that nobody made, with the reason, so that it can be said aloud. */
export interface Inference {
  readonly what: string;
  readonly value: string;
  readonly why: string;
}

const LABEL_NAMES = [
  'label',
  'y_true',
  'y',
  'target',
  'truth',
  'actual',
  'ground_truth',
  'outcome',
  'clicked',
];
const SCORE_NAMES = ['score', 'probability', 'proba', 'prob', 'y_score', 'y_prob', 'p', 'prediction_score'];
const PREDICTION_NAMES = [
  'prediction',
  'predicted',
  'y_pred',
  'pred',
  'y_hat',
  'predicted_label',
  'forecast',
];

/** The column that its name gives away, unless one was named; null where none does. */
export function inferColumn(
  what: 'label' | 'score' | 'prediction',
  columns: readonly string[],
): string | null {
  const names = { label: LABEL_NAMES, score: SCORE_NAMES, prediction: PREDICTION_NAMES }[what];
  for (const name of names) {
    const found = columns.find((column) => column.toLowerCase() === name);
    if (found !== undefined) return found;
  }
  return null;
}

/** Which task labels like these stand for. */
export function inferTask(
  label: LabelFacts,
  given: { readonly group: boolean; readonly score: boolean; readonly predictionWhole: boolean },
): Inference & { readonly value: PredictionTask } {
  const say = (value: PredictionTask, why: string) => ({ what: 'task', value, why });
  if (given.group) return say('ranking', 'a group column was named');
  const { values } = label;
  const some = values.length > MANY_VALUES ? `over ${String(MANY_VALUES)}` : String(values.length);
  if (values.length === 0) return say('binary', 'the label has no value');
  if (values.length <= 2)
    return say('binary', `the label has ${plural(values.length, 'distinct value')}: ${values.join(', ')}`);
  if (!label.numeric) return say('multiclass', `the label is text with ${some} distinct values`);
  if (!label.whole) return say('regression', 'the label has fractions');
  if (values.length > MANY_VALUES) return say('regression', `the label has ${some} distinct whole numbers`);
  if (!given.score && !given.predictionWhole)
    return say('regression', 'the predictions have fractions, so the label is no class');
  return say('multiclass', `the label has ${some} distinct whole numbers`);
}

const YES = ['1', 'true', 'yes', 'y', 't', 'positive', 'pos'];

/** Which of two labels is the positive one; null where nothing tells. */
export function inferPositive(values: readonly string[]): string | null {
  return values.find((value) => YES.includes(value.toLowerCase())) ?? null;
}

/** `no column "scroe"; did you mean "score"?` and what there is. */
export function missingColumn(name: string, columns: readonly string[], where: string): string {
  const near = nearestName(name, columns);
  const shown = columns.slice(0, 20).join(', ');
  const more = columns.length > 20 ? ` and ${String(columns.length - 20)} more` : '';
  const hint = near === null ? '' : `; did you mean "${near}"?`;
  return `${where} has no column "${name}"${hint} It has ${shown}${more}`.replace('" It', '"; it');
}
