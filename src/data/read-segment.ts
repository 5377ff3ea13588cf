import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Source } from '../contracts/spec/sources.ts';
import type { DatasetColumn } from '../domain/dataset.ts';
import { nearestName } from '../domain/nearest-name.ts';
import { conversionSql, datasetType } from './column-types.ts';
import { parseCsvHeader } from './csv-header.ts';
import { isAboutData } from './duckdb-errors.ts';
import type { DescribedColumn, DuckDbSession } from './duckdb.ts';
import type { FileSegment } from './file-segment.ts';
import { quoteName, quoteValue } from './sql-text.ts';

export type FileFormat = Extract<Source, { type: 'files' }>['format'];

export type SegmentReading =
  | { readonly kind: 'read'; readonly columns: readonly DatasetColumn[] }
  /** One line per problem, each with file and line where there are lines. */
  | { readonly kind: 'unreadable'; readonly problems: readonly string[] };

const SHOWN_PROBLEMS = 3;
const RECORD = '__perennial_record';
const MAX_LINE_BYTES = 16 * 2 ** 20;

/**
 * Reads a segment into table `into`, in the order of the file, each column in its type. Values that don't fit their
 * type make the segment unreadable, as do ragged, malformed and truncated files. Without `columns` the types are
 * inferred from all of the segment; a column whose values don't all fit is text.
 */
export async function readSegment(
  session: DuckDbSession,
  segment: FileSegment,
  format: FileFormat,
  columns: readonly DatasetColumn[] | null,
  into: string,
): Promise<SegmentReading> {
  try {
    const expected = columns ?? (await inferColumns(session, segment, format));
    const reader = await readerSql(session, segment, format, expected);
    if ('problem' in reader) return { kind: 'unreadable', problems: [reader.problem] };
    const raw = `${into}_raw`;
    await session.run(`CREATE OR REPLACE TABLE ${quoteName(raw)} AS
      SELECT row_number() OVER () AS ${RECORD}, * FROM ${reader.sql}`);
    const found = new Map((await session.columns(raw)).map((c) => [c.name, c.type]));
    const wanted = columns ?? (await asTextWhereNeeded(session, expected, found, raw));
    const problems = [
      ...(await misfits(session, segment, format, wanted, found, raw)),
      ...(format === 'ndjson' ? await nullLines(session, segment, wanted, raw) : []),
    ];
    if (problems.length > 0) return { kind: 'unreadable', problems };
    const list = wanted.map((c) => {
      const type = found.get(c.name);
      return `${type === undefined ? `NULL::${c.type}` : conversionSql(c, type)} AS ${quoteName(c.name)}`;
    });
    await session.run(
      `CREATE OR REPLACE TABLE ${quoteName(into)} AS SELECT ${list.join(', ')} FROM ${quoteName(raw)} ORDER BY ${RECORD};
       DROP TABLE ${quoteName(raw)}`,
    );
    return { kind: 'read', columns: wanted };
  } catch (error) {
    if (!isAboutData(error)) throw error;
    return { kind: 'unreadable', problems: await syntaxProblems(segment, format, error) };
  }
}

async function inferColumns(
  session: DuckDbSession,
  segment: FileSegment,
  format: FileFormat,
): Promise<DatasetColumn[]> {
  const path = quoteValue(segment.path);
  const reader = {
    ndjson: `read_json(${path}, format = 'newline_delimited', sample_size = -1, maximum_object_size = ${String(MAX_LINE_BYTES)})`,
    csv: `read_csv(${path}, header = true, delim = ',', quote = '"', escape = '"', sample_size = -1)`,
    parquet: `read_parquet(${path})`,
  }[format];
  const rows = await session.rows<DescribedColumn>(`DESCRIBE SELECT * FROM ${reader}`);
  if (format === 'ndjson') await mustBeKeys(session, path, new Set(rows.map((row) => row.column_name)));
  return rows.map((row) => ({
    name: row.column_name,
    type: datasetType(row.column_type),
  }));
}

/**
 * DuckDB gives a key another name when it is empty or differs from one before it in nothing but case, and makes one
 * column of objects with hundreds of keys, or of lines that are none.
 */
async function mustBeKeys(session: DuckDbSession, path: string, columns: ReadonlySet<string>): Promise<void> {
  const objects = `read_ndjson_objects(${path}, maximum_object_size = ${String(MAX_LINE_BYTES)})`;
  const rows = await session.rows<{ key: string }>(
    `SELECT DISTINCT unnest(json_keys(json)) AS key FROM ${objects}`,
  );
  const keys = new Set(rows.map((row) => row.key));
  const unlike = [...keys]
    .filter((key) => !columns.has(key))
    .concat([...columns].filter((c) => !keys.has(c)));
  if (unlike.length === 0 || (await session.rows(`SELECT 1 FROM ${objects} LIMIT 1`)).length === 0) return;
  const shown = unlike.slice(0, SHOWN_PROBLEMS).map((key) => `"${key}"`);
  throw new Error(
    `keys and columns differ in ${shown.join(', ')}: a key is empty, differs from another in nothing but case, or there are too many; declare the source's columns`,
  );
}

