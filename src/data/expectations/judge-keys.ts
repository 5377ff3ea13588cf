import type { Expectation } from '../../contracts/spec/expectations.ts';
import { quoteName, quoteNames } from '../sql-text.ts';
import type { Batch } from './batch.ts';
import { rowsFinding } from './expectation-result.ts';
import type { Finding } from './expectation-result.ts';
import { expectationTitle } from './expectation-title.ts';
import { SAMPLE_VALUES, sampleValue } from './samples.ts';
import { scopeSql } from './scan-queue.ts';

// No column of anybody's data is likely to have these names.
const [IS_NEW, NEW_ROWS] = ['perennial_is_new', 'perennial_new_rows'];

/**
 * Rows of the batch whose values together occur more than once, in it or in the rows that are there already. Rows
 * that this batch replaces by primary key don't count any more; rows without any of the values don't count at all.
 */
export async function judgeKeys(
  e: Extract<Expectation, { expect: 'unique' }>,
  batch: Batch,
): Promise<Finding> {
  const { context } = batch;
  const columns = e.columns.map((name) => batch.column(name));
  const what = expectationTitle(e);
  // NaN is missing like a null, so that both are the same beside an equal value.
  const keys = columns.map((c) => c.sql).join(', ');
  const values = columns.map((c) => `CASE WHEN ${c.present} THEN ${c.sql} END AS ${c.sql}`).join(', ');
  const scope = scopeSql(e.where);
  const present = `(${columns.map((c) => c.present).join(' OR ')})`;
  const [rows, counted] = await batch.scan.ask(['count(*)', `count(*) FILTER (${present})`], e.where, what);
  const others =
    context.primaryKey.length === 0
      ? ''
      : `ANTI JOIN ${context.batch} USING (${quoteNames(context.primaryKey)})`;
  const fresh = `SELECT ${values} FROM ${context.batch} WHERE ${scope} AND ${present}`;
  const same = columns.map((c) => `old.${c.sql} IS NOT DISTINCT FROM fresh.${c.sql}`).join(' AND ');
  // Of the rows that are there already only those with a value of the batch are kept: the others may be many.
  const old =
    context.existing === null
      ? ''
      : `UNION ALL SELECT old.*, false FROM (
          SELECT ${values} FROM ${quoteName(context.existing)} ${others} WHERE ${scope} AND ${present}
        ) AS old SEMI JOIN (SELECT DISTINCT * FROM (${fresh})) AS fresh ON ${same}`;
  const repeated = `SELECT ${keys}, count(*) FILTER (${IS_NEW}) AS ${NEW_ROWS} FROM (
      SELECT *, true AS ${IS_NEW} FROM (${fresh}) ${old}
    ) GROUP BY ALL HAVING count(*) > 1 AND bool_or(${IS_NEW})`;
  const [found] = await batch.scan.rows<{ values: number; rows: number }>(
    `SELECT count(*) AS "values", coalesce(sum(${NEW_ROWS}), 0)::BIGINT AS "rows" FROM (${repeated})`,
    e.where,
    what,
  );
  const counts = {
    rows: Number(rows),
    missing: Number(rows) - Number(counted),
    unexpected: found?.rows ?? 0,
  };
  const finding = rowsFinding(counts, e.mostly);
  if (finding.verdict === 'pass') return finding;
  const samples = await batch.scan.rows<Record<string, unknown>>(
    `${repeated} ORDER BY ${keys} LIMIT ${String(SAMPLE_VALUES)}`,
    e.where,
    what,
  );
  return {
    ...finding,
    reason: `${found?.values === 1 ? '1 value occurs' : `${String(found?.values)} values occur`} more than once, in ${finding.reason}`,
    samples: samples.map((row) => sampleValue(...columns.map((c) => [c, String(row[c.name])] as const))),
  };
}
