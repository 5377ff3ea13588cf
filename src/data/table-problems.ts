import { canonicalJson } from '../domain/canonical-json.ts';
import type { DatasetColumn, DatasetManifest } from '../domain/dataset.ts';
import type { SourceRef } from '../registry/datasets.ts';
import { isTimestamp } from './column-types.ts';
import type { DuckDbSession } from './duckdb.ts';
import type { ExpectationContext } from './expectations/batch.ts';
import { failureLine, judgeExpectations } from './expectations/judge-expectations.ts';
import type { PostgresSource } from './postgres-source.ts';
import { batchIdOf, blurredKeys, typeChanges } from './source-ingestion.ts';
import { quoteName } from './sql-text.ts';

/** Why a batch of a table is set aside. */
export interface TableProblem {
  /** What remains the same however many rows have it. */
  readonly kind: string;
  /** … with counts and offending values, for people. */
  readonly line: string;
}

/** Columns of the table that are not those of its dataset any more. */
export function columnProblems(
  manifest: DatasetManifest | null,
  source: PostgresSource,
  columns: readonly DatasetColumn[],
): TableProblem[] {
  const lines = [...typeChanges(manifest, columns), ...vanishedColumns(manifest, source, columns)];
  return lines.map((line) => ({ kind: line, line }));
}

/** What is wrong with the rows of table `batch`. */
export async function batchProblems(
  source: PostgresSource,
  context: ExpectationContext,
): Promise<TableProblem[]> {
  const { session, batch, primaryKey } = context;
  const watermarks = await unusableWatermarks(session, source);
  const keys = await blurredKeys(session, batch, primaryKey);
  const results = await judgeExpectations(source.expectations, context);
  return [
    ...watermarks.map((line) => ({ kind: 'watermark', line })),
    ...keys.map((line) => ({ kind: 'primaryKey', line })),
    ...results.flatMap((result, i) =>
      result.verdict === 'fail'
        ? [{ kind: canonicalJson(source.expectations[i]), line: failureLine(result) }]
        : [],
    ),
  ];
}

/** What stands still for the same reasons on the same day (UTC) is one batch, however many rows wait behind it. */
export function standstillId(
  ref: SourceRef,
  dataset: string | null,
  problems: readonly TableProblem[],
  nowMs: number,
): string {
  const day = new Date(nowMs).toISOString().slice(0, 10);
  return batchIdOf(ref, dataset ?? '', day, ...problems.map(({ kind }) => kind).sort());
}

/** Columns that the dataset has and the table no longer, where the spec does not choose: they would silently be empty. */
function vanishedColumns(
  manifest: DatasetManifest | null,
  source: PostgresSource,
  columns: readonly DatasetColumn[],
): string[] {
  if (source.columns !== undefined) return [];
  const found = new Set(columns.map((c) => c.name.toLowerCase()));
  const gone = (manifest?.columns ?? []).filter((c) => !found.has(c.name.toLowerCase()));
  return gone.map(
    (c) =>
      `column "${c.name}" is not in ${source.table} any more; name the columns that are still wanted in the source's columns, or give it a new name`,
  );
}

/** A watermark that no other exceeds, such as infinity, would hide every later row; one without is always read again. */
async function unusableWatermarks(session: DuckDbSession, source: PostgresSource): Promise<string[]> {
  const column = (await session.columns('batch')).find((c) => c.name === source.watermark);
  if (!column) return [];
  const name = quoteName(column.name);
  const last = isTimestamp(column.type) || column.type === 'DATE' || /^(DOUBLE|FLOAT)$/.test(column.type);
  // NaN is the largest number, to PostgreSQL and to DuckDB.
  const isLast = last ? `${name} >= 'infinity'::${column.type}` : 'false';
  const [row] = await session.rows<{ missing: number; infinite: number }>(
    `SELECT count(*) FILTER (${name} IS NULL) AS missing, count(*) FILTER (${isLast}) AS infinite FROM batch`,
  );
  const { missing = 0, infinite = 0 } = row ?? {};
  return [
    ...(missing === 0
      ? []
      : [`watermark "${column.name}" is null in ${String(missing)} rows, which could never be read again`]),
    ...(infinite === 0
      ? []
      : [
          `watermark "${column.name}" is infinite or NaN in ${String(infinite)} rows, after which no row would ever be read`,
        ]),
  ];
}
