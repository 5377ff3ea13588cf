import type { Expectation, ExpectationOf } from '../../contracts/spec/expectations.ts';
import { assertNever } from '../../errors/assert-never.ts';
import type { SqlValue } from '../duckdb-values.ts';
import type { Batch, TestedColumn } from './batch.ts';
import { boundsText, outsideSql } from './bounds.ts';
import type { Bounds } from './bounds.ts';
import { wholeFinding } from './expectation-result.ts';
import type { Finding } from './expectation-result.ts';
import { expectationTitle } from './expectation-title.ts';
import { boundOf } from './row-conditions.ts';
import { sampleNumber, sampleText } from './samples.ts';

type StatisticExpectation = ExpectationOf<'mean'>;

/** Judges one number of a column. A number of no values is none, and fails, as in Great Expectations. */
export async function judgeStatistic(e: StatisticExpectation, batch: Batch): Promise<Finding> {
  const column = columnFor(e, batch);
  const what = expectationTitle(e);
  if ((e.expect === 'minimum' || e.expect === 'maximum') && column.kind !== 'number')
    return judgeExtreme(e, column, batch);
  // A bound of the wrong kind is told before anything is counted.
  for (const bound of [e.min, e.max])
    if (bound !== undefined) boundOf({ ...column, kind: 'number' }, bound, batch);
  const [rows, counted, infinite, value] = await batch.scan.ask(
    [
      'count(*)',
      `count(*) FILTER (${column.present})`,
      needsFinite(e) ? `count(*) FILTER (${column.present} AND isinf(${column.sql}::DOUBLE))` : '0',
      statisticSql(e, column),
    ],
    e.where,
    what,
  );
  const parts = { rows: Number(rows), missing: Number(rows) - Number(counted) };
  if (Number(infinite) > 0)
    return wholeFinding(false, `${String(Number(infinite))} values are infinite, so that it is none`, parts);
  const observed = typeof value === 'number' && !Number.isNaN(value) ? value : null;
  if (observed === null) return wholeFinding(false, 'there is no value to judge', parts);
  const sample = isOneValue(e) ? sampleNumber(observed, e.column) : observed;
  const is = typeof sample === 'string' ? sample : shown(sample, e);
  return wholeFinding(within(observed, e), `is ${is}, allowed is ${boundsText(e)}`, {
    ...parts,
    observed: sample,
  });
}

/** Whether the number is a value of the column, not one that tells of many. */
function isOneValue(e: StatisticExpectation): boolean {
  return ['median', 'minimum', 'maximum'].includes(e.expect);
}

function columnFor(e: StatisticExpectation, batch: Batch): TestedColumn {
  switch (e.expect) {
    case 'mean':
    case 'median':
    case 'stdev':
    case 'sum':
      return batch.columnOf(e.column, ['number'], e.expect);
    case 'minimum':
    case 'maximum':
      return batch.columnOf(e.column, ['number', 'time', 'text'], e.expect);
    case 'distinct_count':
    case 'distinct_share':
    case 'non_null_share':
      return batch.column(e.column);
    default:
      return assertNever(e.expect, 'statistic');
  }
}

function needsFinite(e: StatisticExpectation): boolean {
  return ['mean', 'stdev', 'sum'].includes(e.expect);
}

function statisticSql(e: StatisticExpectation, { sql, present }: TestedColumn): string {
  const finite = `${present} AND isfinite(${sql}::DOUBLE)`;
  switch (e.expect) {
    // Compensated sums: the order in which threads add up makes no difference that anybody would see.
    case 'mean':
      return `favg(${sql}::DOUBLE) FILTER (${finite})`;
    case 'sum':
      return `fsum(${sql}::DOUBLE) FILTER (${finite})`;
    case 'stdev':
      return `stddev_samp(${sql}::DOUBLE) FILTER (${finite})`;
    case 'median':
      return `quantile_cont(${sql}::DOUBLE, 0.5) FILTER (${present})`;
    case 'minimum':
      return `min(${sql}::DOUBLE) FILTER (${present})`;
    case 'maximum':
      return `max(${sql}::DOUBLE) FILTER (${present})`;
    case 'distinct_count':
      return `count(DISTINCT ${sql}) FILTER (${present})`;
    case 'distinct_share':
      return `count(DISTINCT ${sql}) FILTER (${present}) / nullif(count(*) FILTER (${present}), 0)`;
    case 'non_null_share':
      return `count(*) FILTER (${present}) / nullif(count(*), 0)`;
    default:
      return assertNever(e.expect, 'statistic');
  }
}

