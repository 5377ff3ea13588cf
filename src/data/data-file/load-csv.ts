import { DATA_FILE_MALFORMED } from '../../errors/data-errors.ts';
import { PerennialError } from '../../errors/define-error.ts';
import type { DescribedColumn, DuckDbSession } from '../duckdb.ts';
import { quoteName, quoteValue } from '../sql-text.ts';
import { dialectSql, readCsvDialect } from './csv-dialect.ts';
import type { CsvDialect } from './csv-dialect.ts';
import type { LocatedFile } from './locate-data-file.ts';
import { findNarrow } from './narrow-types.ts';
import type { Narrowing } from './narrow-types.ts';
import { settledSql, settleText } from './settle-text.ts';
import { columnsWithUnreadTimes, timeSql } from './time-text.ts';

/** Times come second: DuckDB takes "inf" for a date when it may. */
const CANDIDATES = [
  ['VARCHAR', 'DOUBLE', 'BIGINT', 'BOOLEAN'],
  ['VARCHAR', 'TIMESTAMPTZ', 'TIMESTAMP', 'DATE', 'TIME'],
];
/** A reader of the narrow type would round 0.5 and cut a time of day without a word. */
const READ_AS: Readonly<Record<string, string>> = {
  BIGINT: 'DOUBLE',
  DATE: 'TIMESTAMP',
  'TIMESTAMP WITH TIME ZONE': 'TIMESTAMP',
};
const NUMBERS = new Set(['BIGINT', 'DOUBLE']);
const MAX_REJECTS = 1_000;
/** Where DuckDB records rows that don't fit; plain names, for it takes no others. */
const [REJECTS, SCANS] = ['csv_rejects', 'csv_scans'];
const WIDE_COLUMNS = 1_000;
const [BASE_MB, MB_PER_COLUMN] = [512, 0.2];

/** Type by column name, in the order of the header. */
type Types = ReadonlyMap<string, string>;

/** A row that does not fit, as DuckDB records it. */
interface Reject {
  readonly file: string;
  readonly line: number;
  readonly name: string | null;
  readonly kind: string;
  readonly text: string;
  readonly message: string;
}

/**
 * Loads CSV files with the same header, each column in the type that its first rows show and all of them bear out.
 * `text` names columns that stay as they are written; `numbersAsText` leaves all numbers so, with their leading zeros.
 * @throws PerennialError DATA_FILE_EMPTY, DATA_FILE_MALFORMED, DATA_FILE_MIXED_TYPES
 */
export async function loadCsv(
  session: DuckDbSession,
  files: readonly LocatedFile[],
  as: string,
  { text, numbersAsText }: { readonly text: ReadonlySet<string>; readonly numbersAsText: boolean },
): Promise<void> {
  const dialect = await sharedDialect(files);
  await makeRoom(session, dialect.names.length);
  const rows = `${as} rows`;
  const sniffed = await sniff(session, files, dialect);
  const types = new Map(
    [...sniffed].map(([name, type]) => {
      const asText = text.has(name) || (numbersAsText && NUMBERS.has(type));
      return [name, asText ? 'VARCHAR' : (READ_AS[type] ?? type)];
    }),
  );
  const narrow = await loadWhole(session, files, dialect, sniffed, types, rows);
  const open = dialect.names.filter((name) => types.get(name) === 'VARCHAR' && !text.has(name));
  const settled = await settleText(session, rows, open, async (name, type) => {
    const strict = new Map([...types.keys()].map((n) => [n, n === name ? type : 'VARCHAR']));
    const [first] = await load(session, files, dialect, strict, rows, { convert: false });
    return first ? { file: first.file, line: first.line } : null;
  });
  const typed = new Map(
    dialect.names.flatMap((name): (readonly [string, string])[] => {
      const type = settled.get(name);
      if (type !== undefined)
        return [[name, settledSql(name, numbersAsText && type === 'DOUBLE' ? 'VARCHAR' : type)]];
      if (narrow.integers.has(name)) return [[name, `${quoteName(name)}::BIGINT`]];
      return narrow.days.has(name) ? [[name, `${quoteName(name)}::DATE`]] : [];
    }),
  );
  const list = dialect.names.map((name) => `${typed.get(name) ?? quoteName(name)} AS ${quoteName(name)}`);
  await session.run(
    typed.size === 0
      ? `ALTER TABLE ${quoteName(rows)} RENAME TO ${quoteName(as)}`
      : `CREATE VIEW ${quoteName(as)} AS SELECT ${list.join(', ')} FROM ${quoteName(rows)}`,
  );
}

/** Loads until every row fits, with wider `types` each time; usually that is once. */
async function loadWhole(
  session: DuckDbSession,
  files: readonly LocatedFile[],
  dialect: CsvDialect,
  sniffed: Types,
  types: Map<string, string>,
  rows: string,
): Promise<Narrowing> {
  const readWide = (type: string): string[] =>
    dialect.names.filter((name) => sniffed.get(name) === type && types.get(name) === READ_AS[type]);
  for (;;) {
    const rejects = await load(session, files, dialect, types, rows, { convert: true });
    const broken = rejects.find((reject) => reject.kind !== 'CAST');
    if (broken) throw malformed(broken);
    // A value further down that the type of the first rows can't hold: all values then say which type it is.
    for (const { name } of rejects) if (name !== null) types.set(name, 'VARCHAR');
    if (rejects.length > 0) continue;
    const times = dialect.names.filter((name) => types.get(name) === 'TIMESTAMP');
    const noTimes = await columnsWithUnreadTimes(session, rows, times);
    for (const name of noTimes) types.set(name, 'VARCHAR');
    if (noTimes.length > 0) continue;
    // A view of so many conversions takes seconds to plan for each query.
    const wide = dialect.names.length >= WIDE_COLUMNS;
    const looked = { integers: readWide('BIGINT'), days: readWide('DATE') };
    const narrow = await findNarrow(session, rows, wide ? { integers: [], days: [] } : looked);
    if (narrow.large.length === 0) return narrow;
    for (const name of narrow.large) types.set(name, 'BIGINT');
  }
}

