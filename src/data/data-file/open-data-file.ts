import type { S3Client } from '@aws-sdk/client-s3';
import type { Column, DuckDbSession } from '../duckdb.ts';
import type { FileFormat } from '../read-segment.ts';
import { quoteName } from '../sql-text.ts';
import { formatOf, locateDataFiles } from './locate-data-file.ts';
import { loadCsv } from './load-csv.ts';
import { loadNdjson } from './load-ndjson.ts';
import { mustBeWhole } from './unpacked.ts';
import { viewParquet } from './view-parquet.ts';

export interface DataFile {
  /** Where it came from, as it was written. */
  readonly location: string;
  /** How many files the location stands for. */
  readonly files: number;
  readonly format: FileFormat;
  /** The table or view in the session that holds its rows, in the order of the file. */
  readonly table: string;
  readonly columns: readonly Column[];
  readonly rows: number;
}

export interface OpenDataFileOptions {
  /** Name of the table or view. */
  readonly as: string;
  /** Else told from the name. */
  readonly format?: FileFormat | undefined;
  /** Columns that are text, whatever they look like. */
  readonly text?: readonly string[];
  /** Numbers of CSV stay as they are written, with their leading zeros. */
  readonly numbersAsText?: boolean;
  /** Called only for s3:// addresses. */
  readonly s3: () => Promise<S3Client>;
}

/**
 * Opens CSV, Parquet or NDJSON that nobody prepared: types are inferred, and whatever is wrong with the file is an
 * error with file, column and row. In CSV the empty value is NULL, and so are NA, N/A, null, None and the like among
 * numbers and times; NaN may stay NaN. A column of at least nine numbers (or times) in ten with other text among them
 * is an error and not text.
 * @throws PerennialError DATA_FILE_…; DEPENDENCY_UNAVAILABLE when S3 does not answer
 */
export async function openDataFile(
  session: DuckDbSession,
  location: string,
  options: OpenDataFileOptions,
): Promise<DataFile> {
  const files = await locateDataFiles(location, { directory: session.directory, s3: options.s3 });
  const first = files[0];
  if (!first) throw new Error('a location without a file was not refused');
  const format = options.format ?? (await formatOf(first));
  const { as, text = [], numbersAsText = false } = options;
  await mustBeWhole(files);
  if (format === 'csv') await loadCsv(session, files, as, { text: new Set(text), numbersAsText });
  else if (format === 'ndjson') await loadNdjson(session, files, as, new Set(text));
  else await viewParquet(session, files, as);
  const [counted] = await session.rows<{ n: number }>(`SELECT count(*) AS n FROM ${quoteName(as)}`);
  return {
    location,
    files: files.length,
    format,
    table: as,
    columns: await session.columns(as),
    rows: Number(counted?.n),
  };
}
