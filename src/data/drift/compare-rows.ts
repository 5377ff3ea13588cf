import type { DriftReport } from '../../contracts/reports/drift-report.ts';
import { domainClassifierDrift } from '../../stats/index.ts';
import type { DataFile } from '../data-file/open-data-file.ts';
import type { DuckDbSession } from '../duckdb.ts';
import { quoteName } from '../sql-text.ts';
import type { PairedColumn } from './pair-columns.ts';

const MAX_ROWS = 20_000;
/** Columns beyond these would make the classifier slow and blind. */
const MAX_COLUMNS = 200;

/**
 * Whether a classifier tells rows of one file from rows of the other, on at most 20,000 rows of each and the first 200
 * columns that can be compared. Categories are numbered in their order over both samples, which does not say which side
 * a row came from.
 */
export async function compareRows(
  session: DuckDbSession,
  reference: DataFile,
  current: DataFile,
  columns: readonly PairedColumn[],
  alpha: number,
): Promise<NonNullable<DriftReport['multivariate']>> {
  const comparable = columns.filter(({ kind }) => kind !== null);
  const used = comparable.slice(0, MAX_COLUMNS);
  const method = 'domain_classifier';
  if (used.length === 0) {
    const reason = 'no column has values that can be compared';
    return { method, auc: null, p_value: null, verdict: 'insufficient_data', reason };
  }
  const sample = (file: DataFile, side: 0 | 1): string =>
    `SELECT ${String(side)} AS side, * FROM (SELECT ${used.map(({ sql }, i) => `${sql[side]} AS v${String(i)}`).join(', ')}
       FROM ${quoteName(file.table)}) USING SAMPLE reservoir(${String(MAX_ROWS)} ROWS) REPEATABLE (1)`;
  await session.run(
    `CREATE OR REPLACE TEMP TABLE sampled_rows AS (${sample(reference, 0)}) UNION ALL (${sample(current, 1)})`,
  );
  const values = used.map(({ kind }, i) => {
    const v = `v${String(i)}`;
    return kind === 'numeric' || kind === 'timestamp'
      ? `coalesce(${v}, 'nan'::DOUBLE)`
      : `CASE WHEN ${v} IS NULL THEN 'nan'::DOUBLE ELSE dense_rank() OVER (ORDER BY ${v})::DOUBLE END`;
  });
  const [side, ...data] = await session.numbers(
    `SELECT side::DOUBLE, ${values.join(', ')} FROM sampled_rows`,
  );
  const rows = Array.from(side!.keys(), (row) => data.map((column) => column[row]!));
  const of = (wanted: number): number[][] => rows.filter((_, row) => side![row] === wanted);
  const { kind, auc, pValue, reason } = domainClassifierDrift(of(0), of(1), { alpha, maxRows: MAX_ROWS });
  const told =
    comparable.length > used.length
      ? `${reason}, by the first ${String(used.length)} of ${String(comparable.length)} columns`
      : reason;
  return { method, auc, p_value: pValue, verdict: kind, reason: told };
}
