import type { Expectation } from '../contracts/spec/sources.ts';
import { nearestName } from '../domain/nearest-name.ts';
import { EXPECTATION_INVALID, SOURCE_EMPTY } from '../errors/data-errors.ts';
import { assertNever } from '../errors/assert-never.ts';
import { PerennialError } from '../errors/define-error.ts';
import { isInteger, isNumeric, isTimestamp } from './column-types.ts';
import type { Column, DuckDbSession } from './duckdb.ts';
import { quoteName, quoteNames, quoteValue } from './sql-text.ts';

const SAMPLE_VALUES = 3;
const MAX_SAMPLE_CHARS = 200;
const OFFENDING = 'perennial_offending';

export interface ExpectationContext {
  readonly session: DuckDbSession;
  readonly source: string;
  /** The table with the batch. */
  readonly batch: 'batch';
  /** Table or view with the rows that are there already; null for the first batch or a table read anew. */
  readonly existing: string | null;
  readonly primaryKey: readonly string[];
  /** Name of the view that holds another source's good dataset; null when it has none. */
  readonly viewOf: (source: string) => string | null;
  readonly nowMs: number;
}

type RowExpectation = Extract<Expectation, { mostly: number }>;

/**
 * Tests a batch. @returns one line per failed expectation, with counts and up to three offending values.
 * Semantics of Great Expectations: nulls neither pass nor fail (but in `not_null`), `mostly` is the share of the
 * non-null rows under `where` that must conform, and no rows at all conform.
 * @throws PerennialError EXPECTATION_INVALID for a column that is not there, SQL_INVALID for wrong SQL
 */
export async function failedExpectations(
  expectations: readonly Expectation[],
  context: ExpectationContext,
): Promise<string[]> {
  const columns = await context.session.columns(context.batch);
  const failures: string[] = [];
  for (const expectation of expectations) {
    const failure = await judge(expectation, columns, context);
    if (failure !== null) failures.push(failure);
  }
  return failures;
}

