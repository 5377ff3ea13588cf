import type { Expectation } from '../../contracts/spec/expectations.ts';
import type { Batch, TestedColumn } from './batch.ts';
import { wholeFinding } from './expectation-result.ts';
import type { Finding } from './expectation-result.ts';
import { expectationTitle } from './expectation-title.ts';
import { SAMPLE_VALUES, sampleValue } from './samples.ts';
import { scopeSql } from './scan-queue.ts';
import { inSetSql, shownValue, valueAsText, valueKey } from './value-set.ts';

/** Which values occur, whatever their number. */
export async function judgeDistinct(
  e: Extract<Expectation, { expect: 'distinct_in_set' | 'distinct_contains' | 'distinct_equals' }>,
  batch: Batch,
): Promise<Finding> {
  const column = batch.column(e.column);
  const what = expectationTitle(e);
  const inSet = inSetSql(column, e.values);
  const text = valueAsText(column);
  const [strangers, found] = await batch.scan.ask(
    [
      `count(DISTINCT ${text}) FILTER (${column.present} AND NOT ${inSet})`,
      `list(DISTINCT ${text}) FILTER (${column.present} AND ${inSet})`,
    ],
    e.where,
    what,
  );
  const known = Array.isArray(found) ? found.map(String).map((value) => shownValue(column, value)) : [];
  const seen = new Set(known.map((value) => valueKey(column, value)));
  const absent = e.values.filter((value) => !seen.has(valueKey(column, value))).map(String);
  const tooMany = e.expect === 'distinct_contains' ? 0 : Number(strangers);
  const tooFew = e.expect === 'distinct_in_set' ? [] : absent;
  const reasons = [
    ...(tooMany > 0 ? [`${String(tooMany)} other values occur`] : []),
    ...(tooFew.length > 0 ? [`${tooFew.join(', ')} ${tooFew.length === 1 ? 'does' : 'do'} not occur`] : []),
  ];
  const observed = known.sort();
  if (reasons.length === 0) return wholeFinding(true, `the values are as expected`, { observed });
  const samples = tooMany > 0 ? await strangersOf(column, inSet, e.where, batch, what) : [];
  return wholeFinding(false, reasons.join('; '), { observed, samples });
}

async function strangersOf(
  column: TestedColumn,
  inSet: string,
  where: string | undefined,
  batch: Batch,
  what: string,
): Promise<string[]> {
  const rows = await batch.scan.rows<{ value: string }>(
    `SELECT DISTINCT ${valueAsText(column)} AS value FROM ${batch.context.batch} WHERE ${scopeSql(where)} AND ${column.present} AND NOT ${inSet} ORDER BY 1 LIMIT ${String(SAMPLE_VALUES)}`,
    where,
    what,
  );
  return rows.map((row) => sampleValue([column, row.value]));
}

/** Values that may be named as the most common of a tie. */
const MAX_TIES = 100;

export async function judgeMostCommon(
  e: Extract<Expectation, { expect: 'most_common' }>,
  batch: Batch,
): Promise<Finding> {
  const column = batch.column(e.column);
  const rows = await batch.scan.rows<{ value: string; n: number; ties: number; expected: number }>(
    // A count that is a window over all ties grows with their square; joined it takes one more pass over them.
    `WITH grouped AS (
       SELECT ${valueAsText(column)} AS value, count(*) AS n, bool_or(${inSetSql(column, e.values)}) AS in_set
       FROM ${batch.context.batch} WHERE ${scopeSql(e.where)} AND ${column.present} GROUP BY 1
     ), modes AS (SELECT * FROM grouped WHERE n = (SELECT max(n) FROM grouped))
     SELECT value, n, ties, expected
     FROM modes, (SELECT count(*) AS ties, count(*) FILTER (in_set) AS expected FROM modes)
     ORDER BY value LIMIT ${String(MAX_TIES)}`,
    e.where,
    expectationTitle(e),
  );
  const [first] = rows;
  if (!first) return wholeFinding(false, 'there is no value to judge');
  const passes = first.expected > 0 && (e.tiesAllowed === true || first.ties === 1);
  const times = `${String(first.n)} times`;
  const shown = rows.map((row) => sampleValue([column, row.value]));
  const reason =
    first.ties === 1
      ? `the most common value is ${String(shown[0])}, ${times}`
      : `${String(first.ties)} values are the most common, ${times} each: ${shown.slice(0, SAMPLE_VALUES).join(', ')}`;
  return wholeFinding(passes, reason, { observed: shown });
}

/** Kullback–Leibler divergence of the shares from the expected ones, in nats; infinite where a stranger occurs. */
export async function judgeDivergence(
  e: Extract<Expectation, { expect: 'kl_divergence' }>,
  batch: Batch,
): Promise<Finding> {
  const column = batch.column(e.column);
  const expected = Object.entries(e.weights);
  // One aggregate for each value would make a plan that grows with their square.
  const names = expected.map(([value]) => value);
  const histogram = `histogram(${valueAsText(column)}) FILTER (${column.present} AND ${inSetSql(column, names)})`;
  const [rows, counted, values, times] = await batch.scan.ask(
    [
      'count(*)',
      `count(*) FILTER (${column.present})`,
      `map_keys(${histogram})`,
      `map_values(${histogram})::DOUBLE[]`,
    ],
    e.where,
    expectationTitle(e),
  );
  const counts = new Map<string, number>();
  if (Array.isArray(values) && Array.isArray(times))
    for (const [i, value] of values.map(String).entries())
      counts.set(valueKey(column, shownValue(column, value)), Number(times[i]));
  const n = Number(counted);
  const parts = { rows: Number(rows), missing: Number(rows) - n };
  if (n === 0) return wholeFinding(false, 'there is no value to judge', parts);
  const total = expected.reduce((sum, [, weight]) => sum + weight, 0);
  let known = 0;
  let divergence = 0;
  for (const [value, weight] of expected) {
    const count = counts.get(valueKey(column, value)) ?? 0;
    known += count;
    if (count > 0) divergence += (count / n) * Math.log(count / n / (weight / total));
  }
  if (known < n || !Number.isFinite(divergence))
    return wholeFinding(false, 'is infinite: values occur that are not expected at all', parts);
  return wholeFinding(divergence <= e.max, `is ${String(divergence)}, allowed is at most ${String(e.max)}`, {
    ...parts,
    observed: divergence,
  });
}
