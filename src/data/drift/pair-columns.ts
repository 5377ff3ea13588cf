import { nearestName } from '../../domain/nearest-name.ts';
import { DATA_COLUMNS_DIFFER, DATA_COLUMN_UNKNOWN } from '../../errors/data-errors.ts';
import { PerennialError } from '../../errors/define-error.ts';
import type { DataFile } from '../data-file/open-data-file.ts';
import type { DuckDbSession } from '../duckdb.ts';
import { quoteName } from '../sql-text.ts';
import { kindOfType, valueSql } from './column-kind.ts';
import type { ColumnKind } from './column-kind.ts';

export interface ColumnChoice {
  /** Only these; all when absent. */
  readonly columns?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  /** Kinds that were declared, by column. */
  readonly kinds?: Readonly<Record<string, ColumnKind>> | undefined;
}

/** A column that both sides have, and how its values are read. */
export interface PairedColumn {
  readonly name: string;
  /** Null where its values can't be compared, such as lists. */
  readonly kind: ColumnKind | null;
  /** DuckDB's types. */
  readonly types: readonly [reference: string, current: string];
  /** SQL of its value on each side. */
  readonly sql: readonly [reference: string, current: string];
}

/**
 * The columns to compare, in the order of the reference.
 * @throws PerennialError DATA_COLUMN_UNKNOWN, DATA_COLUMNS_DIFFER with file, column and row
 */
export async function pairColumns(
  session: DuckDbSession,
  reference: DataFile,
  current: DataFile,
  choice: ColumnChoice,
): Promise<PairedColumn[]> {
  const types = [reference, current].map((file) => new Map(file.columns.map((c) => [c.name, c.type])));
  const [left, right] = types as [Map<string, string>, Map<string, string>];
  const all = [...new Set([...left.keys(), ...right.keys()])];
  const declaredKinds = new Map(Object.entries(choice.kinds ?? {}));
  for (const name of [...(choice.columns ?? []), ...(choice.exclude ?? []), ...declaredKinds.keys()])
    if (!left.has(name) && !right.has(name)) throw unknown(name, all);
  const excluded = new Set(choice.exclude);
  const wanted = (choice.columns ?? all).filter((name) => !excluded.has(name));
  refuseMissing(wanted, [reference, left], [current, right]);
  const paired: PairedColumn[] = [];
  for (const name of wanted) {
    const sides = [left.get(name)!, right.get(name)!] as const;
    const declared = declaredKinds.get(name);
    const kind = declared ?? (await commonKind(session, reference, current, name, sides));
    const sql = sides.map((type, i) =>
      kind === null ? 'NULL::DOUBLE' : valueSql(name, type, kind, sides[1 - i]!),
    );
    const column: PairedColumn = { name, kind, types: sides, sql: [sql[0]!, sql[1]!] };
    if (declared !== undefined) await mustFit(session, reference, current, column, declared);
    paired.push(column);
  }
  return paired;
}

function unknown(name: string, all: readonly string[]): PerennialError {
  const near = nearestName(name, all);
  const hint = near === null ? '' : `; did you mean "${near}"?`;
  return new PerennialError(DATA_COLUMN_UNKNOWN, `neither file has a column "${name}"${hint}`);
}

type Side = readonly [file: DataFile, columns: ReadonlyMap<string, string>];

function refuseMissing(wanted: readonly string[], ...sides: readonly [Side, Side]): void {
  const problems = sides.flatMap(([file, columns]) => {
    const missing = wanted.filter((name) => !columns.has(name));
    return missing.length === 0 ? [] : [{ file, missing }];
  });
  if (problems.length === 0) return;
  const text = problems.map(({ file, missing }) => `${file.location} has no ${shown(missing)}`).join('; ');
  const names = problems.flatMap(({ missing }) => missing);
  const mend = names.length <= 5 ? `--exclude ${names.join(',')}` : '--columns with those that both have';
  throw new PerennialError(DATA_COLUMNS_DIFFER, `${text}. Compare what both have with ${mend}`, {
    problems: problems.flatMap(({ file, missing }) =>
      missing.map((name) => ({ file: file.location, path: name, message: 'is missing' })),
    ),
  });
}