/** DuckDB parses 2048 rows of all columns at once: with thousands of columns that is more than a job usually may take. */
async function makeRoom(session: DuckDbSession, columns: number): Promise<void> {
  if (columns < WIDE_COLUMNS) return;
  const limitMb = Math.ceil(BASE_MB + columns * MB_PER_COLUMN);
  await session.run(`SET threads = 1; SET memory_limit = '${String(limitMb)}MB'`);
}

async function sharedDialect(files: readonly LocatedFile[]): Promise<CsvDialect> {
  const [first, ...others] = files;
  if (!first) throw new Error('there is no file to load');
  const dialect = await readCsvDialect(first);
  for (const file of others) {
    const other = await readCsvDialect(file);
    if (other.delimiter === dialect.delimiter && other.names.join('\n') === dialect.names.join('\n'))
      continue;
    throw new PerennialError(
      DATA_FILE_MALFORMED,
      `${file.name}:1: has the columns ${shown(other.names)}, but ${first.name} has ${shown(dialect.names)}; files that are read together need one header`,
    );
  }
  return dialect;
}

/** The types that the first rows show; text where the file is too broken to tell, so that loading it says where. */
async function sniff(
  session: DuckDbSession,
  files: readonly LocatedFile[],
  dialect: CsvDialect,
): Promise<Types> {
  const types = new Map(dialect.names.map((name) => [name, 'VARCHAR']));
  const names = dialect.names.map(quoteValue).join(', ');
  for (const candidates of CANDIDATES) {
    const reader = `read_csv(${paths(files)}, ${dialectSql(dialect)}, names = [${names}],
      auto_type_candidates = [${candidates.map(quoteValue).join(', ')}])`;
    const rows = await session
      .rows<DescribedColumn>(`DESCRIBE SELECT * FROM ${reader}`)
      .catch((error: unknown) => {
        if (error instanceof PerennialError || !(error instanceof Error) || error.name === 'AbortError')
          throw error;
        return [];
      });
    for (const { column_name: name, column_type: type } of rows) {
      if (types.get(name) === 'VARCHAR') types.set(name, type);
    }
  }
  return types;
}

/**
 * Loads what fits into a table. `convert` reads times as text and makes times of them, for the reader of times ignores
 * an offset without a word; what is no time is then `UNREAD_TIME`. Without it the order of rows is that of the file.
 * @returns the rows that don't fit; then the table is useless
 */
async function load(
  session: DuckDbSession,
  files: readonly LocatedFile[],
  dialect: CsvDialect,
  types: Types,
  table: string,
  { convert }: { readonly convert: boolean },
): Promise<Reject[]> {
  await session.run(`DROP TABLE IF EXISTS ${REJECTS}; DROP TABLE IF EXISTS ${SCANS}`);
  const converted = [...types].flatMap(([name, type]) => (convert && type === 'TIMESTAMP' ? [name] : []));
  const read = new Map([...types, ...converted.map((name) => [name, 'VARCHAR'] as const)]);
  const typed = [...read].map(([name, type]) => `${quoteValue(name)}: '${type}'`).join(', ');
  const times = converted.map((name) => `${timeSql(quoteName(name))} AS ${quoteName(name)}`).join(', ');
  await session.run(
    `CREATE OR REPLACE TABLE ${quoteName(table)} AS SELECT * ${times && `REPLACE (${times})`}
       FROM read_csv(${paths(files)}, ${dialectSql(dialect)}, auto_detect = false, columns = {${typed}},
         store_rejects = true, rejects_table = '${REJECTS}', rejects_scan = '${SCANS}',
         rejects_limit = ${String(MAX_REJECTS)}${convert ? '' : ', parallel = false'})`,
  );
  const found = await session.rows<Omit<Reject, 'file'> & { path: string }>(
    `SELECT s.file_path AS path, r.line, r.column_name AS name, r.error_type::VARCHAR AS kind, r.csv_line[:120] AS text,
       r.error_message AS message FROM ${REJECTS} r JOIN ${SCANS} s USING (scan_id, file_id)
     ORDER BY s.file_id, r.line, r.column_idx`,
  );
  return found.map(({ path, ...reject }) => ({
    ...reject,
    file: files.find((file) => file.path === path)?.name ?? path,
  }));
}

function malformed({ file, line, name, message, text }: Reject): PerennialError {
  const column = name === null ? '' : `, column "${name}"`;
  const first = message.split('\n')[0] ?? '';
  const [, wanted, found] = /^Expected Number of Columns: (\d+) Found: (\d+)/.exec(first) ?? [];
  const what = wanted === undefined ? first : `the header has ${wanted} columns, this row has ${found ?? ''}`;
  const detail = `${what}, in: ${text.replaceAll('\n', '\\n')}`;
  return new PerennialError(DATA_FILE_MALFORMED, `${file}:${String(line)}${column}: ${detail}`, {
    problems: [{ file, line, message: detail, ...(name === null ? {} : { path: name }) }],
  });
}

const paths = (files: readonly LocatedFile[]): string =>
  `[${files.map((file) => quoteValue(file.path)).join(', ')}]`;

function shown(names: readonly string[]): string {
  const more = names.length - 10;
  return `${names.slice(0, 10).join(', ')}${more > 0 ? ` and ${String(more)} more` : ''}`;
}
