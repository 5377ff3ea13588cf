import { open } from 'node:fs/promises';
import type { Source } from '../contracts/spec/sources.ts';
import type { DatasetColumn } from '../domain/dataset.ts';
import { nearestName } from '../domain/nearest-name.ts';
import { conversionSql, datasetType, isInteger } from './column-types.ts';
import type { TypeOrigin } from './column-types.ts';
import { parseCsvHeader } from './csv-header.ts';
import { isAboutData } from './duckdb-errors.ts';
import type { DescribedColumn, DuckDbSession } from './duckdb.ts';
import type { FileSegment } from './file-segment.ts';
import {
  faultOfLine,
  lineProblems,
  linesOfRecords,
  MAX_LINE_BYTES,
  NO_OBJECT,
  SHOWN_PROBLEMS,
} from './segment-lines.ts';
import { quoteName, quoteValue } from './sql-text.ts';

export type FileFormat = Extract<Source, { type: 'files' }>['format'];

export type SegmentReading =
  | { readonly kind: 'read'; readonly columns: readonly DatasetColumn[] }
  /** One line per problem, each with file and line where there are lines. */
  | { readonly kind: 'unreadable'; readonly problems: readonly string[] };

// No column of anybody's data is likely to have this name.
const RECORD = quoteName('perennial record');

/** The columns that a segment is read into. */
export interface WantedColumns {
  readonly columns: readonly DatasetColumn[];
  /** No spec declares them: what a segment has beside them is a new column, of the type that is inferred from all of it. */
  readonly mayGrow: boolean;
}

/**
 * Reads a segment into table `into`, in the order of the file, each column in its type. Values that don't fit their
 * type make the segment unreadable, as do ragged, malformed and truncated files. A new column whose values don't all
 * fit what is inferred is text.
 */
export async function readSegment(
  session: DuckDbSession,
  segment: FileSegment,
  format: FileFormat,
  wanted: WantedColumns,
  into: string,
): Promise<SegmentReading> {
  try {
    // The keys of lines are asked for where they may be new: that is a pass over the file.
    const names = format === 'ndjson' && !wanted.mayGrow ? [] : await namesIn(session, segment, format);
    const added = wanted.mayGrow ? await inferColumns(session, segment, format, names, wanted.columns) : [];
    const expected = [...wanted.columns, ...added];
    if (expected.length === 0) return await readNothing(session, segment, into);
    const reader = readerSql(segment, format, names, expected);
    if ('problem' in reader) return { kind: 'unreadable', problems: [reader.problem] };
    const raw = `${into}_raw`;
    const origin = wanted.mayGrow ? 'inferred' : 'declared';
    await session.run(`CREATE OR REPLACE TABLE ${quoteName(raw)} AS
      SELECT row_number() OVER () AS ${RECORD}, * FROM ${reader.sql}`);
    const found = new Map((await session.columns(raw)).map((c) => [c.name, c.type]));
    const columns = [...wanted.columns, ...(await asTextWhereNeeded(session, added, found, raw))];
    const problems = [
      ...(await misfits(session, segment, format, columns, origin, found, raw)),
      ...(format === 'ndjson' ? await nullLines(session, segment, columns, raw) : []),
    ];
    if (problems.length > 0) return { kind: 'unreadable', problems };
    const list = columns.map((c) => {
      const type = found.get(c.name);
      return `${type === undefined ? `NULL::${c.type}` : conversionSql(c, type, origin)} AS ${quoteName(c.name)}`;
    });
    await session.run(
      `CREATE OR REPLACE TABLE ${quoteName(into)} AS SELECT ${list.join(', ')} FROM ${quoteName(raw)} ORDER BY ${RECORD};
       DROP TABLE ${quoteName(raw)}`,
    );
    return { kind: 'read', columns };
  } catch (error) {
    if (!isAboutData(error)) throw error;
    return { kind: 'unreadable', problems: await syntaxProblems(segment, format, error) };
  }
}

/** No line of an NDJSON file has a key yet. */
async function readNothing(
  session: DuckDbSession,
  segment: FileSegment,
  into: string,
): Promise<SegmentReading> {
  const problems = await lineProblems(segment, faultOfLine);
  if (problems.length > 0) return { kind: 'unreadable', problems };
  await session.run(`CREATE OR REPLACE TABLE ${quoteName(into)} AS SELECT 1 AS nothing WHERE false`);
  return { kind: 'read', columns: [] };
}

