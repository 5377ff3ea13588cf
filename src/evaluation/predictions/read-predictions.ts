import type { DataFile } from '../../data/data-file/open-data-file.ts';
import type { Column, DuckDbSession } from '../../data/duckdb.ts';
import { quoteName } from '../../data/sql-text.ts';
import { crossCodes, gather } from '../../stats/index.ts';
import type { SliceCodes } from '../../stats/index.ts';
import { classSql, codeSlices, codeTexts, numberSql, toSliceCodes } from './column-sql.ts';
import type { ResolvedPredictions } from './resolve-predictions.ts';
import { wrongColumn } from './resolve-predictions.ts';

/** The usable rows, one array per column, in the order of the file. Labels and classes are numbers. */
export interface Predictions {
  readonly rows: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly label: Float64Array;
  /** Binary, regression, ranking: one. Multiclass: one per class, or none. */
  readonly scores: readonly Float64Array[];
  /** Predicted class or decision. */
  readonly prediction: Float64Array | null;
  readonly weight: Float64Array | null;
  readonly group: Float64Array | null;
  readonly item: Float64Array | null;
  readonly classes: readonly string[] | null;
  readonly sensitive: SliceCodes | null;
  readonly strata: SliceCodes | null;
  readonly slices: readonly SliceCodes[];
}

const DROPPED = [
  'label_missing',
  'prediction_missing',
  'weight_unusable',
  'group_missing',
  'item_missing',
] as const;

/** Reads what was resolved out of the file's table in one scan. */
export async function readPredictions(
  session: DuckDbSession,
  file: DataFile,
  resolved: ResolvedPredictions,
): Promise<Predictions> {
  const { task, columns, classes: named } = resolved;
  const select: string[] = [];
  const add = (sql: string): number => select.push(sql) - 1;
  const code = async (column: Column | null, type: string): Promise<number | null> =>
    column === null ? null : add((await codeTexts(session, file.table, classSql(column), type)).sql);

  const classified = task === 'binary' || task === 'multiclass';
  const classes = task === 'multiclass' ? await classesOf(session, file, resolved) : named;
  const classNumber = (column: Column): string =>
    classes === null || classes.length === 0
      ? 'NULL::DOUBLE'
      : task === 'binary'
        ? binarySql(column, classes[1]!)
        : `list_position([${classes.map(quoteText).join(', ')}], ${classSql(column)}) - 1`;
  const label = add(classified ? classNumber(columns.label) : numberSql(columns.label));
  const scores = columns.score.map((column) => add(numberSql(column)));
  const prediction = columns.prediction === null ? null : add(classNumber(columns.prediction));
  const weight = columns.weight === null ? null : add(numberSql(columns.weight));
  const group = await code(columns.group, 'group');
  const item = await code(columns.item, 'item');
  const keys = new Map<string, { at: number; names: readonly string[] }>();
  const sliced = [...resolved.slices.flat(), ...(columns.sensitive ?? []), ...(columns.strata ?? [])];
  const simple = new Map(sliced.map((column) => [column.name, column]));
  for (const [name, column] of simple) {
    const coded = await codeSlices(session, file.table, column);
    keys.set(name, { at: add(coded.sql), names: coded.names });
  }
  const all = await session.numbers(`SELECT ${select.join(', ')} FROM ${quoteName(file.table)}`);
  const column = (at: number | null): Float64Array | null => (at === null ? null : all[at]!);

  const needed = [...scores, ...(prediction === null ? [] : [prediction])].map((at) => all[at]!);
  const lists = { group: column(group), item: column(item) };
  const { keep, dropped } = usableRows(all[label]!, needed, column(weight), lists);
  const kept = (values: Float64Array): Float64Array =>
    keep === null ? values : gather(values, keep, new Float64Array(keep.length));
  const keptColumn = (at: number | null): Float64Array | null => (at === null ? null : kept(all[at]!));
  const weights = keptColumn(weight);
  if (columns.weight !== null && !Number.isFinite(weights!.reduce((sum, w) => sum + w, 0)))
    throw wrongColumn(
      columns.weight.name,
      'its weights add up to more than any number holds; scale them down',
    );
  const sliceOf = (name: string): SliceCodes => {
    const { at, names } = keys.get(name)!;
    return toSliceCodes(name, names, kept(column(at)!));
  };
  const crossed = (parts: readonly Column[]): SliceCodes =>
    parts.length === 1 ? sliceOf(parts[0]!.name) : crossCodes(parts.map((part) => sliceOf(part.name)));
  return {
    rows: file.rows,
    dropped,
    label: kept(all[label]!),
    scores: scores.map((at) => kept(all[at]!)),
    prediction: keptColumn(prediction),
    weight: weights,
    group: keptColumn(group),
    item: keptColumn(item),
    classes,
    sensitive: columns.sensitive === null ? null : crossed(columns.sensitive),
    strata: columns.strata === null ? null : crossed(columns.strata),
    slices: resolved.slices.map(crossed),
  };
}

