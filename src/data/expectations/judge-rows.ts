import type { Expectation, ExpectationOf } from '../../contracts/spec/expectations.ts';
import type { Batch } from './batch.ts';
import { rowsFinding } from './expectation-result.ts';
import type { Finding } from './expectation-result.ts';
import { expectationTitle } from './expectation-title.ts';
import { rowCondition } from './row-conditions.ts';
import type { PlainRowExpectation, RowCondition } from './row-conditions.ts';
import { SAMPLE_VALUES, sampleValue } from './samples.ts';
import { scopeSql } from './scan-queue.ts';

/** Judges an expectation by one condition on each row. */
export async function judgeRows(e: PlainRowExpectation, batch: Batch): Promise<Finding> {
  return judgeCondition(e, rowCondition(e, batch), batch);
}

/** How far each value lies from the mean, in standard deviations of a sample. Without any spread none lies far. */
export async function judgeZScores(
  e: Extract<Expectation, { expect: 'z_score' }>,
  batch: Batch,
): Promise<Finding> {
  const column = batch.columnOf(e.column, ['number'], e.expect);
  const finite = `${column.present} AND isfinite(${column.sql}::DOUBLE)`;
  const [mean, deviation] = await batch.scan.ask(
    [
      `avg(${column.sql}::DOUBLE) FILTER (${finite})`,
      `stddev_samp(${column.sql}::DOUBLE) FILTER (${finite})`,
    ],
    e.where,
    expectationTitle(e),
  );
  const distance = `(${column.sql}::DOUBLE - ${String(Number(mean))}) / ${String(Number(deviation))}`;
  const score = e.doubleSided ? `abs(${distance})` : distance;
  const bad = typeof deviation === 'number' && deviation > 0 ? `${score} >= ${String(e.max)}` : 'false';
  return judgeCondition(e, { counted: column.present, bad, shown: [column] }, batch);
}

/** Each value against the one before it, in the order of the rows as they were read; nulls are passed over. */
export async function judgeOrder(
  e: Extract<Expectation, { expect: 'increasing' | 'decreasing' }>,
  batch: Batch,
): Promise<Finding> {
  const column = batch.columnOf(e.column, ['number', 'time', 'text'], e.expect);
  const wrong = `${e.expect === 'increasing' ? '<' : '>'}${e.strictly ? '=' : ''}`;
  const what = expectationTitle(e);
  const [rows, counted] = await batch.scan.ask(
    ['count(*)', `count(*) FILTER (${column.present})`],
    e.where,
    what,
  );
  const pairs = `(SELECT ${column.sql} AS value, lag(${column.sql}) OVER () AS previous FROM ${batch.context.batch} WHERE ${scopeSql(e.where)} AND ${column.present})`;
  const [found] = await batch.scan.rows<{ n: number; samples: string[] | null }>(
    `SELECT count(*) AS n, min(value::VARCHAR, ${String(SAMPLE_VALUES)}) AS samples FROM ${pairs} WHERE value ${wrong} previous`,
    e.where,
    what,
  );
  const counts = { rows: Number(rows), missing: Number(rows) - Number(counted), unexpected: found?.n ?? 0 };
  const finding = rowsFinding(counts, e.mostly);
  return finding.verdict === 'pass'
    ? finding
    : { ...finding, samples: (found?.samples ?? []).map((value) => sampleValue([column, value])) };
}

type RowScope = PlainRowExpectation | ExpectationOf<'z_score'>;

async function judgeCondition(e: RowScope, condition: RowCondition, batch: Batch): Promise<Finding> {
  const { counted, bad, shown } = condition;
  const what = expectationTitle(e);
  const [rows, judged, unexpected] = await batch.scan.ask(
    ['count(*)', `count(*) FILTER (${counted})`, `count(*) FILTER (${counted} AND ${bad})`],
    e.where,
    what,
  );
  const counts = {
    rows: Number(rows),
    missing: Number(rows) - Number(judged),
    unexpected: Number(unexpected),
  };
  const finding = rowsFinding(counts, e.mostly);
  if (finding.verdict === 'pass' || shown.length === 0) return finding;
  const values = shown.map((c, i) => `coalesce(${c.sql}::VARCHAR, 'null') AS v${String(i)}`);
  const samples = await batch.scan.rows<Record<string, string>>(
    `SELECT DISTINCT ${values.join(', ')} FROM ${batch.context.batch} WHERE ${scopeSql(e.where)} AND ${counted} AND ${bad} ORDER BY ALL LIMIT ${String(SAMPLE_VALUES)}`,
    e.where,
    what,
  );
  return {
    ...finding,
    samples: samples.map((row) =>
      sampleValue(...shown.map((c, i) => [c, row[`v${String(i)}`] ?? ''] as const)),
    ),
  };
}
