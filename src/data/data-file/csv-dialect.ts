import { DATA_FILE_EMPTY, DATA_FILE_MALFORMED } from '../../errors/data-errors.ts';
import { PerennialError } from '../../errors/define-error.ts';
import { parseCsvHeader } from '../csv-header.ts';
import { quoteValue } from '../sql-text.ts';
import type { LocatedFile } from './locate-data-file.ts';
import { unpacked } from './unpacked.ts';

/** A row may be this long, so that one giant value is data and a file without line ends is not read into memory. */
export const MAX_ROW_BYTES = 16 * 2 ** 20;

export interface CsvDialect {
  readonly delimiter: string;
  /** Names of the header; an unnamed column is `unnamed_` and its number, as data frames write their index. */
  readonly names: readonly string[];
}

/** Separators that a header without a comma may use. */
const OTHER_DELIMITERS = ['\t', ';', '|'];

/** Reads delimiter and names off the header. @throws PerennialError DATA_FILE_EMPTY, DATA_FILE_MALFORMED */
export async function readCsvDialect(file: LocatedFile): Promise<CsvDialect> {
  const line = (await firstLine(file)).replace(/\r$/, '');
  if (line.trim() === '')
    throw new PerennialError(DATA_FILE_EMPTY, `${file.name}:1: the header line is empty`);
  if (line.includes('\0'))
    throw new PerennialError(
      DATA_FILE_MALFORMED,
      `${file.name}:1: holds a NUL byte, which no text has; is this a CSV file?`,
    );
  const unquoted = line.replaceAll(/"[^"]*"/g, '');
  const delimiter = unquoted.includes(',')
    ? ','
    : (OTHER_DELIMITERS.find((d) => unquoted.includes(d)) ?? ',');
  const names = parseCsvHeader(line, delimiter).map((name, i) => name || `unnamed_${String(i + 1)}`);
  const seen = new Set<string>();
  for (const [index, name] of names.entries()) {
    // SQL names differ by more than their case.
    const key = name.toLowerCase();
    if (seen.has(key)) {
      const message = `column ${String(index + 1)} has the name "${name}", which an earlier column has (upper and lower case count as the same)`;
      throw new PerennialError(DATA_FILE_MALFORMED, `${file.name}:1: ${message}; rename one of them`, {
        problems: [{ file: file.name, line: 1, path: name, message }],
      });
    }
    seen.add(key);
  }
  return { delimiter, names };
}

/** Options of `read_csv` that leave nothing about the dialect to guess. */
export function dialectSql(dialect: CsvDialect): string {
  return `header = true, delim = ${quoteValue(dialect.delimiter)}, quote = '"', escape = '"', strict_mode = true,
    max_line_size = ${String(MAX_ROW_BYTES)}, buffer_size = ${String(2 * MAX_ROW_BYTES)}`;
}

async function firstLine(file: LocatedFile): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of unpacked(file)) {
    const end = chunk.indexOf(0x0a);
    parts.push(end === -1 ? chunk : chunk.subarray(0, end));
    bytes += chunk.length;
    if (end !== -1) break;
    if (bytes > MAX_ROW_BYTES) {
      throw new PerennialError(
        DATA_FILE_MALFORMED,
        `${file.name}:1: the header is longer than ${String(MAX_ROW_BYTES / 2 ** 20)} MiB; is this a CSV file with line ends?`,
      );
    }
  }
  return Buffer.concat(parts).toString('utf8');
}
