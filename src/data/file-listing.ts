import type { Stats } from 'node:fs';
import { open, readdir, realpath, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { Readable } from 'node:stream';
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import { isChangedObject, isMissingObject, s3Unavailable } from '../artifacts/s3-client.ts';
import { SOURCE_UNREADABLE } from '../errors/data-errors.ts';
import { PerennialError } from '../errors/define-error.ts';

export interface ListedFile {
  /** Absolute path or s3:// address: the file's name in a source's position. */
  readonly uri: string;
  readonly size: number;
  /** Changes when the file does: time of change, or S3's ETag. `*` where there is none. */
  readonly stamp: string;
  /**
   * Of a local file, stays when it is renamed: inode and time of birth. The inode alone, where the file system keeps no
   * times of birth, may become another file's once this one is removed.
   */
  readonly identity?: string;
}

/** No other file ever has this identity. */
export function isUnique(identity: string): boolean {
  return identity.includes(':');
}

interface LocalFile extends ListedFile {
  readonly identity: string;
  /** Only good for telling files of one listing apart: it may be another after the next mount. */
  readonly device: number;
}

export interface FileAccess {
  /** Files that match, in the order of their names. */
  list(pattern: string): Promise<ListedFile[]>;
  /** Bytes [from, to) of a file. @throws FileGone */
  read(file: ListedFile, from: number, to: number): Promise<Readable>;
}

/** By now the name that a file was listed under is another file's, or on S3 another object's, or nobody's. */
export class FileGone extends Error {
  constructor(file: ListedFile) {
    super(`${file.uri}: was renamed, replaced or removed since it was listed`);
  }
}

export interface FileAccessOptions {
  readonly baseDirectory: string;
  readonly s3: S3Client;
  /** Local files must lie in one of these directories; null: anywhere but in `closed`. */
  readonly directories: readonly string[] | null;
  /** Files that hold secrets of the service itself. */
  readonly closed: readonly string[];
}

/** Files of the kernel: the memory and the environment of processes, and devices. */
const KERNEL_DIRECTORIES = ['/proc', '/sys', '/dev'];

/**
 * Reads local paths, relative to `baseDirectory`, and s3:// addresses, both with * wildcards.
 * @throws PerennialError SOURCE_UNREADABLE for a local file that, links followed, lies where no source may.
 */
export function createFileAccess(options: FileAccessOptions): FileAccess {
  return {
    async list(pattern) {
      if (pattern.startsWith('s3://')) return inOrder(await listS3(options.s3, pattern));
      const path = resolve(options.baseDirectory, pattern);
      return onceEach(path, inOrder(await settled(() => listLocal(path))), options);
    },
    async read(file, from, to) {
      if (to <= from) return Readable.from([]);
      return file.uri.startsWith('s3://') ? readS3(options.s3, file, from, to) : readLocal(file, from, to);
    },
  };
}

const MAX_LOOKS = 5;

/**
 * Looks until all names stand for the files for which they stood a look ago. Of a log that is rotated between the
 * reading of the names and of what they stand for, one file is missing.
 */
export async function settled<T extends ListedFile>(look: () => Promise<T[]>): Promise<T[]> {
  let listed = await look();
  for (let looks = 1; looks < MAX_LOOKS; looks += 1) {
    const before = listed;
    listed = await look();
    const identities = new Map(listed.map((file) => [file.uri, file.identity]));
    if (before.every((file) => identities.get(file.uri) === file.identity)) break;
  }
  return listed;
}

function inOrder<T extends ListedFile>(files: readonly T[]): T[] {
  return [...files].sort((a, b) => (a.uri < b.uri ? -1 : a.uri > b.uri ? 1 : 0));
}

/** One name of each file, if it has one that is no link: each further name would give its rows again. */
async function onceEach(
  pattern: string,
  files: readonly LocalFile[],
  options: FileAccessOptions,
): Promise<ListedFile[]> {
  const folder = pattern.slice(0, pattern.lastIndexOf(sep, pattern.indexOf('*')));
  const names = new Map<string, ListedFile>();
  for (const file of files) {
    const path = await openPath(file, options);
    if (path === null) continue;
    const key = isUnique(file.identity) ? `${String(file.device)}:${file.identity}` : path;
    if (!names.has(key) || path.endsWith(file.uri.slice(folder.length))) names.set(key, file);
  }
  const kept = new Set(names.values());
  return files.filter((file) => kept.has(file));
}

/** The file's path, links followed; null: it is gone. */
async function openPath(
  file: ListedFile,
  { directories, closed }: FileAccessOptions,
): Promise<string | null> {
  const path = await realpath(file.uri).catch(() => null);
  if (path === null) return null;
  const [shutFiles, opened] = await Promise.all([realPaths(closed), realPaths(directories ?? [sep])]);
  const shut = KERNEL_DIRECTORIES.some((directory) => isWithin(path, directory)) || shutFiles.includes(path);
  if (shut) throw new PerennialError(SOURCE_UNREADABLE, `${file.uri} is no file that a source may read`);
  if (opened.some((directory) => isWithin(path, directory))) return path;
  throw new PerennialError(
    SOURCE_UNREADABLE,
    `${file.uri} lies outside of the directories that sources may read; an operator can add its directory to PERENNIAL_SOURCE_DIRS of the data worker`,
  );
}

async function realPaths(paths: readonly string[]): Promise<string[]> {
  return Promise.all(paths.map((path) => realpath(path).catch(() => path)));
}

function isWithin(path: string, directory: string): boolean {
  const way = relative(directory, path);
  return way !== '..' && !way.startsWith(`..${sep}`);
}

/** A wildcard stands for any run of characters within one folder or file name. */
function matcher(pattern: string): RegExp {
  const escaped = pattern.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*');
  return new RegExp(`^${escaped}$`);
}

async function listLocal(pattern: string): Promise<LocalFile[]> {
  const parts = pattern.split(sep).slice(1);
  let paths: string[] = [sep];
  for (const part of parts) {
    if (!part.includes('*')) {
      paths = paths.map((path) => join(path, part));
      continue;
    }
    const matches = matcher(part);
    const found = await Promise.all(
      paths.map(async (path) => {
        const names = await readdir(path).catch(() => []);
        // As in a shell, so that a writer can hide a file until it is whole.
        const shown = part.startsWith('.') ? names : names.filter((name) => !name.startsWith('.'));
        return shown.filter((name) => matches.test(name)).map((name) => join(path, name));
      }),
    );
    paths = found.flat();
  }
  const files = await Promise.all(
    paths.map(async (uri) => {
      const info = await stat(uri).catch(() => null);
      if (info === null && uri.includes(UNDECODED)) throw notUtf8(uri);
      if (!info?.isFile()) return null;
      return {
        uri,
        size: info.size,
        stamp: String(info.mtimeMs),
        identity: identityOf(info),
        device: info.dev,
      };
    }),
  );
  return files.filter((file) => file !== null);
}

function identityOf({ ino, birthtimeMs }: Stats): string {
  return birthtimeMs === 0 ? String(ino) : `${String(ino)}:${String(birthtimeMs)}`;
}

async function readLocal(file: ListedFile, from: number, to: number): Promise<Readable> {
  const handle = await open(file.uri).catch((error: unknown) => {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? new FileGone(file) : error;
  });
  if (identityOf(await handle.stat()) === file.identity)
    return handle.createReadStream({ start: from, end: to - 1 });
  await handle.close();
  throw new FileGone(file);
}

/** What Node reads for bytes of a name that are no UTF-8: under such a name no file can be opened. */
const UNDECODED = '\uFFFD';

function notUtf8(uri: string): PerennialError {
  return new PerennialError(SOURCE_UNREADABLE, `${uri}: the file's name is no UTF-8; rename it`);
}

function splitS3(uri: string): { bucket: string; key: string } {
  const [bucket = '', ...key] = uri.slice('s3://'.length).split('/');
  return { bucket, key: key.join('/') };
}

async function listS3(client: S3Client, pattern: string): Promise<ListedFile[]> {
  const { bucket, key } = splitS3(pattern);
  const matches = matcher(key);
  const star = key.indexOf('*');
  const Prefix = star === -1 ? key : key.slice(0, star);
  const files: ListedFile[] = [];
  let ContinuationToken: string | undefined;
  do {
    const page = await client
      .send(new ListObjectsV2Command({ Bucket: bucket, Prefix, ContinuationToken }))
      .catch((error: unknown) => {
        const code = error instanceof Error ? error.name : '';
        if (code === 'NoSuchBucket') {
          throw new PerennialError(SOURCE_UNREADABLE, `there is no bucket "${bucket}" (${pattern})`);
        }
        throw s3Unavailable(error, `list ${pattern}`);
      });
    for (const object of page.Contents ?? []) {
      if (object.Key === undefined || !matches.test(object.Key)) continue;
      files.push({
        uri: `s3://${bucket}/${object.Key}`,
        size: object.Size ?? 0,
        stamp: object.ETag ?? '*',
      });
    }
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);
  return files;
}

async function readS3(client: S3Client, file: ListedFile, from: number, to: number): Promise<Readable> {
  const { bucket, key } = splitS3(file.uri);
  const Range = `bytes=${String(from)}-${String(to - 1)}`;
  try {
    const object = await client.send(
      new GetObjectCommand({ Bucket: bucket, Key: key, Range, IfMatch: file.stamp }),
    );
    return object.Body as Readable;
  } catch (error) {
    if (isMissingObject(error) || isChangedObject(error)) throw new FileGone(file);
    throw s3Unavailable(error, `read ${file.uri}`);
  }
}