async function judge(e: Expectation, columns: Column[], context: ExpectationContext): Promise<string | null> {
  const { session, batch } = context;
  switch (e.expect) {
    case 'not_null':
      return rowsConform(e, `${column(e.column, columns, context)} IS NULL`, 'true', context, null);
    case 'between': {
      const name = column(e.column, columns, context);
      const bounds = [
        ...(e.min === undefined ? [] : [`${name} < ${quoteValue(e.min)}`]),
        ...(e.max === undefined ? [] : [`${name} > ${quoteValue(e.max)}`]),
      ];
      const bad = `(${bounds.join(' OR ') || 'false'})`;
      return rowsConform(e, bad, `${name} IS NOT NULL`, context, name);
    }
    case 'in_set': {
      const name = column(e.column, columns, context);
      const values = e.values.map((value) => quoteValue(String(value))).join(', ');
      const text = valueAsText(name, columns.find((c) => c.name === e.column)?.type ?? '');
      return rowsConform(e, `${text} NOT IN (${values})`, `${name} IS NOT NULL`, context, name);
    }
    case 'matches': {
      const name = column(e.column, columns, context);
      const bad = `NOT regexp_matches(${name}::VARCHAR, ${quoteValue(e.pattern)})`;
      return rowsConform(e, bad, `${name} IS NOT NULL`, context, name);
    }
    case 'references': {
      const name = column(e.column, columns, context);
      const view = context.viewOf(e.source);
      if (view === null) {
        throw new PerennialError(
          SOURCE_EMPTY,
          `${title(e)} of source ${context.source}: source "${e.source}" has no good dataset yet; ingest it first`,
        );
      }
      const others = await session.columns(view);
      const other = column(e.sourceColumn, others, { ...context, source: e.source });
      const bad = `${name} NOT IN (SELECT ${other} FROM ${quoteName(view)} WHERE ${other} IS NOT NULL)`;
      return rowsConform(e, bad, `${name} IS NOT NULL`, context, name);
    }
    case 'unique':
      return keysUnique(e, columns, context);
    case 'row_count': {
      const [row] = await session.rows(`SELECT count(*) AS n FROM ${batch}`);
      const n = Number(row?.n);
      if (n >= (e.min ?? 0) && n <= (e.max ?? Infinity)) return null;
      return `${title(e)}: ${String(n)} rows, allowed are ${range(e.min, e.max)}`;
    }
    case 'type': {
      column(e.column, columns, context);
      const found = columns.find((c) => c.name === e.column)?.type ?? '';
      return hasType(found, e.type) ? null : `${title(e)}: is ${found}`;
    }
    case 'fresh': {
      const name = column(e.column, columns, context);
      const [row] = await session.rows(`SELECT max(${name})::TIMESTAMP AS newest FROM ${batch}`);
      if (!(row?.newest instanceof Date)) return `${title(e)}: no value to tell the age by`;
      const ageMs = context.nowMs - row.newest.getTime();
      if (ageMs <= e.maxAge) return null;
      return `${title(e)}: the newest is ${row.newest.toISOString()}, ${String(Math.round(ageMs / 1000))} s old, allowed are ${String(e.maxAge / 1000)} s`;
    }
    case 'no_rows': {
      const what = `expectation ${title(e)} of source ${context.source}`;
      await session.userTable(OFFENDING, e.sql, what);
      const [counted] = await session.rows<{ n: number }>(`SELECT count(*) AS n FROM ${OFFENDING}`);
      const rows = await session.rows(`SELECT * FROM ${OFFENDING} LIMIT ${String(SAMPLE_VALUES)}`);
      await session.run(`DROP TABLE ${OFFENDING}`);
      if (rows.length === 0) return null;
      const sample = rows.map((row) => shown(JSON.stringify(row)));
      return `${title(e)}: ${String(counted?.n ?? 0)} rows, such as ${sample.join(', ')}`;
    }
    default:
      return assertNever(e, 'expectation');
  }
}

async function rowsConform(
  e: RowExpectation,
  bad: string,
  counted: string,
  context: ExpectationContext,
  value: string | null,
): Promise<string | null> {
  const what = `expectation ${title(e)} of source ${context.source}`;
  const scope = e.where === undefined ? 'true' : `(${e.where}\n)`;
  const [row] = await context.session.userRows(
    `SELECT count(*) FILTER (${counted}) AS total, count(*) FILTER (${counted} AND ${bad}) AS bad FROM ${context.batch} WHERE ${scope}`,
    what,
  );
  const [total, failed] = [Number(row?.total), Number(row?.bad)];
  if (total === 0 || (total - failed) / total >= e.mostly) return null;
  const share = e.mostly === 1 ? '' : `, ${String(e.mostly * 100)} % must conform`;
  const line = `${title(e)}: ${String(failed)} of ${String(total)} rows${share}`;
  if (value === null) return line;
  const samples = await context.session.userRows<{ value: string }>(
    `SELECT DISTINCT ${value}::VARCHAR AS value FROM ${context.batch} WHERE ${scope} AND ${counted} AND ${bad} ORDER BY 1 LIMIT ${String(SAMPLE_VALUES)}`,
    what,
  );
  return `${line}, such as ${samples.map((s) => shown(s.value)).join(', ')}`;
}

