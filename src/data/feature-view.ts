import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import type { FeatureView } from '../contracts/spec/sources.ts';
import { canonicalJson } from '../domain/canonical-json.ts';
import { nearestName } from '../domain/nearest-name.ts';
import { FEATURE_VIEW_INVALID } from '../errors/data-errors.ts';
import { PerennialError } from '../errors/define-error.ts';
import type { DatasetRef } from '../registry/datasets.ts';
import type { OfflineValues, ViewLineage } from '../registry/feature-materialisations.ts';
import { definitionOf } from '../registry/view-definition.ts';
import { writePart } from './append-batch.ts';
import { isNumeric, isTimestamp } from './column-types.ts';
import type { Column, DuckDbSession } from './duckdb.ts';
import { quoteName, quoteNames } from './sql-text.ts';
import { sqlOf } from './sql-of.ts';

/** The event time's name in offline values, whatever the view calls it. */
export const VIEW_TIME = '__event_time';

/** What the values of a view follow from: its definition and the datasets that its SQL names. */
async function lineageOf(
  session: DuckDbSession,
  name: string,
  view: FeatureView,
  datasets: readonly DatasetRef[],
): Promise<ViewLineage> {
  const used = await session.tablesOf(sqlOf(view.query, `feature view "${name}"`));
  const sources = datasets.filter((d) => used === null || used.has(d.source));
  return {
    definition: definitionOf(view),
    sources: Object.fromEntries(sources.map((d) => [d.source, d.digest])),
  };
}

/** Whether the values that are known are those that the view would yield now, and are still there. */
export async function isUpToDate(
  session: DuckDbSession,
  store: ArtifactStore,
  name: string,
  view: FeatureView,
  datasets: readonly DatasetRef[],
  known: OfflineValues,
): Promise<boolean> {
  const lineage = await lineageOf(session, name, view, datasets);
  return canonicalJson(known.lineage) === canonicalJson(lineage) && (await store.has(known.digest));
}

/**
 * The offline values of a view: one row per key and event time, in their order, as a Parquet blob of keys,
 * `__event_time` (UTC) and columns. Rows without key or event time are left out: nobody could look them up, nor at the
 * end of time. With the lineage of `known` nothing is computed.
 * @throws PerennialError SQL_INVALID, FEATURE_VIEW_INVALID naming the view and the nearest column
 */
export async function materialiseView(
  session: DuckDbSession,
  store: ArtifactStore,
  name: string,
  view: FeatureView,
  datasets: readonly DatasetRef[],
  known: OfflineValues | undefined,
): Promise<OfflineValues> {
  if (known && (await isUpToDate(session, store, name, view, datasets, known))) return known;
  const what = `feature view "${name}"`;
  const table = `view ${name}`;
  await session.userTable(table, sqlOf(view.query, what), what);
  const found = await session.columns(table);
  checkColumns(name, view, found);
  await mustTellKeysApart(session, name, view, table, found);
  const keys = quoteNames(view.keys);
  const columns = quoteNames(Object.keys(view.columns));
  const time = quoteName(view.eventTime);
  const list = columns === '' ? '' : `, ${columns}`;
  const present = [
    ...view.keys.map((c) => `${quoteName(c)} IS NOT NULL`),
    `(${time})::TIMESTAMP < 'infinity'::TIMESTAMP`,
  ].join(' AND ');
  const { part } = await writePart(
    session,
    store,
    `SELECT ${keys}, (${time})::TIMESTAMP AS ${VIEW_TIME}${list} FROM ${quoteName(table)} WHERE ${present}
     QUALIFY row_number() OVER (PARTITION BY ${keys}, ${time} ORDER BY ${columns === '' ? keys : columns}) = 1
     ORDER BY ${keys}, ${VIEW_TIME}`,
  );
  await session.run(`DROP TABLE ${quoteName(table)}`);
  const lineage = await lineageOf(session, name, view, datasets);
  return { digest: part.digest, rows: part.rows, lineage };
}

function checkColumns(name: string, view: FeatureView, found: readonly Column[]): void {
  const names = found.map((c) => c.name);
  const problems: string[] = [];
  const typeOf = (column: string, role: string): string | null => {
    const type = found.find((c) => c.name === column)?.type;
    if (type !== undefined) return type;
    const near = nearestName(column, names);
    problems.push(
      `does not yield ${role} "${column}"${near === null ? '' : `; did you mean "${near}"?`} It yields ${names.join(', ')}`,
    );
    return null;
  };
  for (const key of view.keys) {
    const type = typeOf(key, 'key');
    if (type !== null && !isScalar(type)) {
      problems.push(`yields key "${key}" as ${type}; allowed are numbers, text and booleans`);
    }
  }
  const time = typeOf(view.eventTime, 'event time');
  if (time !== null && !isTimestamp(time) && time !== 'DATE') {
    problems.push(`yields event time "${view.eventTime}" as ${time}; allowed are TIMESTAMP and DATE`);
  }
  for (const column of Object.keys(view.columns)) {
    const type = typeOf(column, 'column');
    if (type !== null && !isScalar(type)) {
      problems.push(`yields column "${column}" as ${type}; allowed are numbers, text and booleans`);
    }
  }
  if (problems.length === 0) return;
  throw new PerennialError(FEATURE_VIEW_INVALID, `feature view "${name}" ${problems.join('; ')}`, {
    problems: problems.map((message) => ({ path: `features.views.${name}`, message })),
    details: { view: name },
  });
}

/** Online and in requests a key is a JSON number: from 2^53 on, neighbours would get each other's values. */
async function mustTellKeysApart(
  session: DuckDbSession,
  name: string,
  view: FeatureView,
  table: string,
  found: readonly Column[],
): Promise<void> {
  const wide = view.keys.filter((key) =>
    /^(BIGINT|HUGEINT|DECIMAL.*)$/.test(found.find((c) => c.name === key)?.type ?? ''),
  );
  if (wide.length === 0) return;
  const most = wide.map((key) => `max(abs(${quoteName(key)}::DOUBLE))`);
  const [row] = await session.rows<Record<string, number | null>>(
    `SELECT ${most.map((sql, i) => `${sql} AS m${String(i)}`).join(', ')} FROM ${quoteName(table)}`,
  );
  const key = wide.find((_, i) => (row?.[`m${String(i)}`] ?? 0) > Number.MAX_SAFE_INTEGER);
  if (key === undefined) return;
  throw new PerennialError(
    FEATURE_VIEW_INVALID,
    `feature view "${name}" yields numbers beyond 2^53 as key "${key}", which JSON does not tell apart; cast it to VARCHAR`,
    { details: { view: name } },
  );
}

function isScalar(type: string): boolean {
  return isNumeric(type) || type === 'HUGEINT' || type === 'VARCHAR' || type === 'BOOLEAN';
}
