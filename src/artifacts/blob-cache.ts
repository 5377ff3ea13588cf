import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** A file used within this time is never evicted: its reader may be about to open it. */
const EVICTION_GRACE_MS = 10 * 60_000;
/** What a killed process left half-written is removed after this time. */
const PARTIAL_LIFETIME_MS = 24 * 3_600_000;
/** The folder is looked through after each such share of the bound that comes in: a look asks after every file in it. */
const SHARE_PER_LOOK = 1 / 16;

export async function digestOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/**
 * Blobs on the local disk, named by digest, shared by the processes of a machine. Bounded: the least recently used
 * are removed beyond `maxBytes`, which each process may exceed by a sixteenth between two looks. A reader that needs a
 * file for long makes its own hard link.
 */
export class BlobCache {
  readonly #directory: string;
  readonly #maxBytes: number;
  #ready: Promise<unknown> | undefined;
  /** Bytes that came in since the folder was looked through and found within the bound. */
  #unseen = Infinity;

  constructor(directory: string, maxBytes: number) {
    this.#directory = directory;
    this.#maxBytes = maxBytes;
  }

  pathOf(digest: string): string {
    return join(this.#directory, digest);
  }

  /** The local path when the blob is here; using it keeps it from eviction for a while. */
  async find(digest: string): Promise<string | null> {
    const path = this.pathOf(digest);
    const now = new Date();
    return utimes(path, now, now).then(
      () => path,
      () => null,
    );
  }

  /** Takes a stream in; the file appears under its name only when whole, and only when `digest` is its digest. */
  async insert(digest: string, bytes: Readable): Promise<{ path: string; found: string }> {
    this.#ready ??= mkdir(this.#directory, { recursive: true });
    await this.#ready;
    const partial = join(this.#directory, `.partial-${randomUUID()}`);
    let size = 0;
    try {
      const hash = createHash('sha256');
      await pipeline(
        bytes,
        async function* (source: AsyncIterable<Buffer>) {
          for await (const chunk of source) {
            hash.update(chunk);
            size += chunk.length;
            yield chunk;
          }
        },
        createWriteStream(partial),
      );
      const found = hash.digest('hex');
      const path = this.pathOf(digest);
      if (found === digest) {
        await rename(partial, path);
        await this.#bound(size);
      }
      return { path, found };
    } finally {
      await rm(partial, { force: true });
    }
  }

  async #bound(added: number): Promise<void> {
    this.#unseen += added;
    if (this.#unseen > this.#maxBytes * SHARE_PER_LOOK) await this.evict();
  }

  async remove(digest: string): Promise<void> {
    await rm(this.pathOf(digest), { force: true });
  }

  /** Removes the least recently used files beyond the bound. Safe beside other processes doing the same. */
  async evict(now = Date.now()): Promise<void> {
    this.#unseen = 0;
    const names = await readdir(this.#directory).catch(() => []);
    const files: { path: string; size: number; usedAt: number }[] = [];
    for (const name of names) {
      const path = join(this.#directory, name);
      const info = await stat(path).catch(() => null);
      if (!info) continue;
      if (!name.startsWith('.partial-')) files.push({ path, size: info.size, usedAt: info.mtimeMs });
      else if (now - info.mtimeMs > PARTIAL_LIFETIME_MS) await rm(path, { force: true });
    }
    let total = files.reduce((sum, file) => sum + file.size, 0);
    for (const file of files.sort((a, b) => a.usedAt - b.usedAt)) {
      if (total <= this.#maxBytes || now - file.usedAt < EVICTION_GRACE_MS) break;
      await rm(file.path, { force: true });
      total -= file.size;
    }
    if (total > this.#maxBytes) this.#unseen = Infinity;
  }
}
