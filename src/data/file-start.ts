import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FileAccess, ListedFile } from './file-listing.ts';
import type { FileProgress } from './file-progress.ts';
import { MAX_LINE_BYTES } from './segment-lines.ts';

/** Where to begin reading a file. */
interface Start {
  readonly from: number;
  /** Why what lies there can't be taken. */
  readonly refusal: string | null;
}

const ANEW: Start = { from: 0, refusal: null };

export async function startOf(
  access: FileAccess,
  file: ListedFile,
  before: FileProgress | undefined,
  growing: boolean,
): Promise<Start> {
  if (!before) return ANEW;
  if (!growing) {
    if (before.nothingTaken) return ANEW;
    return {
      from: 0,
      refusal: `${file.uri}: was changed after it had been read; write new data into a new file`,
    };
  }
  if (before.nothingTaken && (await wasWrittenAnew(access, file, before))) return ANEW;
  const refusal = before.nothingTaken ? null : await replacedReason(access, file, before);
  return { from: refusal === null ? await resumeAt(access, file, before) : 0, refusal };
}

/** A torn line to which its writer has added since is read again, one to which another line was added is not. */
async function resumeAt(access: FileAccess, file: ListedFile, before: FileProgress): Promise<number> {
  if (before.torn === undefined) return before.bytes;
  const from = before.bytes - before.torn;
  const line = await lineAt(access, file, from);
  return line === null || isJsonObject(line) ? from : before.bytes;
}

const NEWLINE = 0x0a;

/** The line that begins at a byte, or as much as is allowed of it; null: it is unfinished. */
async function lineAt(access: FileAccess, file: ListedFile, from: number): Promise<string | null> {
  const most = from + MAX_LINE_BYTES;
  const chunks: Buffer[] = [];
  for await (const chunk of (await access.read(
    file,
    from,
    Math.min(file.size, most),
  )) as AsyncIterable<Buffer>) {
    const end = chunk.indexOf(NEWLINE);
    chunks.push(end === -1 ? chunk : chunk.subarray(0, end));
    if (end !== -1) return Buffer.concat(chunks).toString('utf8');
  }
  return file.size > most ? Buffer.concat(chunks).toString('utf8') : null;
}

export function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** Also where it is no longer than before: no line was added, so that the old ones were written again. */
async function wasWrittenAnew(access: FileAccess, file: ListedFile, before: FileProgress): Promise<boolean> {
  return (
    file.size <= before.bytes || (await digestOf(await access.read(file, 0, before.bytes))) !== before.untaken
  );
}

/** Why a file that may have grown is not the one that was read; null: it may be. @throws FileGone */
export async function replacedReason(
  access: FileAccess,
  file: ListedFile,
  before: FileProgress,
): Promise<string | null> {
  if (file.size < before.bytes) {
    return `${file.uri}: shrank from ${String(before.bytes)} to ${String(file.size)} bytes after it had been read; write new data into a new file`;
  }
  return (await digestOf(await access.read(file, 0, before.headBytes))) === before.head
    ? null
    : `${file.uri}: was replaced after it had been read; write new data into a new file`;
}

export async function digestOf(source: Readable): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(source, hash);
  return hash.digest('hex');
}
