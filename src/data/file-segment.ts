import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, truncate } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { FileGone } from './file-listing.ts';
import type { FileAccess, ListedFile } from './file-listing.ts';
import type { FileProgress } from './file-progress.ts';
import { digestOf, isJsonObject, startOf } from './file-start.ts';
import { MAX_LINE_BYTES } from './segment-lines.ts';

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

/**
 * Copies what is new of a file. An NDJSON file may grow: only its complete lines are taken, a last line without
 * newline when it is a whole object. Other formats are read once, whole. No bytes and no refusal: nothing is new, or
 * complete yet. null: since it was listed its name has become another file's, and the next listing tells which.
 */
export async function takeSegment(...job: Parameters<typeof segmentOf>): Promise<FileSegment | null> {
  try {
    return await segmentOf(...job);
  } catch (error) {
    if (error instanceof FileGone) return null;
    throw error;
  }
}

async function segmentOf(
  access: FileAccess,
  file: ListedFile,
  before: FileProgress | undefined,
  growing: boolean,
  path: string,
): Promise<FileSegment> {
  const start = await startOf(access, file, before, growing);
  const { from } = start;
  const copied = await copyBytes(await access.read(file, from, file.size), path);
  const cut = growing ? await cutUnfinishedLine(path, copied, file) : null;
  const isTorn = start.refusal === null && cut !== null && cut.reason !== null;
  const bytes = cut?.bytes ?? copied.bytes;
  const linesBefore = from === 0 ? 0 : (before?.lines ?? 0);
  const base = { file, path, from, linesBefore };
  const headBytes = Math.min(HEAD_BYTES, from + bytes);
  const head =
    from === 0
      ? await digestOf(Readable.from([await readRange(path, 0, headBytes)]))
      : await grownHead(access, file, before, headBytes);
  const digest = bytes === copied.bytes ? copied.digest : await digestOf(createReadStream(path));
  const nothingTaken = before === undefined || before.nothingTaken;
  const untaken = growing && nothingTaken;
  const allBytes = untaken && from > 0 ? await digestOf(await access.read(file, 0, from + bytes)) : digest;
  const next: FileProgress = {
    bytes: from + bytes,
    lines: linesBefore + (cut?.lines ?? copied.lines),
    // With an unfinished line left over, the file counts as news until the line is complete or torn.
    size: growing ? from + bytes : file.size,
    stamp: file.stamp,
    nothingTaken,
    head,
    headBytes,
    digest,
    ...(untaken ? { untaken: allBytes } : {}),
    ...(isTorn ? { torn: bytes } : {}),
    ...(file.identity === undefined ? {} : { identity: file.identity }),
  };
  // Written again with the very same bytes, or only touched.
  const same = !growing && start.refusal !== null && copied.digest === before?.digest;
  if (same) return { ...base, bytes: 0, next, refusal: null };
  return { ...base, bytes, next, refusal: start.refusal ?? cut?.reason ?? null };
}

/** The more of the head is known, the less another file is taken for this one. */
async function grownHead(
  access: FileAccess,
  file: ListedFile,
  before: FileProgress | undefined,
  headBytes: number,
): Promise<string> {
  if (before?.headBytes === headBytes) return before.head;
  return digestOf(await access.read(file, 0, headBytes));
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
  const length = copied.bytes - copied.complete;
  const tail = await readRange(path, copied.complete, copied.complete + Math.min(length, MAX_LINE_BYTES));
  if (tail.length === length && isJsonObject(tail.toString('utf8'))) return null;
  const quietMs = file.uri.startsWith('s3://') ? Infinity : Date.now() - Number(file.stamp);
  if (quietMs > TORN_AFTER_MS && copied.complete === 0) {
    const line = tail.subarray(0, 80).toString('utf8');
    return { ...copied, reason: `${file.uri}: ends in a torn line: ${line}` };
  }
  await truncate(path, copied.complete);
  return { bytes: copied.complete, lines: copied.lines, reason: null };
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
