import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Source } from '../contracts/spec/sources.ts';
import type { DatasetColumn } from '../domain/dataset.ts';
import { nearestName } from '../domain/nearest-name.ts';
import { conversionSql, datasetType } from './column-types.ts';
import { parseCsvHeader } from './csv-header.ts';
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
 * inferred from all of the segment.
 */
export async function readSegment(
  session: DuckDbSession,
  segment: FileSegment,
  format: FileFormat,
  columns: readonly DatasetColumn[] | null,
  into: string,
): Promise<SegmentReading> {
  try {
    const wanted = columns ?? (await inferColumns(session, segment, format));
    const reader = await readerSql(session, segment, format, wanted);
    if ('problem' in reader) return { kind: 'unreadable', problems: [reader.problem] };
    const raw = `${into}_raw`;
    await session.run(`CREATE OR REPLACE TABLE ${quoteName(raw)} AS
      SELECT row_number() OVER () AS ${RECORD}, * FROM ${reader.sql}`);
    const found = new Map((await session.columns(raw)).map((c) => [c.name, c.type]));
    const problems = await misfits(session, segment, format, wanted, found, raw);
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
    // DuckDB's own errors are plain; whatever has a code is about the job, not about the file.
    if (!(error instanceof Error) || 'code' in error || error.name === 'AbortError') throw error;
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
  return rows.map((row) => ({
    name: row.column_name,
    type: datasetType(row.column_type),
  }));
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
      : (await session.rows<DescribedColumn>(`DESCRIBE SELECT * FROM read_parquet(${path})`)).map(
          (r) => r.column_name,
        );
  const missing = wanted.find((c) => !names.includes(c.name));
  if (missing) {
    const near = nearestName(missing.name, names);
    const hint = near === null ? '' : `; did you mean "${near}"?`;
    return {
      problem: `${segment.file.uri}: has no column "${missing.name}"${hint} It has ${names.join(', ')}`,
    };
  }
  if (format === 'parquet') return { sql: `read_parquet(${path})` };
  if (new Set(names).size < names.length) {
    return { problem: `${segment.file.uri}:1: a column name occurs twice: ${names.join(', ')}` };
  }
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

/** Lines in the file of records counted from 1: blank lines and the header are no records. */
async function linesOfRecords(
  segment: FileSegment,
  format: FileFormat,
  records: readonly number[],
): Promise<number[]> {
  if (format === 'parquet' || records.length === 0) return [...records];
  const found = new Map<number, number>();
  const last = Math.max(...records);
  let [line, record] = [segment.linesBefore, format === 'csv' ? -1 : 0];
  for await (const text of createInterface({ input: createReadStream(segment.path) })) {
    line += 1;
    if (text.trim() !== '') record += 1;
    if (records.includes(record) && !found.has(record)) found.set(record, line);
    if (record >= last) break;
  }
  return records.map((wanted) => found.get(wanted) ?? line);
}

async function syntaxProblems(segment: FileSegment, format: FileFormat, error: Error): Promise<string[]> {
  const problems: string[] = [];
  if (format === 'ndjson') {
    let line = segment.linesBefore;
    for await (const text of createInterface({ input: createReadStream(segment.path) })) {
      line += 1;
      if (text.trim() === '' || isObject(text)) continue;
      problems.push(`${segment.file.uri}:${String(line)}: is no JSON object: ${text.slice(0, 80)}`);
      if (problems.length === SHOWN_PROBLEMS) return problems;
    }
  }
  if (problems.length > 0) return problems;
  const detail = error.message.replaceAll(segment.path, segment.file.uri).split('\n').slice(0, 3).join(' | ');
  return [`${segment.file.uri}: ${detail}`];
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
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
