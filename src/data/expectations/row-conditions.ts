import type { Expectation } from '../../contracts/spec/expectations.ts';
import { EXPECTATION_INVALID, SOURCE_EMPTY } from '../../errors/data-errors.ts';
import { assertNever } from '../../errors/assert-never.ts';
import { PerennialError } from '../../errors/define-error.ts';
import { isInteger } from '../column-types.ts';
import { quoteName, quoteValue } from '../sql-text.ts';
import type { Batch, TestedColumn } from './batch.ts';
import { outsideSql } from './bounds.ts';
import { hasDateFormat, isDate } from './date-text.ts';
import { inSetSql } from './value-set.ts';

/** Expectations whose rows are told apart by one SQL condition on the row itself. */
export type PlainRowExpectation = Extract<
  Expectation,
  {
    expect:
      | 'not_null'
      | 'null'
      | 'between'
      | 'in_set'
      | 'not_in_set'
      | 'matches'
      | 'not_matches'
      | 'length'
      | 'date_format'
      | 'date_parseable'
      | 'json_parseable'
      | 'compare'
      | 'sum_equals'
      | 'references';
  }
>;

/** SQL about one row. */
export interface RowCondition {
  /** Holds for rows that count. */
  readonly counted: string;
  /** Holds, among those that count, for rows that do not conform; never null there. */
  readonly bad: string;
  /** The columns whose values are shown of a row that does not conform; none where there is nothing to show. */
  readonly shown: readonly TestedColumn[];
}

/**
 * The condition of an expectation.
 * @throws PerennialError EXPECTATION_INVALID for a column that is not there or not of its kind, SOURCE_EMPTY
 */
export function rowCondition(e: PlainRowExpectation, batch: Batch): RowCondition {
  const of = (column: TestedColumn, bad: string): RowCondition => ({
    counted: column.present,
    bad,
    shown: [column],
  });
  switch (e.expect) {
    case 'not_null':
      return { counted: 'true', bad: `NOT ${batch.column(e.column).present}`, shown: [] };
    case 'null': {
      const column = batch.column(e.column);
      return { counted: 'true', bad: column.present, shown: [column] };
    }
    case 'between': {
      const column = batch.columnOf(e.column, ['number', 'time', 'text'], e.expect);
      return of(
        column,
        outsideSql(column.sql, e, (bound) => boundOf(column, bound, batch)),
      );
    }
    case 'in_set':
    case 'not_in_set': {
      const column = batch.column(e.column);
      const inSet = inSetSql(column, e.values);
      return of(column, e.expect === 'in_set' ? `NOT ${inSet}` : inSet);
    }
    case 'matches':
    case 'not_matches': {
      const column = batch.column(e.column);
      const matches = `regexp_matches(${column.sql}::VARCHAR, ${quoteValue(e.pattern)})`;
      return of(column, e.expect === 'matches' ? `NOT ${matches}` : matches);
    }
    case 'length': {
      const column = batch.columnOf(e.column, ['text', 'list'], e.expect);
      return of(column, outsideSql(`len(${column.sql})`, e, String));
    }
    case 'date_format': {
      const column = batch.columnOf(e.column, ['text'], e.expect);
      return of(column, `NOT ${hasDateFormat(column.sql, e.format)}`);
    }
    case 'date_parseable': {
      const column = batch.columnOf(e.column, ['text', 'time'], e.expect);
      if (column.kind === 'time') return of(column, 'false');
      return of(column, `NOT ${isDate(column.sql)}`);
    }
    case 'json_parseable': {
      const column = batch.columnOf(e.column, ['text'], e.expect);
      return of(column, `NOT ${isJson(column.sql)}`);
    }
    case 'compare':
      return compareCondition(e, batch);
    case 'sum_equals': {
      const columns = e.columns.map((name) => batch.columnOf(name, ['number'], e.expect));
      // Integers are widened: 100 + 100 does not fit a TINYINT.
      const sum = columns.map((c) => (isInteger(c.type) ? `${c.sql}::HUGEINT` : c.sql)).join(' + ');
      return {
        counted: `(${columns.map((c) => c.present).join(' OR ')})`,
        bad: `NOT (${columns.map((c) => c.present).join(' AND ')} AND (${sum}) = ${String(e.total)})`,
        shown: columns,
      };
    }
    case 'references':
      return of(batch.column(e.column), `NOT ${referenceSql(e, batch)}`);
    default:
      return assertNever(e, 'expectation');
  }
}

function compareCondition(e: Extract<Expectation, { expect: 'compare' }>, batch: Batch): RowCondition {
  const [a, b] = [batch.column(e.column), batch.column(e.other)];
  if (a.kind !== b.kind) {
    throw new PerennialError(
      EXPECTATION_INVALID,
      `compare of ${batch.subject} needs two columns of one kind; "${a.name}" is ${a.type} and "${b.name}" is ${b.type}`,
      { details: { source: batch.context.source, column: a.name } },
    );
  }
  return {
    counted: `(${a.present} OR ${b.present})`,
    bad: `NOT (${a.present} AND ${b.present} AND ${a.sql} ${e.operator} ${b.sql})`,
    shown: [a, b],
  };
}

function referenceSql(e: Extract<Expectation, { expect: 'references' }>, batch: Batch): string {
  const table = batch.tableOf(e.source);
  if (table === null) {
    throw new PerennialError(
      SOURCE_EMPTY,
      `references(${e.column} -> ${e.source}.${e.sourceColumn}) of ${batch.subject}: source "${e.source}" has no good dataset yet; ingest it first`,
    );
  }
  const other = batch.column(e.sourceColumn, table.columns, `source "${e.source}"`);
  return `${quoteName(e.column)} IN (SELECT ${other.sql} FROM ${quoteName(table.view)} WHERE ${other.present})`;
}

/** SQL that holds for JSON. DuckDB by itself also takes a comma before a closing bracket, and control characters in text. */
function isJson(text: string): string {
  const withoutText = String.raw`regexp_replace(${text}, '"([^"\\\x00-\x1f]|\\.)*"', '0', 'g')`;
  return String.raw`(json_valid(${text}) AND NOT regexp_matches(${withoutText}, '"|,\s*[]}]'))`;
}

/** A bound as SQL of its column's type. @throws PerennialError EXPECTATION_INVALID for a number against text */
export function boundOf(column: TestedColumn, bound: number | string, batch: Batch): string {
  const fits = column.kind === 'number' ? typeof bound === 'number' : typeof bound === 'string';
  if (fits) return column.kind === 'time' ? `${quoteValue(bound)}::${column.type}` : quoteValue(bound);
  throw new PerennialError(
    EXPECTATION_INVALID,
    `column "${column.name}" of ${batch.subject} is ${column.type}, and cannot be compared with ${JSON.stringify(bound)}`,
    { details: { source: batch.context.source, column: column.name } },
  );
}
