import type { ColumnDriftVerdict, DriftPolicy, SetAside, SummarisedMeasures } from '../../stats/index.ts';
import {
  assessCells,
  assessColumnDrift,
  columnMeasures,
  measureRepeated,
  measureSorted,
} from '../../stats/index.ts';
import type { DataFile } from '../data-file/open-data-file.ts';
import type { DuckDbSession } from '../duckdb.ts';
import { quoteName } from '../sql-text.ts';
import type { CategorySource } from './category-counts.ts';
import { countCategories } from './category-counts.ts';
import type { PairedColumn } from './pair-columns.ts';
import { drawnHistogram } from './shown-distribution.ts';
import type { ShownDistribution } from './shown-distribution.ts';
import type { SortedSide } from './sorted-pairs.ts';
import { sortedPairs } from './sorted-pairs.ts';

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

/**
 * Compares columns of two files. The database counts categories; numbers are read in bulk and sorted. What is found is
 * that of `columnMeasures` and `assessColumnDrift` on the raw values.
 */
export async function* compareColumns(
  session: DuckDbSession,
  reference: DataFile,
  current: DataFile,
  columns: readonly PairedColumn[],
  policy: DriftPolicy,
): AsyncGenerator<ComparedColumn> {
  const numeric = columns.filter(({ kind }) => kind === 'numeric' || kind === 'timestamp');
  const pairs = sortedPairs(session, [reference, current], numeric);
  for (const column of columns) {
    if (column.kind === null) yield incomparable(column, reference, current);
    else if (column.kind === 'categorical' || column.kind === 'boolean')
      yield await compareCategories(session, reference, current, column, policy);
    else {
      const pair = await pairs.next();
      if (!pair.done) yield { column, ...compareNumbers(pair.value, policy) };
    }
  }
}

function compareNumbers(
  [left, right]: readonly [SortedSide, SortedSide],
  policy: DriftPolicy,
): Omit<ComparedColumn, 'column'> {
  const numbers = { reference: left.values, current: right.values };
  const sides = { reference: left.aside, current: right.aside };
  const { measures, judged } = measureSorted(numbers);
  return {
    ...sides,
    measures,
    verdict: assessCells({ cells: judged, ...sides }, policy),
    shown: drawnHistogram(numbers),
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