/** DuckDB infers dates and booleans in more spellings than a dataset takes: such a column is kept as it is written. */
async function asTextWhereNeeded(
  session: DuckDbSession,
  inferred: readonly DatasetColumn[],
  found: ReadonlyMap<string, string>,
  raw: string,
): Promise<readonly DatasetColumn[]> {
  const counts = inferred.map((c, i) => {
    const type = found.get(c.name) ?? c.type;
    const misfit = `${quoteName(c.name)} IS NOT NULL AND (${conversionSql(c, type)}) IS NULL`;
    return `count(*) FILTER (${misfit}) AS n${String(i)}`;
  });
  if (counts.length === 0) return inferred;
  const [row] = await session.rows<Record<string, number>>(
    `SELECT ${counts.join(', ')} FROM ${quoteName(raw)}`,
  );
  return inferred.map((c, i) => ((row?.[`n${String(i)}`] ?? 0) > 0 ? { ...c, type: 'VARCHAR' } : c));
}

/** The table function that reads the file with every value as text, so that each conversion is ours to judge. */
async function readerSql(
  session: DuckDbSession,
  segment: FileSegment,
  format: FileFormat,
  wanted: readonly DatasetColumn[],
): Promise<{ readonly sql: string } | { readonly problem: string }> {
  const path = quoteValue(segment.path);
  if (format === 'ndjson') {
    const types = wanted.map((c) => `${quoteValue(c.name)}: '${c.type.endsWith('[]') ? c.type : 'VARCHAR'}'`);
    return {
      sql: `read_json(${path}, format = 'newline_delimited', columns = {${types.join(', ')}}, maximum_object_size = ${String(MAX_LINE_BYTES)})`,
    };
  }
  const names =
    format === 'csv'
      ? parseCsvHeader(await firstLine(segment.path))
      : (await session.parquetColumns(segment.path)).map((c) => c.name);
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

/** Values that don't fit the type of their column, as `file:line: column "x" holds "abc", which is no INTEGER`. */
async function misfits(
  session: DuckDbSession,
  segment: FileSegment,
  format: FileFormat,
  wanted: readonly DatasetColumn[],
  found: ReadonlyMap<string, string>,
  raw: string,
): Promise<string[]> {
  const checks = wanted.flatMap((c) => {
    const type = found.get(c.name);
    if (type === undefined || type === c.type) return [];
    const name = quoteName(c.name);
    return [
      `SELECT ${RECORD} AS record, ${quoteValue(c.name)} AS name, ${quoteValue(c.type)} AS type, ${name}::VARCHAR AS value
         FROM ${quoteName(raw)} WHERE ${name} IS NOT NULL AND ${conversionSql(c, type)} IS NULL`,
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
    return `${place}: column "${row.name}" holds "${row.value.slice(0, 80)}", which is no ${row.type}`;
  });
  const more = (rows[0]?.total ?? 0) - rows.length;
  return more > 0 ? [...problems, `${segment.file.uri}: and ${String(more)} more values`] : problems;
}

/** Lines in the file on which records, counted from 1, begin: blank lines and the header are no records. */
async function linesOfRecords(
  segment: FileSegment,
  format: FileFormat,
  records: readonly number[],
): Promise<number[]> {
  if (format === 'parquet' || records.length === 0) return [...records];
  const found = new Map<number, number>();
  const last = Math.max(...records);
  let [line, record, isInQuotes] = [segment.linesBefore, format === 'csv' ? -1 : 0, false];
  for await (const bytes of linesOf(segment.path)) {
    line += 1;
    const text = bytes.toString('utf8');
    if (!isInQuotes && text.trim() !== '') record += 1;
    if (records.includes(record) && !found.has(record)) found.set(record, line);
    // Within quotes a CSV field goes on in the next line; a quote inside of them is written twice.
    if (format === 'csv' && text.split('"').length % 2 === 0) isInQuotes = !isInQuotes;
    if (record >= last) break;
  }
  return records.map((wanted) => found.get(wanted) ?? line);
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
  return lineProblems(segment, (line) => (line.toString('utf8').trim() === 'null' ? NO_OBJECT : null));
}

const NO_OBJECT = 'is no JSON object';

/** The first lines that have a fault, each as `file:line: fault: text`. */
async function lineProblems(
  segment: FileSegment,
  faultOf: (line: Buffer) => string | null,
): Promise<string[]> {
  const problems: string[] = [];
  let line = segment.linesBefore;
  for await (const bytes of linesOf(segment.path)) {
    line += 1;
    const fault = faultOf(bytes);
    if (fault === null) continue;
    const text = bytes.toString('utf8').trimEnd().slice(0, 80);
    problems.push(`${segment.file.uri}:${String(line)}: ${fault}: ${text}`);
    if (problems.length === SHOWN_PROBLEMS) break;
  }
  return problems;
}

/** Why DuckDB takes a line for no object; null where nothing is known against it. */
function faultOfLine(line: Buffer): string | null {
  if (!isUtf8(line)) return 'holds bytes that are no UTF-8';
  const text = line.toString('utf8').replace(/^\uFEFF/, '');
  if (text.trim() === '') return null;
  let isBroken = false;
  try {
    const value: unknown = JSON.parse(text, (key, part: unknown) => {
      isBroken ||= /\p{Surrogate}/u.test(typeof part === 'string' ? key + part : key);
      return part;
    });
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return NO_OBJECT;
  } catch {
    return NO_OBJECT;
  }
  return isBroken ? 'holds half of a surrogate pair' : null;
}

const NEWLINE = 0x0a;

/** The lines of a file without their newline. Unlike those of `readline`, they end at nothing else. */
async function* linesOf(path: string): AsyncGenerator<Buffer> {
  let begun: Buffer[] = [];
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      yield Buffer.concat([...begun, chunk.subarray(from, at)]);
      begun = [];
      from = at + 1;
    }
    if (from < chunk.length) begun.push(chunk.subarray(from));
  }
  if (begun.length > 0) yield Buffer.concat(begun);
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