/** The names of columns, or the keys of all lines, as the file has them. */
async function namesIn(session: DuckDbSession, segment: FileSegment, format: FileFormat): Promise<string[]> {
  if (format === 'csv') return parseCsvHeader(await firstLine(segment.path));
  if (format === 'parquet') return (await session.parquetColumns(segment.path)).map((c) => c.name);
  const rows = await session.rows<{ key: string }>(
    `SELECT DISTINCT unnest(json_keys(json)) AS key
       FROM read_ndjson_objects(${quoteValue(segment.path)}, maximum_object_size = ${String(MAX_LINE_BYTES)})`,
  );
  return rows.map((row) => row.key);
}

/** Columns of the file that are not known yet. */
async function inferColumns(
  session: DuckDbSession,
  segment: FileSegment,
  format: FileFormat,
  names: readonly string[],
  known: readonly DatasetColumn[],
): Promise<DatasetColumn[]> {
  if (format === 'ndjson') mustDifferByMoreThanCase([...known.map((c) => c.name), ...names]);
  const isKnown = new Set(known.map((c) => c.name.toLowerCase()));
  const fresh = new Set(names.filter((name) => !isKnown.has(name.toLowerCase())));
  if (fresh.size === 0) return [];
  const path = quoteValue(segment.path);
  const reader = {
    ndjson: `read_json(${path}, format = 'newline_delimited', sample_size = -1, map_inference_threshold = -1, maximum_object_size = ${String(MAX_LINE_BYTES)})`,
    csv: `read_csv(${path}, header = true, delim = ',', quote = '"', escape = '"', sample_size = -1)`,
    parquet: `read_parquet(${path})`,
  }[format];
  const rows = await session.rows<DescribedColumn>(`DESCRIBE SELECT * FROM ${reader}`);
  return rows
    .filter((row) => fresh.has(row.column_name))
    .map((row) => ({ name: row.column_name, type: datasetType(row.column_type) }));
}

/** DuckDB gives a column another name when it is empty or differs from one before it in nothing but case. */
function mustDifferByMoreThanCase(names: readonly string[]): void {
  const seen = new Map([['', '']]);
  for (const name of names) {
    const before = seen.get(name.toLowerCase());
    if (before !== undefined && (before !== name || name === ''))
      throw new Error(
        name === ''
          ? "a key is empty; declare the source's columns"
          : `key "${name}" differs from "${before}" in nothing but case; declare the source's columns`,
      );
    seen.set(name.toLowerCase(), name);
  }
}

/** DuckDB infers dates, booleans and integers in more spellings than a dataset takes: such a column is kept as it is written. */
async function asTextWhereNeeded(
  session: DuckDbSession,
  inferred: readonly DatasetColumn[],
  found: ReadonlyMap<string, string>,
  raw: string,
): Promise<readonly DatasetColumn[]> {
  const counts = inferred.map((c, i) => {
    const type = found.get(c.name) ?? c.type;
    const misfit = `${quoteName(c.name)} IS NOT NULL AND (${conversionSql(c, type, 'inferred')}) IS NULL`;
    return `count(*) FILTER (${misfit}) AS n${String(i)}`;
  });
  if (counts.length === 0) return inferred;
  const [row] = await session.rows<Record<string, number>>(
    `SELECT ${counts.join(', ')} FROM ${quoteName(raw)}`,
  );
  return inferred.map((c, i) => ((row?.[`n${String(i)}`] ?? 0) > 0 ? { ...c, type: 'VARCHAR' } : c));
}

/** The table function that reads the file with every value as text, so that each conversion is ours to judge. */
function readerSql(
  segment: FileSegment,
  format: FileFormat,
  names: readonly string[],
  wanted: readonly DatasetColumn[],
): { readonly sql: string } | { readonly problem: string } {
  const path = quoteValue(segment.path);
  if (format === 'ndjson') {
    const types = wanted.map((c) => `${quoteValue(c.name)}: '${jsonType(c.type)}'`);
    return {
      sql: `read_json(${path}, format = 'newline_delimited', columns = {${types.join(', ')}}, maximum_object_size = ${String(MAX_LINE_BYTES)})`,
    };
  }
  if (format === 'csv' && new Set(names.map((name) => name.toLowerCase())).size < names.length) {
    return { problem: `${segment.file.uri}:1: a column name occurs twice: ${names.join(', ')}` };
  }
  const missing = wanted.find((c) => !names.includes(c.name));
  if (missing) {
    const near = nearestName(missing.name, names);
    const hint = near === null ? '' : `; did you mean "${near}"?`;
    return {
      problem: `${segment.file.uri}: has no column "${missing.name}"${hint} It has ${names.join(', ')}`,
    };
  }
  if (format === 'parquet') return { sql: `read_parquet(${path})` };
  const types = names.map((name) => `${quoteValue(name)}: 'VARCHAR'`).join(', ');
  return {
    sql: `read_csv(${path}, header = true, auto_detect = false, delim = ',', quote = '"', escape = '"', strict_mode = true, columns = {${types}})`,
  };
}

