import { access, constants, open, stat, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { S3Client } from '@aws-sdk/client-s3';
import {
  DATA_FILE_EMPTY,
  DATA_FILE_FORMAT_UNKNOWN,
  DATA_FILE_NOT_FOUND,
  DATA_FILE_UNREADABLE,
} from '../../errors/data-errors.ts';
import { PerennialError } from '../../errors/define-error.ts';
import type { FileFormat } from '../read-segment.ts';

/** One file of a data set, under a path that DuckDB takes as it is. */
export interface LocatedFile {
  /** As a person wrote it, or as a wildcard found it: what messages name. */
  readonly name: string;
  /** In the job's scratch directory, so that no character of the name is a wildcard; gone with the job. */
  readonly path: string;
}

export interface LocateOptions {
  /** The job's scratch directory. */
  readonly directory: string;
  /** Called only for s3:// addresses. */
  readonly s3: () => Promise<S3Client>;
}

/** The SDK of S3 takes as long to load as all else that a command needs; the path of a local file needs none of it. */
const remote = () => import('./remote-data-files.ts');

/**
 * The files behind a local path or s3://bucket/key, both with * wildcards; objects are fetched into the scratch directory.
 * @throws PerennialError DATA_FILE_NOT_FOUND, DATA_FILE_UNREADABLE, DATA_FILE_EMPTY; DEPENDENCY_UNAVAILABLE when S3 does not answer
 */
export async function locateDataFiles(location: string, options: LocateOptions): Promise<LocatedFile[]> {
  const names = location.includes('*')
    ? await (await remote()).expandPattern(location, options.s3)
    : [location];
  const files: LocatedFile[] = [];
  for (const name of names) {
    const path = join(
      options.directory,
      `data-${String(files.length)}-${crypto.randomUUID()}${suffixOf(name)}`,
    );
    if (name.startsWith('s3://')) await (await remote()).fetchObject(options.s3, name, path);
    else await linkLocal(name, path);
    if ((await stat(path)).size === 0)
      throw new PerennialError(DATA_FILE_EMPTY, `${name} is empty: it has 0 bytes`);
    files.push({ name, path });
  }
  return files;
}

async function linkLocal(name: string, path: string): Promise<void> {
  const absolute = resolve(name);
  const info = await stat(absolute).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR')
      throw new PerennialError(DATA_FILE_NOT_FOUND, `there is no file ${name} (looked in ${process.cwd()})`);
    throw new PerennialError(DATA_FILE_UNREADABLE, `${name} can't be read: ${error.code ?? error.message}`);
  });
  if (info.isDirectory())
    throw new PerennialError(
      DATA_FILE_UNREADABLE,
      `${name} is a folder; name its files, such as ${join(name, '*.parquet')}`,
    );
  if (!info.isFile())
    throw new PerennialError(DATA_FILE_UNREADABLE, `${name} is no regular file; save its content into one`);
  await access(absolute, constants.R_OK).catch(() => {
    throw new PerennialError(
      DATA_FILE_UNREADABLE,
      `${name} may not be read by this user; check its permissions`,
    );
  });
  await symlink(absolute, path);
}

const SUFFIXES: Readonly<Record<string, FileFormat>> = {
  csv: 'csv',
  tsv: 'csv',
  parquet: 'parquet',
  pq: 'parquet',
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  json: 'ndjson',
};

/** DuckDB reads from the suffix that a file is compressed. */
function suffixOf(name: string): string {
  return /(\.\w+)?\.gz$/i.exec(name)?.[0].toLowerCase() ?? '';
}

/** The format that a file's name tells, or else its first bytes. @throws PerennialError DATA_FILE_FORMAT_UNKNOWN */
export async function formatOf(file: LocatedFile): Promise<FileFormat> {
  const suffix = /\.(\w+)(?:\.gz)?$/.exec(file.name)?.[1]?.toLowerCase() ?? '';
  const head = await readHead(file.path);
  if (head.subarray(0, 4).toString('latin1') === 'PAR1') return 'parquet';
  const format = SUFFIXES[suffix];
  if (format !== undefined) return format;
  throw new PerennialError(
    DATA_FILE_FORMAT_UNKNOWN,
    `${file.name}: its name doesn't tell its format (.csv, .tsv, .parquet, .ndjson or .jsonl, also with .gz); say it with --format`,
  );
}

async function readHead(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