/** The least or greatest time or text, compared in SQL: a JavaScript date has no microseconds. */
async function judgeExtreme(e: StatisticExpectation, column: TestedColumn, batch: Batch): Promise<Finding> {
  const extreme = `${e.expect === 'minimum' ? 'min' : 'max'}(${column.sql})`;
  const outside = outsideSql(extreme, e, (bound) => boundOf(column, bound, batch));
  const [rows, counted, value, isOutside] = await batch.scan.ask(
    ['count(*)', `count(${column.sql})`, `${extreme}::VARCHAR`, outside],
    e.where,
    expectationTitle(e),
  );
  const parts = { rows: Number(rows), missing: Number(rows) - Number(counted) };
  if (typeof value !== 'string') return wholeFinding(false, 'there is no value to judge', parts);
  const observed = sampleText(value, column.name);
  return wholeFinding(isOutside !== true, `is ${observed}, allowed is ${boundsText(e)}`, {
    ...parts,
    observed,
  });
}

/** Six digits, but all of them where these would lie on the other side of a bound. */
function shown(value: number, bounds: Bounds): string {
  const rounded = Number(value.toPrecision(6));
  return String(within(rounded, bounds) === within(value, bounds) ? rounded : value);
}

function within(value: number, { min, max, strictMin, strictMax }: Bounds): boolean {
  const low = min === undefined || (strictMin ? value > Number(min) : value >= Number(min));
  return low && (max === undefined || (strictMax ? value < Number(max) : value <= Number(max)));
}

/** The values nearest to the quantiles, ties to the even rank: numpy's `nearest`. */
export async function judgeQuantiles(
  e: Extract<Expectation, { expect: 'quantiles' }>,
  batch: Batch,
): Promise<Finding> {
  const column = batch.columnOf(e.column, ['number'], e.expect);
  const what = expectationTitle(e);
  const [rows, counted] = await batch.scan.ask(
    ['count(*)', `count(*) FILTER (${column.present})`],
    e.where,
    what,
  );
  const n = Number(counted);
  const parts = { rows: Number(rows), missing: Number(rows) - n };
  if (n === 0) return wholeFinding(false, 'there is no value to judge', parts);
  // quantile_disc(q) has rank ceil(q·n): the middle of a rank's step names that rank whatever n is.
  const ranks = e.quantiles.map(({ at }) => (nearestRank(at, n) + 0.5) / n);
  const [values] = await batch.scan.ask(
    [`quantile_disc(${column.sql}::DOUBLE, [${ranks.join(', ')}]) FILTER (${column.present})`],
    e.where,
    what,
  );
  const found = (values as SqlValue[]).map(Number);
  const observed = found.map((value) => sampleNumber(value, e.column));
  const outside = e.quantiles.flatMap((quantile, i) =>
    within(found[i] ?? Number.NaN, quantile)
      ? []
      : [`quantile ${String(quantile.at)} is ${String(observed[i])}, allowed is ${boundsText(quantile)}`],
  );
  const reason = outside.join('; ') || `the values are ${observed.join(', ')}`;
  return wholeFinding(outside.length === 0, reason, { ...parts, observed });
}

function nearestRank(quantile: number, n: number): number {
  const rank = (n - 1) * quantile;
  const below = Math.floor(rank);
  const rest = rank - below;
  return rest < 0.5 || (rest === 0.5 && below % 2 === 0) ? below : below + 1;
}