function shown(names: readonly string[]): string {
  const list = names.slice(0, 5).map((name) => `"${name}"`);
  return `${list.join(', ')}${names.length > 5 ? ` and ${String(names.length - 5)} more` : ''}`;
}

/** The kind that both sides have; a side without a value has any. */
async function commonKind(
  session: DuckDbSession,
  reference: DataFile,
  current: DataFile,
  name: string,
  types: readonly [string, string],
): Promise<ColumnKind | null> {
  const [left, right] = [kindOfType(types[0]), kindOfType(types[1])];
  if (left === right) return left;
  const first = await firstValue(session, reference, name, 'true');
  const second = await firstValue(session, current, name, 'true');
  if (first === null) return right;
  if (second === null) return left;
  const odd =
    left === 'categorical' || left === null ? { file: reference, ...first } : { file: current, ...second };
  const [here, there] = odd.file === reference ? [types[0], types[1]] : [types[1], types[0]];
  const other = odd.file === reference ? current : reference;
  const message = `holds ${JSON.stringify(odd.value)} (${here}), but ${other.location} has ${there} there`;
  const kind = (await couldBeBoolean(session, [reference, current], name, types)) ? 'boolean' : 'categorical';
  throw new PerennialError(
    DATA_COLUMNS_DIFFER,
    `${odd.file.location}, row ${String(odd.row)}, column "${name}": ${message}. Declare what it is with --type ${name}=${kind}, or leave it out with --exclude ${name}`,
    { problems: [{ file: odd.file.location, line: odd.row, path: name, message }] },
  );
}

/** Whether one side has true and false, and the other nothing but what may stand for them. */
async function couldBeBoolean(
  session: DuckDbSession,
  files: readonly [DataFile, DataFile],
  name: string,
  types: readonly [string, string],
): Promise<boolean> {
  if (!types.some((type) => kindOfType(type) === 'boolean')) return false;
  for (const [i, file] of files.entries()) {
    const value = valueSql(name, types[i]!, 'boolean', types[1 - i]!);
    if ((await firstValue(session, file, name, `(${value}) IS NULL`)) !== null) return false;
  }
  return true;
}

async function mustFit(
  session: DuckDbSession,
  reference: DataFile,
  current: DataFile,
  column: PairedColumn,
  kind: ColumnKind,
): Promise<void> {
  for (const [i, file] of [reference, current].entries()) {
    const isNan = kind === 'categorical' ? 'false' : 'true';
    const bad = await firstValue(session, file, column.name, `${isNan} AND (${column.sql[i]!}) IS NULL`);
    if (bad === null) continue;
    const message = `holds ${JSON.stringify(bad.value)}, which is not ${kind}`;
    throw new PerennialError(
      DATA_COLUMNS_DIFFER,
      `${file.location}, row ${String(bad.row)}, column "${column.name}": ${message}, as --type says`,
      { problems: [{ file: file.location, line: bad.row, path: column.name, message }] },
    );
  }
}

/** The first value that is there and meets a condition, with its row counted from 1. */
async function firstValue(
  session: DuckDbSession,
  file: DataFile,
  name: string,
  condition: string,
): Promise<{ readonly row: number; readonly value: string } | null> {
  const column = quoteName(name);
  const [found] = await session.rows<{ row: number; value: string }>(
    `SELECT row, left(value::VARCHAR, 80) AS value FROM (SELECT row_number() OVER () AS row, ${column} AS value, (${condition}) AS hit
       FROM ${quoteName(file.table)}) WHERE hit AND value IS NOT NULL LIMIT 1`,
  );
  return found ?? null;
}
