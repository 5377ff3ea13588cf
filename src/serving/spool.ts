import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { BODY_TOO_LARGE } from '../errors/api-errors.ts';
import { PerennialError } from '../errors/define-error.ts';
import { SPOOL_FULL } from '../errors/serving-errors.ts';
import { recoverSegment } from './recover-segment.ts';
import type { SpoolRecord } from './spool-record.ts';

const OPEN_SUFFIX = '.open.ndjson';
export const SEALED_SUFFIX = '.sealed.ndjson';
/** What a segment is converted to beside it; DuckDB writes it under another name first. */
const PART = /^(?:tmp_)?(.+)\.(?:requests|items|outcomes)\.parquet$/;

/** Segments are read back in lines of up to twice this; a longer one would never be shipped. */
const MAX_LINE_BYTES = 64 * 2 ** 20;

export interface SpoolOptions {
  /** A folder of this gateway alone. */
  readonly directory: string;
  readonly gatewayId: string;
  /** A segment is sealed when it is this old. */
  readonly sealMs: number;
  readonly sealBytes: number;
  /** All segments on disk together; beyond it nothing more is taken. */
  readonly limitBytes: number;
}

/**
 * The prediction log's first home: append-only segments of NDJSON. `append` returns after the operating system has
 * the line, so that the death of this process loses nothing that was answered (a loss of power may).
 */
export class Spool {
  readonly #options: SpoolOptions;
  #fd: number | null = null;
  #segmentId = '';
  #openedAt = 0;
  #openBytes = 0;
  #sealedBytes = 0;

  constructor(options: SpoolOptions) {
    this.#options = options;
    mkdirSync(options.directory, { recursive: true });
    // Sealed segments are whole, unless the machine lost its power.
    for (const { path } of this.sealed()) recoverSegment(path);
    this.recover();
  }

  /** Bytes on disk that have not been shipped. */
  get bytes(): number {
    return this.#openBytes + this.#sealedBytes;
  }

  get full(): boolean {
    return this.bytes >= this.#options.limitBytes;
  }

  /**
   * Writes one line, or nothing.
   * @throws PerennialError SPOOL_FULL when the limit is reached or the disk takes no more, BODY_TOO_LARGE for a line
   * that is too long
   */
  append(record: SpoolRecord): void {
    if (this.full) {
      const text = `The prediction log holds ${this.bytes} unshipped bytes, its limit is ${this.#options.limitBytes}. It goes on when PostgreSQL and S3 take them.`;
      throw new PerennialError(SPOOL_FULL, text);
    }
    const line = Buffer.from(`${JSON.stringify(record)}\n`);
    if (line.length > MAX_LINE_BYTES) {
      const text = `The request takes ${line.length} bytes of the prediction log, at most ${MAX_LINE_BYTES} are taken. Send its rows in several requests.`;
      throw new PerennialError(BODY_TOO_LARGE, text);
    }
    try {
      const fd = this.#fd ?? this.#open();
      writeWhole(fd, line, this.#openBytes);
    } catch (cause) {
      throw new PerennialError(SPOOL_FULL, 'The disk of the prediction log takes no more. Free some space.', {
        cause,
      });
    }
    this.#openBytes += line.length;
    if (this.#openBytes >= this.#options.sealBytes) this.seal();
  }

  /** Seals the open segment if it is old enough, by a clock that nobody sets: `now` is of `performance.now()`. */
  sealIfDue(now: number): void {
    if (this.#fd !== null && now - this.#openedAt >= this.#options.sealMs) this.seal();
  }

  /** Closes the open segment for shipping. Without one it does nothing. */
  seal(): void {
    if (this.#fd === null) return;
    closeSync(this.#fd);
    this.#fd = null;
    this.#sealedBytes += this.#openBytes;
    this.#openBytes = 0;
    renameSync(this.#path(this.#segmentId, OPEN_SUFFIX), this.#path(this.#segmentId, SEALED_SUFFIX));
  }

  /** Segments that wait to be shipped, oldest first. */
  sealed(): { readonly segmentId: string; readonly path: string }[] {
    return this.#files(SEALED_SUFFIX).map((segmentId) => ({
      segmentId,
      path: this.#path(segmentId, SEALED_SUFFIX),
    }));
  }

  /**
   * Seals what processes that died left open, without a line that they could not finish, and removes the Parquet of
   * segments that are gone.
   */
  recover(): void {
    this.#removeOrphans();
    for (const segmentId of this.#files(OPEN_SUFFIX)) {
      if (segmentId === this.#segmentId || ownerLives(segmentId)) continue;
      recoverSegment(this.#path(segmentId, OPEN_SUFFIX));
      renameSync(this.#path(segmentId, OPEN_SUFFIX), this.#path(segmentId, SEALED_SUFFIX));
    }
    this.recount();
  }

  /** Reads the sizes on disk anew, after segments have been shipped. */
  recount(): void {
    this.#sealedBytes = this.sealed().reduce(
      (sum, { path }) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
  }

  #open(): number {
    const { bavail, bsize } = statfsSync(this.#options.directory);
    // What is converted lies beside the segments: without room for it they would stay for ever.
    if (bavail * bsize < 2 * this.#options.sealBytes) throw new Error('no room to convert what is here');
    const time = new Date().toISOString().replace(/[-:.]/g, '');
    this.#segmentId = `${this.#options.gatewayId}-${time}-${process.pid}-${randomBytes(4).toString('hex')}`;
    const fd = openSync(this.#path(this.#segmentId, OPEN_SUFFIX), 'ax');
    this.#fd = fd;
    this.#openedAt = performance.now();
    this.#openBytes = fstatSync(fd).size;
    return fd;
  }

  /** A segment that is shipped loses its sealed file last; who ships it beside this process may die or be too late. */
  #removeOrphans(): void {
    // The parts first: a segment that is converted meanwhile has its sealed file in the newer list.
    const parts = readdirSync(this.#options.directory).flatMap((name) => {
      const segmentId = PART.exec(name)?.[1];
      return segmentId === undefined ? [] : [{ name, segmentId }];
    });
    if (parts.length === 0) return;
    const sealed = new Set(this.#files(SEALED_SUFFIX));
    for (const { name, segmentId } of parts)
      if (!sealed.has(segmentId)) rmSync(join(this.#options.directory, name), { force: true });
  }

  #path(segmentId: string, suffix: string): string {
    return join(this.#options.directory, segmentId + suffix);
  }

  #files(suffix: string): string[] {
    return readdirSync(this.#options.directory)
      .filter((name) => name.endsWith(suffix))
      .map((name) => name.slice(0, -suffix.length))
      .sort();
  }
}

/** A disk that fills up takes a part of a line: what was taken is cut off again. */
function writeWhole(fd: number, line: Buffer, sizeBefore: number): void {
  let written = 0;
  try {
    while (written < line.length) written += writeSync(fd, line, written);
  } catch (error) {
    ftruncateSync(fd, sizeBefore);
    throw error;
  }
}

/** Whether another process may still write the segment; its id carries the process that opened it. */
function ownerLives(segmentId: string): boolean {
  const pid = Number(segmentId.split('-').at(-2));
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
