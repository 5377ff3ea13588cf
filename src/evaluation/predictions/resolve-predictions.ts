import type { DataFile } from '../../data/data-file/open-data-file.ts';
import type { Column, DuckDbSession } from '../../data/duckdb.ts';
import { quoteName } from '../../data/sql-text.ts';
import { USAGE } from '../../errors/cli-errors.ts';
import { PerennialError } from '../../errors/define-error.ts';
import { classSql, holdsNumbers, isNumeric, numberSql } from './column-sql.ts';
import { MANY_VALUES, inferColumn, inferPositive, inferTask, missingColumn } from './infer-task.ts';
import type { Inference, PredictionTask } from './infer-task.ts';
import type { PredictionOptions } from './prediction-options.ts';

/** What is computed from which columns, after everything that was left open has been told from the data. */
export interface ResolvedPredictions {
  readonly task: PredictionTask;
  readonly columns: {
    readonly label: Column;
    readonly score: readonly Column[];
    readonly prediction: Column | null;
    readonly weight: Column | null;
    readonly group: Column | null;
    readonly item: Column | null;
    /** One column, or crossed ones. */
    readonly sensitive: readonly Column[] | null;
    readonly strata: readonly Column[] | null;
  };
  readonly slices: readonly (readonly Column[])[];
  /** Distinct labels as text; at most one more than `MANY_VALUES` unless the task is multiclass. */
  readonly labels: readonly string[];
  /** Binary: negative and positive label. */
  readonly classes: readonly string[] | null;
  readonly inferred: readonly Inference[];
}

/** A column that can't play its part; the mend is in the message. */
export function wrongColumn(column: string, message: string): PerennialError {
  return new PerennialError(USAGE, `column "${column}": ${message}`);
}

/** @throws PerennialError USAGE when a column is not there or can't play its part */
export async function resolvePredictions(
  session: DuckDbSession,
  file: DataFile,
  options: PredictionOptions,
): Promise<ResolvedPredictions> {
  const inferred: Inference[] = [];
  const names = file.columns.map((column) => column.name);
  const find = (name: string): Column => {
    const found = file.columns.find((column) => column.name === name);
    if (found === undefined) throw new PerennialError(USAGE, missingColumn(name, names, file.location));
    return found;
  };
  const crossed = (key: string): Column[] => key.split('*').map((part) => find(part.trim()));
  const optional = (name: string | null): Column | null => (name === null ? null : find(name));
  const guess = (what: 'label' | 'score' | 'prediction'): Column | null => {
    const value = inferColumn(what, names);
    if (value === null) return null;
    inferred.push({ what: `${what} column`, value, why: 'its name says so' });
    return find(value);
  };

  const label = optional(options.label) ?? guess('label');
  if (label === null)
    throw new PerennialError(
      USAGE,
      `which column holds the truth? Say it with --label; ${file.location} has ${names.join(', ')}`,
    );
  let score = options.score.map(find);
  let prediction = optional(options.prediction);
  if (score.length === 0 && prediction === null) {
    const found = guess('score');
    if (found !== null) score = [found];
    else prediction = guess('prediction');
  }
  if (score.length === 0 && prediction === null)
    throw new PerennialError(
      USAGE,
      `which column holds what the model said? Say it with --score (a number) or --prediction (a class); ${file.location} has ${names.join(', ')}`,
    );
  const labels = await distinct(session, file, label, MANY_VALUES + 1);
  const labelWhole = isNumeric(label) && (await isWhole(session, file, label));
  const predictionWhole =
    prediction !== null && (!isNumeric(prediction) || (await isWhole(session, file, prediction)));
  let task = options.task;
  if (task === null) {
    const facts = { numeric: isNumeric(label), whole: labelWhole, values: labels };
    const guessed = inferTask(facts, {
      group: options.group !== null,
      score: score.length > 0,
      predictionWhole,
    });
    inferred.push(guessed);
    task = guessed.value;
  }
  // Predictions that are numbers between the classes are scores, whatever the option was called.
  const scored = task === 'regression' || task === 'ranking' || (task === 'binary' && !predictionWhole);
  if (scored && prediction !== null && score.length === 0) {
    if (task === 'binary')
      inferred.push({ what: 'score column', value: prediction.name, why: 'it holds numbers with fractions' });
    [score, prediction] = [[prediction], null];
  }
  await requireNumbers(session, file, [
    ...score.map((column) => [column, 'a score'] as const),
    ...(task === 'regression' ? [[label, 'a quantity'] as const] : []),
    ...(task === 'ranking' ? [[label, 'the grade of an item'] as const] : []),
    ...(options.weight === null ? [] : [[find(options.weight), 'a weight'] as const]),
  ]);
  requireFit(task, { label, score, prediction }, options, labels);
  const positive = options.positive === null ? null : classNamed(options.positive, label);
  const classes = task === 'binary' ? binaryClasses(label, labels, positive, inferred) : null;
  if (task === 'binary' && prediction !== null)
    await requireSameWords(session, file, { label, prediction }, [...labels, ...(classes ?? [])], positive);
  return {
    task,
    columns: {
      label,
      score,
      prediction,
      weight: optional(options.weight),
      group: task === 'ranking' ? optional(options.group) : null,
      item: task === 'ranking' ? optional(options.item) : null,
      sensitive: options.sensitive === null ? null : crossed(options.sensitive),
      strata: options.strata === null ? null : crossed(options.strata),
    },
    slices: options.slices.map(crossed),
    labels: task === 'multiclass' ? await distinct(session, file, label) : labels,
    classes,
    inferred,
  };
}

