import type { ColumnType, Expectation } from '../../contracts/spec/expectations.ts';
import { assertNever } from '../../errors/assert-never.ts';
import { nearestName } from '../../domain/nearest-name.ts';
import { hasHappenedSql, isInteger, isNumeric, isTimestamp, isWideInteger } from '../column-types.ts';
import type { Batch } from './batch.ts';
import { boundsText } from './bounds.ts';
import type { Bounds } from './bounds.ts';
import { wholeFinding } from './expectation-result.ts';
import type { Finding } from './expectation-result.ts';
import { expectationTitle } from './expectation-title.ts';
import { SAMPLE_VALUES, sampleJson } from './samples.ts';

export async function judgeRowCount(
  e: Extract<Expectation, { expect: 'row_count' }>,
  batch: Batch,
): Promise<Finding> {
  const [value] = await batch.scan.ask(['count(*)'], e.where, expectationTitle(e));
  return countFinding(Number(value), 'rows', e);
}

export function judgeColumnCount(e: Extract<Expectation, { expect: 'column_count' }>, batch: Batch): Finding {
  return countFinding(batch.columns.length, 'columns', e);
}

function countFinding(n: number, what: string, bounds: Bounds): Finding {
  const passes = n >= Number(bounds.min ?? 0) && n <= Number(bounds.max ?? Infinity);
  return wholeFinding(passes, `${String(n)} ${what}, allowed are ${boundsText(bounds)}`, { observed: n });
}

export function judgeColumns(e: Extract<Expectation, { expect: 'columns' }>, batch: Batch): Finding {
  const found = batch.columns.map((c) => c.name);
  const absent = e.columns.filter((name) => !found.includes(name));
  const others = e.exact || e.ordered ? found.filter((name) => !e.columns.includes(name)) : [];
  const misplaced =
    e.ordered && absent.length + others.length === 0
      ? e.columns.find((name, i) => found[i] !== name)
      : undefined;
  const reasons = [
    ...absent.map((name) => `"${name}" is not there${nearText(name, others.length > 0 ? others : found)}`),
    ...(others.length > 0 ? [`unexpected are ${others.join(', ')}`] : []),
    ...(misplaced === undefined ? [] : [`"${misplaced}" stands in another place`]),
  ];
  return wholeFinding(reasons.length === 0, reasons.join('; ') || 'the columns are as expected', {
    observed: found,
  });
}

function nearText(name: string, found: readonly string[]): string {
  const near = nearestName(name, found);
  return near === null ? '' : `, but "${near}" is`;
}

export function judgeType(e: Extract<Expectation, { expect: 'type' }>, batch: Batch): Finding {
  const { type } = batch.column(e.column);
  const wanted = Array.isArray(e.type) ? e.type : [e.type];
  return wholeFinding(
    wanted.some((one) => hasType(type, one)),
    `is ${type}`,
    { observed: type },
  );
}

function hasType(found: string, wanted: ColumnType): boolean {
  switch (wanted) {
    case 'integer':
      return isInteger(found) || isWideInteger(found);
    case 'number':
      return isNumeric(found) || isWideInteger(found);
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

export async function judgeFreshness(
  e: Extract<Expectation, { expect: 'fresh' }>,
  batch: Batch,
): Promise<Finding> {
  const column = batch.columnOf(e.column, ['time'], e.expect);
  const { nowMs } = batch.context;
  const newestOf = (rows: string): string => `max(${column.sql}) FILTER (${rows})::TIMESTAMP`;
  const [newest, latest] = await batch.scan.ask(
    [newestOf(hasHappenedSql(column, nowMs)), newestOf(`isfinite(${column.sql})`)],
    undefined,
    expectationTitle(e),
  );
  if (!(newest instanceof Date)) {
    const ahead = latest instanceof Date ? `: the times are yet to come, up to ${latest.toISOString()}` : '';
    return wholeFinding(false, `no value to tell the age by${ahead}`);
  }
  const ageMs = nowMs - newest.getTime();
  const at = newest.toISOString();
  return wholeFinding(
    ageMs <= e.maxAge,
    `the newest is ${at}, ${String(Math.round(ageMs / 1000))} s old, allowed are ${String(e.maxAge / 1000)} s`,
    { observed: at },
  );
}

export async function judgeNoRows(
  e: Extract<Expectation, { expect: 'no_rows' }>,
  batch: Batch,
): Promise<Finding> {
  const { count, rows } = await batch.scan.counted(e.sql, SAMPLE_VALUES, expectationTitle(e));
  const unexpected = { count, share: null };
  if (count === 0) return wholeFinding(true, 'no rows', { unexpected });
  const samples = rows.map(sampleJson);
  return wholeFinding(false, `${String(count)} rows`, { unexpected, samples });
}
