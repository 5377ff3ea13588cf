import { constants, createWriteStream } from 'node:fs';
import { lstat, open, readlink, realpath } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** Opening must not wait for the other end of a FIFO. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Copies a file that a trainer names out of its reach, so that what is checked is what is kept. It must be a plain file
 * inside `root` with no other name: a FIFO, a device or a hard link is refused, and so is any way out by a link.
 * @returns its size, or why it can't be taken
 */
export async function takeFile(
  root: string,
  path: string,
  target: string,
  maxBytes: number,
): Promise<{ readonly sizeBytes: number } | string> {
  const wanted = await realpath(join(root, path)).catch(() => null);
  if (wanted === null) return `${path} does not exist`;
  if (!wanted.startsWith((await realpath(root)) + sep)) return `${path} leads out of outputDir`;
  if (!(await lstat(wanted)).isFile()) return `${path} is not a file`;
  const handle = await open(wanted, OPEN_FLAGS).catch(() => null);
  if (handle === null) return `${path} cannot be read`;
  try {
    const problem = await refusal(handle, root, path, wanted, maxBytes);
    return problem ?? (await copy(handle, path, target, maxBytes));
  } finally {
    await handle.close();
  }
}

/** Judged by the open file, whatever its name has come to mean since. */
async function refusal(
  handle: FileHandle,
  root: string,
  path: string,
  wanted: string,
  maxBytes: number,
): Promise<string | null> {
  const real = await readlink(`/proc/self/fd/${handle.fd}`).catch(() => realpath(wanted));
  if (!real.startsWith((await realpath(root)) + sep)) return `${path} leads out of outputDir`;
  const info = await handle.stat();
  if (!info.isFile()) return `${path} is not a file`;
  if (info.nlink !== 1) return `${path} is a hard link, a file with ${info.nlink} names; copy it`;
  if (info.size === 0) return `${path} is empty`;
  if (info.size > maxBytes) return `${path} has ${info.size} bytes; at most ${maxBytes} are taken`;
  return null;
}

async function copy(
  handle: FileHandle,
  path: string,
  target: string,
  maxBytes: number,
): Promise<{ readonly sizeBytes: number } | string> {
  // One byte more than is allowed tells a file that has grown since.
  const source = handle.createReadStream({ end: maxBytes, autoClose: false });
  await pipeline(source, createWriteStream(target, { flags: 'wx', mode: 0o600 }));
  if (source.bytesRead > maxBytes) return `${path} grew beyond ${maxBytes} bytes while it was read`;
  return { sizeBytes: source.bytesRead };
}
