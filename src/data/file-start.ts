import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FileAccess, ListedFile } from './file-listing.ts';
import type { FileProgress } from './file-progress.ts';

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
  return { from: refusal === null ? before.bytes : 0, refusal };
}

/** Also where it is no longer than before: no line was added, so that the old ones were written again. */
async function wasWrittenAnew(access: FileAccess, file: ListedFile, before: FileProgress): Promise<boolean> {
  return (
    file.size <= before.bytes || (await digestOf(await access.read(file, 0, before.bytes))) !== before.untaken
  );
}

async function replacedReason(
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
