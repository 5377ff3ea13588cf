import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { open, truncate } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FileAccess, ListedFile } from './file-listing.ts';

/** What has been read of one file. Kept in the source's position under the file's address. */
export interface FileProgress {
  /** Bytes and lines read so far, in whole lines for NDJSON. */
  readonly bytes: number;
  readonly lines: number;
  /** Of the file when it was looked at last: the same size and stamp mean that nothing is new. */
  readonly size: number;
  readonly stamp: string;
  /** SHA-256 of the first `headBytes` bytes: a file that has been replaced is noticed. */
  readonly head: string;
  readonly headBytes: number;
  /** SHA-256 of the bytes read last. */
  readonly digest: string;
  /** Its bytes could not be read. Once it changes it is read again: it may have been unfinished. */
  readonly setAside: boolean;
}

/** New bytes of a file, copied to a local path. */
export interface FileSegment {
  readonly file: ListedFile;
  readonly path: string;
  readonly from: number;
  readonly bytes: number;
  /** Lines before this segment. */
  readonly linesBefore: number;
  readonly next: FileProgress;
  /** Why the bytes can't be taken as they are; null when nothing is known against them. */
  readonly refusal: string | null;
}

const HEAD_BYTES = 4096;
const NEWLINE = 0x0a;
/** An unfinished last line of a file that nobody has written to for this long counts as torn. */
const TORN_AFTER_MS = 10 * 60_000;

/** Whether a listing shows anything that has not been read. */
export function hasNews(file: ListedFile, before: FileProgress | undefined): boolean {
  return before === undefined ? file.size > 0 : file.size !== before.size || file.stamp !== before.stamp;
}

/**
 * Copies what is new of a file. An NDJSON file may grow: only its complete lines are taken, a last line without
 * newline when it is a whole object. Other formats are read once, whole. @returns null when nothing is complete yet
 */
export async function takeSegment(
  access: FileAccess,
  file: ListedFile,
  before: FileProgress | undefined,
  growing: boolean,
  path: string,
): Promise<FileSegment | null> {
  const changed = await changedReason(access, file, before, growing);
  const from = changed === null && growing ? (before?.bytes ?? 0) : 0;
  const copied = await copyBytes(await access.read(file, from, file.size), path);
  const torn = growing ? await cutUnfinishedLine(path, copied, file) : null;
  const bytes = torn?.bytes ?? copied.bytes;
  const linesBefore = from === 0 ? 0 : (before?.lines ?? 0);
  const base = { file, path, from, linesBefore };
  const headBytes = Math.min(HEAD_BYTES, from === 0 ? bytes : (before?.headBytes ?? 0));
  const head = from === 0 ? await digestOfHead(path, headBytes) : (before?.head ?? '');
  const next: FileProgress = {
    bytes: from + bytes,
    lines: linesBefore + (torn?.lines ?? copied.lines),
    // With an unfinished line left over, the file counts as news until the line is complete or torn.
    size: growing ? from + bytes : file.size,
    stamp: file.stamp,
    setAside: false,
    head,
    headBytes,
    digest: copied.digest,
  };
  if (changed !== null) return { ...base, bytes, next, refusal: changed };
  if (torn?.reason != null) return { ...base, bytes, next, refusal: torn.reason };
  return bytes === 0 ? null : { ...base, bytes, next, refusal: null };
}

async function changedReason(
  access: FileAccess,
  file: ListedFile,
  before: FileProgress | undefined,
  growing: boolean,
): Promise<string | null> {
  if (!before || (!growing && before.setAside)) return null;
  if (!growing) return `${file.uri}: was changed after it had been read; write new data into a new file`;
  if (file.size < before.bytes) {
    return `${file.uri}: shrank from ${String(before.bytes)} to ${String(file.size)} bytes after it had been read; write new data into a new file`;
  }
  const hash = createHash('sha256');
  if (before.headBytes > 0) await pipeline(await access.read(file, 0, before.headBytes), hash);
  return (before.headBytes > 0 ? hash.digest('hex') : before.head) === before.head
    ? null
    : `${file.uri}: was replaced after it had been read; write new data into a new file`;
}

interface Copied {
  readonly bytes: number;
  readonly lines: number;
  readonly digest: string;
  /** Offset after the last newline. */
  readonly complete: number;
}

async function copyBytes(source: Readable, path: string): Promise<Copied> {
  const hash = createHash('sha256');
  let [bytes, lines, complete] = [0, 0, 0];
  await pipeline(
    source,
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hash.update(chunk);
        for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) lines += 1;
        const last = chunk.lastIndexOf(NEWLINE);
        if (last !== -1) complete = bytes + last + 1;
        bytes += chunk.length;
        yield chunk;
      }
    },
    createWriteStream(path),
  );
  return { bytes, lines, complete, digest: hash.digest('hex') };
}

/** Leaves an unfinished last line for later. No proper prefix of a JSON object is one, so a whole one is taken. */
async function cutUnfinishedLine(
  path: string,
  copied: Copied,
  file: ListedFile,
): Promise<{ bytes: number; lines: number; reason: string | null } | null> {
  if (copied.complete === copied.bytes) return null;
  const tail = await readRange(path, copied.complete, copied.bytes);
  if (isJsonObject(tail.toString('utf8'))) return null;
  const quietMs = file.uri.startsWith('s3://') ? Infinity : Date.now() - Number(file.stamp);
  if (quietMs > TORN_AFTER_MS && copied.complete === 0) {
    const line = tail.subarray(0, 80).toString('utf8');
    return { ...copied, reason: `${file.uri}: ends in a torn line: ${line}` };
  }
  await truncate(path, copied.complete);
  return { bytes: copied.complete, lines: copied.lines, reason: null };
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

async function readRange(path: string, from: number, to: number): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(to - from), 0, to - from, from);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function digestOfHead(path: string, bytes: number): Promise<string> {
  return createHash('sha256')
    .update(await readRange(path, 0, bytes))
    .digest('hex');
}
