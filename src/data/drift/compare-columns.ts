import type {
  ColumnDriftInput,
  ColumnDriftVerdict,
  CountedNumbers,
  DriftPolicy,
  SetAside,
  SummarisedMeasures,
} from '../../stats/index.ts';
import {
  assessCells,
  assessColumnDrift,
  cellsAtLow,
  columnMeasures,
  MAX_SHUFFLED_ROWS,
  measureIntervals,
  measureRepeated,
  pairColumn,
  poolNumbers,
} from '../../stats/index.ts';
import type { DataFile } from '../data-file/open-data-file.ts';
import type { DuckDbSession } from '../duckdb.ts';
import { quoteName } from '../sql-text.ts';
import type { CategorySource } from './category-counts.ts';
import { countCategories } from './category-counts.ts';
import { summariseNumbers } from './number-intervals.ts';
import { countNumbers, describeNumbers, readNumbers } from './number-sources.ts';
import type { NumberSide } from './number-sources.ts';
import type { PairedColumn } from './pair-columns.ts';
import { drawnHistogram } from './shown-distribution.ts';
import type { ShownDistribution } from './shown-distribution.ts';

/** How one column differs between two files. */
export interface ComparedColumn {
  readonly column: PairedColumn;
  readonly reference: SetAside;
  readonly current: SetAside;
  /** Null for a column whose values can't be compared. */
  readonly measures: SummarisedMeasures | null;
  readonly verdict: ColumnDriftVerdict | null;
  readonly shown: ShownDistribution | null;
}

/** Squares of larger values overflow; such columns are compared value by value. */
const SAFE_MAGNITUDE = 1e150;

/**
 * Compares columns of two files. The database sums up; only tables of few rows, and values whose place among the others
 * matters, are looked at one by one. The numbers are those of `columnMeasures` and `assessColumnDrift` on the raw values.
 */
export async function* compareColumns(
  session: DuckDbSession,
  reference: DataFile,
  current: DataFile,
  columns: readonly PairedColumn[],
  policy: DriftPolicy,
): AsyncGenerator<ComparedColumn> {
  const numeric = columns.filter(({ kind }) => kind === 'numeric' || kind === 'timestamp');
  const compareNumeric =
    reference.rows + current.rows <= MAX_SHUFFLED_ROWS
      ? await valuesOf(session, reference, current, numeric, policy)
      : await sumsOf(session, reference, current, numeric, policy);
  let next = 0;
  for (const column of columns) {
    if (column.kind === null) yield incomparable(column, reference, current);
    else if (column.kind === 'categorical' || column.kind === 'boolean')
      yield await compareCategories(session, reference, current, column, policy);
    else yield { column, ...(await compareNumeric(next++)) };
  }
}

type Compared = Omit<ComparedColumn, 'column'>;
type NumericInput = Extract<ColumnDriftInput, { kind: 'numeric' }>;
const expressionsOf = (columns: readonly PairedColumn[], side: 0 | 1): string[] =>
  columns.map(({ sql }) => sql[side]);

/** Few rows: all columns are read at once, however many there are. */
async function valuesOf(
  session: DuckDbSession,
  reference: DataFile,
  current: DataFile,
  columns: readonly PairedColumn[],
  policy: DriftPolicy,
): Promise<(i: number) => Compared> {
  const left = await readNumbers(session, reference, expressionsOf(columns, 0));
  const right = await readNumbers(session, current, expressionsOf(columns, 1));
  return (i) => compareInput({ kind: 'numeric', reference: left[i]!, current: right[i]! }, policy);
}

async function sumsOf(
  session: DuckDbSession,
  reference: DataFile,
  current: DataFile,
  columns: readonly PairedColumn[],
  policy: DriftPolicy,
): Promise<(i: number) => Promise<Compared>> {
  const left = await describeNumbers(session, reference, expressionsOf(columns, 0));
  const right = await describeNumbers(session, current, expressionsOf(columns, 1));
  return (i) => compareNumbers(session, left[i]!, right[i]!, policy);
}

async function compareNumbers(
  session: DuckDbSession,
  left: NumberSide,
  right: NumberSide,
  policy: DriftPolicy,
): Promise<Compared> {
  const largest = Math.max(...[left, right].flatMap(({ min, max }) => [Math.abs(min), Math.abs(max)]));
  if (
    left.count + right.count <= MAX_SHUFFLED_ROWS ||
    (repeats(left) && repeats(right)) ||
    left.count * right.count === 0 ||
    largest > SAFE_MAGNITUDE
  ) {
    const counted = async (side: NumberSide): Promise<CountedNumbers> => ({
      ...side,
      ...(await countNumbers(session, side)),
    });
    return compareInput(
      { kind: 'numeric', reference: await counted(left), current: await counted(right) },
      policy,
    );
  }
  const cells = await summariseNumbers(session, left, right);
  const { measures, judged } = measureIntervals(cells);
  const sides = { reference: asideOf(left), current: asideOf(right) };
  return {
    ...sides,
    measures,
    verdict: assessCells({ cells: judged, ...sides }, policy),
    shown: drawnHistogram(cellsAtLow(cells)),
  };
}

/** A sample with each value four times on average is of a column that is quickly counted value by value. */
function repeats({ sample }: NumberSide): boolean {
  return sample.length > 0 && new Set(sample).size <= sample.length / 4;
}

const asideOf = ({ rows, missing, infinite }: NumberSide): SetAside => ({ rows, missing, infinite });

function compareInput(input: NumericInput, policy: DriftPolicy): Compared {
  const { reference, current } = pairColumn(input);
  return {
    reference,
    current,
    measures: columnMeasures(input),
    verdict: assessColumnDrift(input, policy),
    shown: drawnHistogram(poolNumbers(input.reference, input.current)),
  };
}

async function compareCategories(
  session: DuckDbSession,
  reference: DataFile,
  current: DataFile,
  column: PairedColumn,
  policy: DriftPolicy,
): Promise<ComparedColumn> {
  const source = (file: DataFile, sql: string): CategorySource => ({
    table: quoteName(file.table),
    sql,
    rows: file.rows,
  });
  const counted = await countCategories(
    session,
    source(reference, column.sql[0]),
    source(current, column.sql[1]),
  );
  const aside = (file: DataFile, missing: number): SetAside => ({ rows: file.rows, missing, infinite: 0 });
  const sides = {
    reference: aside(reference, counted.missing[0]),
    current: aside(current, counted.missing[1]),
  };
  return {
    column,
    ...sides,
    ...(counted.kind === 'listed'
      ? { measures: columnMeasures(counted.input), verdict: assessColumnDrift(counted.input, policy) }
      : {
          measures: measureRepeated(counted.repeated),
          verdict: assessCells({ cells: counted.judged, ...sides }, policy),
        }),
    shown: counted.shown.length === 0 ? null : { kind: 'categories', categories: counted.shown },
  };
}

function incomparable(column: PairedColumn, reference: DataFile, current: DataFile): ComparedColumn {
  const aside = (file: DataFile): SetAside => ({ rows: file.rows, missing: 0, infinite: 0 });
  return {
    column,
    reference: aside(reference),
    current: aside(current),
    measures: null,
    verdict: null,
    shown: null,
  };
}