const LEADING_ZERO = /^[-+]?0[0-9]+$/;

/** Values of lists are read as text, too, but for long lists of numbers: DOUBLE takes any number as it is. */
function jsonType(type: string): string {
  if (type === 'DOUBLE[]') return type;
  return type.endsWith('[]') ? 'VARCHAR[]' : 'VARCHAR';
}

/** Values that don't fit the type of their column, as `file:line: column "x" holds "abc", which is no INTEGER`. */
async function misfits(
  session: DuckDbSession,
  segment: FileSegment,
  format: FileFormat,
  wanted: readonly DatasetColumn[],
  origin: TypeOrigin,
  found: ReadonlyMap<string, string>,
  raw: string,
): Promise<string[]> {
  const checks = wanted.flatMap((c) => {
    const type = found.get(c.name);
    if (type === undefined || type === c.type) return [];
    const name = quoteName(c.name);
    return [
      `SELECT ${RECORD} AS record, ${quoteValue(c.name)} AS name, ${quoteValue(c.type)} AS type, ${name}::VARCHAR AS value
         FROM ${quoteName(raw)} WHERE ${name} IS NOT NULL AND ${conversionSql(c, type, origin)} IS NULL`,
    ];
  });
  if (checks.length === 0) return [];
  const rows = await session.rows<{
    record: number;
    name: string;
    type: string;
    value: string;
    total: number;
  }>(
    `SELECT *, count(*) OVER () AS total FROM (${checks.join(' UNION ALL ')}) ORDER BY record, name LIMIT ${String(SHOWN_PROBLEMS)}`,
  );
  const lines = await linesOfRecords(
    segment,
    format,
    rows.map((row) => row.record),
  );
  const problems = rows.map((row, index) => {
    const place = `${segment.file.uri}:${String(lines[index])}`;
    const hint =
      origin === 'inferred' && isInteger(row.type) && LEADING_ZERO.test(row.value)
        ? " with its leading zero; declare the source's columns to take it for one"
        : '';
    return `${place}: column "${row.name}" holds "${row.value.slice(0, 80)}", which is no ${row.type}${hint}`;
  });
  const more = (rows[0]?.total ?? 0) - rows.length;
  return more > 0 ? [...problems, `${segment.file.uri}: and ${String(more)} more values`] : problems;
}

async function syntaxProblems(segment: FileSegment, format: FileFormat, error: Error): Promise<string[]> {
  const problems = format === 'ndjson' ? await lineProblems(segment, faultOfLine) : [];
  if (problems.length > 0) return problems;
  const detail = error.message
    .replaceAll(segment.path, segment.file.uri)
    .replace(/(?<=\bin line )\d+/, (line) => String(Number(line) + segment.linesBefore))
    .split('\n')
    .slice(0, 3)
    .join(' | ');
  return [`${segment.file.uri}: ${detail}`];
}

const NULL_LINE = /^\s*null\s*$/;

/** DuckDB takes a line `null` for a row without any value. */
async function nullLines(
  session: DuckDbSession,
  segment: FileSegment,
  wanted: readonly DatasetColumn[],
  raw: string,
): Promise<string[]> {
  const empty = wanted.map((c) => `${quoteName(c.name)} IS NULL`).join(' AND ');
  const rows = await session.rows(`SELECT 1 FROM ${quoteName(raw)} WHERE ${empty || 'true'} LIMIT 1`);
  if (rows.length === 0) return [];
  return lineProblems(segment, (line) =>
    NULL_LINE.test(line.subarray(0, 80).toString('utf8')) ? NO_OBJECT : null,
  );
}

async function firstLine(path: string): Promise<string> {
  const file = await open(path);
  try {
    for await (const line of file.readLines({ autoClose: false })) return line;
    return '';
  } finally {
    await file.close();
  }
}
