import { createWriteStream } from 'node:fs';
import { access, constants, open, stat, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GetObjectCommand, S3ServiceException } from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import { isMissingObject, s3Unavailable } from '../../artifacts/s3-client.ts';
import {
  DATA_FILE_EMPTY,
  DATA_FILE_FORMAT_UNKNOWN,
  DATA_FILE_NOT_FOUND,
  DATA_FILE_UNREADABLE,
} from '../../errors/data-errors.ts';
import { isPerennialError, PerennialError } from '../../errors/define-error.ts';
import { createFileAccess } from '../file-listing.ts';
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
  readonly s3: () => S3Client;
}

/**
 * The files behind a local path or s3://bucket/key, both with * wildcards; objects are fetched into the scratch directory.
 * @throws PerennialError DATA_FILE_NOT_FOUND, DATA_FILE_UNREADABLE, DATA_FILE_EMPTY; DEPENDENCY_UNAVAILABLE when S3 does not answer
 */
export async function locateDataFiles(location: string, options: LocateOptions): Promise<LocatedFile[]> {
  const names = location.includes('*') ? await expand(location, options) : [location];
  const files: LocatedFile[] = [];
  for (const name of names) {
    const path = join(
      options.directory,
      `data-${String(files.length)}-${crypto.randomUUID()}${suffixOf(name)}`,
    );
    await (name.startsWith('s3://') ? fetchObject(options.s3, name, path) : linkLocal(name, path));
    if ((await stat(path)).size === 0)
      throw new PerennialError(DATA_FILE_EMPTY, `${name} is empty: it has 0 bytes`);
    files.push({ name, path });
  }
  return files;
}

async function expand(pattern: string, options: LocateOptions): Promise<string[]> {
  const isS3 = pattern.startsWith('s3://');
  if (isS3) splitAddress(pattern);
  // Local patterns need no client, and making one would read AWS settings.
  const s3 = isS3 ? options.s3() : (null as unknown as S3Client);
  const found = await createFileAccess({ baseDirectory: process.cwd(), s3, directories: null, closed: [] })
    .list(pattern)
    .catch((error: unknown) => {
      throw refusal(error, pattern);
    });
  if (found.length === 0) throw new PerennialError(DATA_FILE_NOT_FOUND, `no file matches ${pattern}`);
  return found.map((file) => file.uri);
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

async function fetchObject(s3: () => S3Client, name: string, path: string): Promise<void> {
  const { bucket, key } = splitAddress(name);
  try {
    const object = await s3().send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    await pipeline(object.Body as Readable, createWriteStream(path, { mode: 0o600 }));
  } catch (error) {
    if (isMissingObject(error)) throw new PerennialError(DATA_FILE_NOT_FOUND, `there is no object ${name}`);
    throw refusal(s3Unavailable(error, `read ${name}`), name);
  }
}

function splitAddress(address: string): { readonly bucket: string; readonly key: string } {
  const match = /^s3:\/\/([^/*]+)\/(.+)$/.exec(address);
  if (!match?.[1] || !match[2])
    throw new PerennialError(
      DATA_FILE_UNREADABLE,
      `${address} is no address of an object, such as s3://bucket/folder/file.parquet`,
    );
  return { bucket: match[1], key: match[2] };
}

/** What S3 refuses is the caller's to mend; only an S3 that does not answer is worth another try. */
function refusal(error: unknown, name: string): unknown {
  if (!isPerennialError(error)) return error;
  const { cause } = error;
  if (cause instanceof S3ServiceException) {
    const status = cause.$metadata.httpStatusCode ?? 500;
    if (status >= 500 || status === 429) return error;
    const what =
      cause.name === 'NoSuchBucket'
        ? 'there is no such bucket'
        : `S3 refused with ${cause.name} (HTTP ${String(status)})`;
    return new PerennialError(
      DATA_FILE_UNREADABLE,
      `${name} can't be read: ${what}; check the address, the region and the credentials`,
    );
  }
  if (cause instanceof Error && cause.name === 'CredentialsProviderError')
    return new PerennialError(
      DATA_FILE_UNREADABLE,
      `${name} can't be read: no S3 credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`,
    );
  if (error.status < 500) return new PerennialError(DATA_FILE_UNREADABLE, error.message);
  return error;
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
