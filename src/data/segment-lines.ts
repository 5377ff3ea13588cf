import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import type { FileSegment } from './file-segment.ts';
import type { FileFormat } from './read-segment.ts';

/** Longer lines are refused. */
export const MAX_LINE_BYTES = 16 * 2 ** 20;
/** Of the faults of a file so many are told. */
export const SHOWN_PROBLEMS = 3;
/** How a line is refused that holds something else. */
export const NO_OBJECT = 'is no JSON object';

/** Lines in the file on which records, counted from 1, begin: blank lines and the header are no records. */
export async function linesOfRecords(
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

/** The first lines that have a fault, each as `file:line: fault: text`. */
export async function lineProblems(
  segment: FileSegment,
  faultOf: (line: Buffer) => string | null,
): Promise<string[]> {
  const problems: string[] = [];
  let line = segment.linesBefore;
  for await (const bytes of linesOf(segment.path)) {
    line += 1;
    const fault = faultOf(bytes);
    if (fault === null) continue;
    const text = bytes.subarray(0, 400).toString('utf8').trimEnd().slice(0, 80);
    problems.push(`${segment.file.uri}:${String(line)}: ${fault}: ${text}`);
    if (problems.length === SHOWN_PROBLEMS) break;
  }
  return problems;
}

/** Why DuckDB takes a line for no object; null where nothing is known against it. */
export function faultOfLine(line: Buffer): string | null {
  if (line.length > MAX_LINE_BYTES) return `is longer than ${String(MAX_LINE_BYTES)} bytes`;
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

/**
 * The lines of a file without their newline, of those that are too long the beginning. Unlike the lines of `readline`,
 * they end at nothing else.
 */
async function* linesOf(path: string): AsyncGenerator<Buffer> {
  let begun: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      yield Buffer.concat([...begun, chunk.subarray(from, at)]);
      begun = [];
      bytes = 0;
      from = at + 1;
    }
    if (from < chunk.length && bytes <= MAX_LINE_BYTES) begun.push(chunk.subarray(from));
    bytes += chunk.length - from;
  }
  if (begun.length > 0) yield Buffer.concat(begun);
}