function requireFit(
  task: PredictionTask,
  { label, score, prediction }: { label: Column; score: readonly Column[]; prediction: Column | null },
  options: PredictionOptions,
  labels: readonly string[],
): void {
  if (task !== 'multiclass' && score.length > 1)
    throw new PerennialError(
      USAGE,
      `--score names ${String(score.length)} columns; only multiclass takes one per class`,
    );
  if (task === 'multiclass' && prediction === null && score.length < 2)
    throw new PerennialError(
      USAGE,
      'multiclass takes --prediction (the class), or --score with one column per class, such as p_cat,p_dog',
    );
  if (task === 'ranking' && options.group === null)
    throw new PerennialError(
      USAGE,
      'ranking needs --group: the column that tells whose list a row belongs to',
    );
  if (task === 'ranking' && options.weight !== null)
    throw new PerennialError(
      USAGE,
      '--weight weighs rows, and a ranking is judged list by list; leave it out',
    );
  if (options.sensitive !== null && task !== 'binary')
    throw new PerennialError(
      USAGE,
      `--sensitive compares decisions between groups; the task is ${task}, and it needs binary`,
    );
  if (options.strata !== null && options.sensitive === null)
    throw new PerennialError(
      USAGE,
      '--strata conditions the disparities between the groups of --sensitive; name these too',
    );
  if (task === 'binary' && labels.length > 2 && options.positive === null) {
    const shown = labels.slice(0, 5).join(', ');
    throw wrongColumn(
      label.name,
      `it has more than two values (${shown}, …); say with --positive which one is the positive label, or another --task`,
    );
  }
}

const NO = ['0', '-1', 'false', 'no', 'n', 'f', 'negative', 'neg'];
const saysNo = (label: string): boolean => NO.includes(label.toLowerCase());

/** A class as `classSql` names it: `true` of a column of true and false is 1, and so is 1.0 of one of numbers. */
function classNamed(asked: string, label: Column): string {
  if (label.type === 'BOOLEAN') {
    if (inferPositive([asked]) !== null) return '1';
    return saysNo(asked) ? '0' : asked;
  }
  const number = Number(asked);
  return isNumeric(label) && asked.trim() !== '' && Number.isFinite(number) ? String(number) : asked;
}

function binaryClasses(
  label: Column,
  labels: readonly string[],
  asked: string | null,
  inferred: Inference[],
): readonly string[] {
  // A file in which everybody is negative has no value to check the positive one against.
  const allNegative = labels.length === 1 && saysNo(labels[0]!);
  if (
    asked !== null &&
    labels.length > 0 &&
    !labels.includes(asked) &&
    labels.length <= MANY_VALUES &&
    !allNegative
  )
    throw new PerennialError(
      USAGE,
      missingColumn(asked, labels, `column "${label.name}"`).replace('has no column', 'has no value'),
    );
  const others = labels.filter((value) => value !== asked);
  if (asked !== null) return [others.length === 1 ? others[0]! : `not ${asked}`, asked];
  const positive = inferPositive(labels);
  const rest = labels.filter((value) => value !== positive);
  if (rest.every(saysNo)) {
    const value = positive ?? '1';
    if (value !== '1') inferred.push({ what: 'positive label', value, why: 'it means yes' });
    return [rest[0] ?? '0', value];
  }
  throw wrongColumn(
    label.name,
    `which of ${labels.join(' and ')} is the positive label? Say it with --positive`,
  );
}

/** Every prediction in words that the label does not know would count as "negative". */
async function requireSameWords(
  session: DuckDbSession,
  file: DataFile,
  { label, prediction }: { readonly label: Column; readonly prediction: Column },
  known: readonly string[],
  asked: string | null,
): Promise<void> {
  const predicted = await distinct(session, file, prediction, MANY_VALUES + 1);
  // Where everybody is positive, a "no" is in no label.
  if (predicted.every((value) => known.includes(value) || saysNo(value))) return;
  if (predicted.some((value) => known.includes(value))) return;
  // Where it was said what is positive, a model that never says it may call all else what it likes.
  const plain = (value: string): string => value.trim().toLowerCase();
  const isSlip =
    inferPositive(predicted) !== null || predicted.some((p) => known.map(plain).includes(plain(p)));
  if (asked !== null && !isSlip) return;
  const shown = (values: readonly string[]): string => [...new Set(values)].slice(0, 5).join(', ');
  throw wrongColumn(
    prediction.name,
    `it says ${shown(predicted)} where "${label.name}" says ${shown(known)}; write both in the same words`,
  );
}

async function requireNumbers(
  session: DuckDbSession,
  file: DataFile,
  columns: readonly (readonly [Column, string])[],
): Promise<void> {
  for (const [column, what] of columns) {
    if (!(await holdsNumbers(session, file.table, column)))
      throw wrongColumn(column.name, `it holds ${column.type}, but ${what} is a number`);
  }
}

async function distinct(
  session: DuckDbSession,
  file: DataFile,
  column: Column,
  most?: number,
): Promise<string[]> {
  const limit = most === undefined ? '' : `LIMIT ${String(most)}`;
  const rows = await session.rows<{ v: string }>(
    `SELECT DISTINCT ${classSql(column)} AS v FROM ${quoteName(file.table)} WHERE v IS NOT NULL ${limit}`,
  );
  return rows.map(({ v }) => v).sort();
}

async function isWhole(session: DuckDbSession, file: DataFile, column: Column): Promise<boolean> {
  const name = numberSql(column);
  const [row] = await session.rows<{ whole: boolean | null }>(
    `SELECT bool_and(${name} = trunc(${name})) FILTER (isfinite(${name})) AS whole FROM ${quoteName(file.table)}`,
  );
  return row?.whole ?? true;
}