async function keysUnique(
  e: Extract<Expectation, { expect: 'unique' }>,
  columns: Column[],
  context: ExpectationContext,
): Promise<string | null> {
  for (const name of e.columns) column(name, columns, context);
  const keys = quoteNames(e.columns);
  const scope = e.where === undefined ? 'true' : `(${e.where}\n)`;
  const present = `NOT (${e.columns.map((name) => `${quoteName(name)} IS NULL`).join(' AND ')})`;
  // Rows that this batch replaces by primary key don't count any more.
  const others =
    context.primaryKey.length === 0
      ? ''
      : `ANTI JOIN ${context.batch} USING (${quoteNames(context.primaryKey)})`;
  const old =
    context.existing === null
      ? ''
      : `UNION ALL SELECT ${keys}, false AS is_new FROM ${quoteName(context.existing)} ${others} WHERE ${scope} AND ${present}`;
  const rows = await context.session.userRows<Record<string, string | number | boolean | null>>(
    `SELECT ${keys}, count(*) OVER () AS duplicates FROM (
       SELECT ${keys}, true AS is_new FROM ${context.batch} WHERE ${scope} AND ${present} ${old}
     ) GROUP BY ${keys} HAVING count(*) > 1 AND bool_or(is_new) ORDER BY ${keys} LIMIT ${String(SAMPLE_VALUES)}`,
    `expectation ${title(e)} of source ${context.source}`,
  );
  if (rows.length === 0) return null;
  const samples = rows.map((row) => e.columns.map((name) => shown(String(row[name]))).join('/'));
  return `${title(e)}: ${String(rows[0]?.duplicates)} values occur more than once, such as ${samples.join(', ')}`;
}

/** Failures travel in messages and histories, and a batch may hold anything. */
function shown(value: string): string {
  return value.length > MAX_SAMPLE_CHARS ? `${value.slice(0, MAX_SAMPLE_CHARS)}...` : value;
}

/** The quoted column, when the table has it. */
function column(name: string, columns: readonly Column[], context: ExpectationContext): string {
  if (columns.some((c) => c.name === name)) return quoteName(name);
  const names = columns.map((c) => c.name);
  const near = nearestName(name, names);
  throw new PerennialError(
    EXPECTATION_INVALID,
    `source "${context.source}" has no column "${name}"${near === null ? '' : `; did you mean "${near}"?`} It has ${names.join(', ')}`,
    { details: { source: context.source, column: name } },
  );
}

/** Numbers are compared as the spec writes them: 1, not 1.0. */
function valueAsText(name: string, type: string): string {
  return type === 'DOUBLE' || type === 'FLOAT'
    ? `CASE WHEN ${name} = floor(${name}) AND abs(${name}) < 1e15 THEN ${name}::BIGINT::VARCHAR ELSE ${name}::VARCHAR END`
    : `${name}::VARCHAR`;
}

function hasType(found: string, wanted: Extract<Expectation, { expect: 'type' }>['type']): boolean {
  switch (wanted) {
    case 'integer':
      return isInteger(found);
    case 'number':
      return isNumeric(found);
    case 'string':
      return found === 'VARCHAR';
    case 'boolean':
      return found === 'BOOLEAN';
    case 'timestamp':
      return isTimestamp(found);
    case 'date':
      return found === 'DATE';
    case 'list':
      return found.endsWith(']');
    default:
      return assertNever(wanted, 'type');
  }
}

function range(min: number | undefined, max: number | undefined): string {
  if (max === undefined) return `at least ${String(min ?? 0)}`;
  return min === undefined ? `at most ${String(max)}` : `${String(min)} to ${String(max)}`;
}

function title(e: Expectation): string {
  switch (e.expect) {
    case 'unique':
      return `unique(${e.columns.join(', ')})`;
    case 'row_count':
      return 'row_count';
    case 'between':
      return `between(${e.column}, ${range(e.min, e.max)})`;
    case 'in_set':
      return `in_set(${e.column}: ${e.values.join(', ')})`;
    case 'matches':
      return `matches(${e.column}, ${e.pattern})`;
    case 'references':
      return `references(${e.column} -> ${e.source}.${e.sourceColumn})`;
    case 'type':
      return `type(${e.column}, ${e.type})`;
    case 'no_rows':
      return `no_rows(${e.name})`;
    case 'not_null':
    case 'fresh':
      return `${e.expect}(${e.column})`;
    default:
      return assertNever(e, 'expectation');
  }
}
