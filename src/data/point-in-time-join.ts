import type { FeatureView } from '../contracts/spec/sources.ts';
import type { ViewJoin } from '../domain/key-resolution.ts';
import { FRAME_INVALID } from '../errors/data-errors.ts';
import { PerennialError } from '../errors/define-error.ts';
import type { Column, DuckDbSession } from './duckdb.ts';
import { VIEW_TIME } from './feature-view.ts';
import { quoteName } from './sql-text.ts';

/** The name of a view's column in a frame. */
function featureColumn(view: string, column: string): string {
  return `${view}.${column}`;
}

/**
 * Adds to each row of table `spine` what each view said at the row's own time: the values of the newest row of the key
 * that is not younger than the spine's event time and not older than the view's time to live. Nothing that became
 * known later can leak into an example.
 * @returns the name of the table with the spine's columns and `view.column` for each column of the joined views
 */
export async function joinAsOf(
  session: DuckDbSession,
  spine: string,
  eventTime: string,
  joins: readonly ViewJoin[],
  views: Readonly<Record<string, FeatureView>>,
  tableOf: (view: string) => string,
): Promise<string> {
  let left = spine;
  for (const [index, join] of joins.entries()) {
    const view = views[join.view];
    if (!view) throw new Error(`the resolver joined view ${join.view}, which is not in the spec`);
    const table = tableOf(join.view);
    const [leftColumns, rightColumns] = [await session.columns(left), await session.columns(table)];
    const time = `s.${quoteName(eventTime)}`;
    const conditions = join.keys.map(({ key, origin }) => {
      const name = origin.from === 'given' ? key : featureColumn(origin.view, origin.column);
      mustCompare(join.view, key, typeOf(leftColumns, name), typeOf(rightColumns, key));
      return `s.${quoteName(name)} = v.${quoteName(key)}`;
    });
    const values = Object.keys(view.columns).map((column) => {
      const value = `v.${quoteName(column)}`;
      const alive =
        view.ttl === undefined
          ? value
          : `CASE WHEN epoch_ms(${time}) - epoch_ms(v.${VIEW_TIME}) <= ${String(view.ttl)} THEN ${value} END`;
      return `, ${alive} AS ${quoteName(featureColumn(join.view, column))}`;
    });
    const next = `joined ${String(index)}`;
    await session.run(
      `CREATE TEMP TABLE ${quoteName(next)} AS SELECT s.*${values.join('')}
         FROM ${quoteName(left)} s ASOF LEFT JOIN ${quoteName(table)} v
           ON ${[...conditions, `${time} >= v.${VIEW_TIME}`].join(' AND ')}`,
    );
    left = next;
  }
  return left;
}

function typeOf(columns: readonly Column[], name: string): string {
  return columns.find((c) => c.name === name)?.type ?? '';
}

/** DuckDB would compare text with numbers by casting one of them, row by row, and fail on the first that won't. */
function mustCompare(view: string, key: string, left: string, right: string): void {
  if ((left === 'VARCHAR') === (right === 'VARCHAR')) return;
  throw new PerennialError(
    FRAME_INVALID,
    `key "${key}" is ${left} where the spine is joined and ${right} in feature view "${view}"; cast one of them`,
    { details: { view, key } },
  );
}