/** Which rows can be used (null: all), and how many can not by the first reason that they give. */
function usableRows(
  label: Float64Array,
  needed: readonly Float64Array[],
  weight: Float64Array | null,
  { group, item }: { readonly group: Float64Array | null; readonly item: Float64Array | null },
): { readonly keep: Uint32Array | null; readonly dropped: Readonly<Record<string, number>> } {
  const counts = DROPPED.map(() => 0);
  const isMissing = (values: Float64Array | null, row: number): boolean =>
    values !== null && !Number.isFinite(values[row]);
  const rows = new Uint32Array(label.length);
  let used = 0;
  for (let row = 0; row < label.length; row++) {
    let reason = Number.isFinite(label[row]) ? -1 : 0;
    for (let c = 0; reason < 0 && c < needed.length; c++) if (!Number.isFinite(needed[c]![row])) reason = 1;
    if (reason < 0 && weight !== null && !(weight[row]! >= 0 && weight[row]! < Infinity)) reason = 2;
    if (reason < 0 && isMissing(group, row)) reason = 3;
    if (reason < 0 && isMissing(item, row)) reason = 4;
    if (reason < 0) rows[used++] = row;
    else counts[reason]!++;
  }
  const dropped = Object.fromEntries(
    DROPPED.flatMap((name, r) => (counts[r]! > 0 ? [[name, counts[r]!]] : [])),
  );
  return { keep: used === label.length ? null : rows.slice(0, used), dropped };
}

/** 1 for the positive label, 0 for every other, NULL for none. */
function binarySql(column: Column, positive: string): string {
  return `(${classSql(column)} = ${quoteText(positive)})::INTEGER`;
}

/** Multiclass: every label and predicted class; with scores the classes that their columns name. */
async function classesOf(
  session: DuckDbSession,
  file: DataFile,
  { columns, labels }: ResolvedPredictions,
): Promise<readonly string[]> {
  const predicted =
    columns.prediction === null
      ? []
      : (await codeTexts(session, file.table, classSql(columns.prediction), 'predicted class')).values;
  const all = [...new Set([...labels, ...predicted])].sort(byNumberThenText);
  if (all.length > MAX_CLASSES) {
    const message = `label and prediction have ${String(all.length)} distinct values; more than ${String(MAX_CLASSES)} are no classes. For quantities say --task regression`;
    throw wrongColumn(columns.label.name, message);
  }
  if (columns.score.length === 0) return all;
  const scored = columns.score.map(({ name }) => {
    const matching = all.filter((value) => name === value || name.endsWith(value));
    const longest = matching.sort((a, b) => b.length - a.length)[0];
    if (longest === undefined) {
      const message = `its name ends with none of the classes ${all.slice(0, 20).join(', ')}, so it can't be told whose scores it holds; name it after its class, such as p_${all[0] ?? 'class'}`;
      throw wrongColumn(name, message);
    }
    return longest;
  });
  const twice = scored.findIndex((value, i) => scored.indexOf(value) !== i);
  if (twice !== -1)
    throw wrongColumn(
      columns.score[twice]!.name,
      `it holds the scores of class ${scored[twice]!}, and so does "${columns.score[scored.indexOf(scored[twice]!)]!.name}"; name one column per class`,
    );
  const unscored = all.filter((value) => !scored.includes(value));
  if (unscored.length > 0)
    throw wrongColumn(
      columns.label.name,
      `no --score column is named after its class ${unscored.slice(0, 5).join(', ')}; name one for each class, such as p_${unscored[0]!}, or leave its rows out`,
    );
  return scored;
}

const MAX_CLASSES = 500;

function byNumberThenText(a: string, b: string): number {
  const [x, y] = [Number(a), Number(b)];
  if (Number.isFinite(x) && Number.isFinite(y) && x !== y) return x - y;
  return a < b ? -1 : a > b ? 1 : 0;
}

function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
