import { rm } from 'node:fs/promises';
import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import { isPerennialError, PerennialError } from '../errors/define-error.ts';
import { SEGMENT_UNREADABLE } from '../errors/serving-errors.ts';
import type { Queryable } from '../registry/database.ts';
import { recordSegment } from '../registry/prediction-segments.ts';
import { convertSegment } from './segment-parquet.ts';
import type { ConvertedSegment } from './segment-parquet.ts';
import { SEALED_SUFFIX } from './spool.ts';
import type { Spool } from './spool.ts';

/** How long a segment that cannot be converted is left alone. */
const UNREADABLE_REST_MS = 60_000;

export interface SegmentShipperOptions {
  readonly spool: Spool;
  readonly store: Pick<ArtifactStore, 'putFile'>;
  readonly db: Queryable;
  readonly gatewayId: string;
  readonly environment: string;
  readonly everyMs: number;
  readonly onError: (error: unknown, segmentId: string) => void;
}

/**
 * Carries sealed segments into the prediction log: Parquet, then S3, then one row in the registry, then the local
 * file goes. Each step may be repeated: it may die after any of them and goes on from the sealed file.
 */
export class SegmentShipper {
  readonly #options: SegmentShipperOptions;
  /** Segments that could not be converted, and when they are tried again, of `performance.now()`. */
  readonly #restUntil = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | null = null;

  constructor(options: SegmentShipperOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#options.spool.sealIfDue(performance.now());
      void this.shipSealed();
    }, this.#options.everyMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Ships what is sealed now. One pass at a time; a segment that fails stays for the next pass. */
  shipSealed(): Promise<void> {
    this.#running ??= this.#pass().finally(() => (this.#running = null));
    return this.#running;
  }

  /** Ships all that is sealed when it is called: a pass under way may have begun before. */
  async flush(): Promise<void> {
    await this.#running;
    await this.shipSealed();
  }

  async #pass(): Promise<void> {
    const { spool, onError } = this.#options;
    spool.recover();
    for (const { segmentId, path } of spool.sealed()) {
      if (performance.now() < (this.#restUntil.get(segmentId) ?? -Infinity)) continue;
      try {
        await this.#ship(segmentId, path);
        this.#restUntil.delete(segmentId);
      } catch (error) {
        onError(error, segmentId);
        // What failed is S3 or PostgreSQL: the next segment would fail alike.
        if (!isPerennialError(error) || error.code !== SEGMENT_UNREADABLE.code) break;
        this.#restUntil.set(segmentId, performance.now() + UNREADABLE_REST_MS);
      }
    }
    spool.recount();
  }

  async #ship(segmentId: string, path: string): Promise<void> {
    const { store, db, gatewayId, environment } = this.#options;
    const base = path.slice(0, -SEALED_SUFFIX.length);
    const converted = await convert(path, base);
    if (converted !== null) {
      const parts: Record<string, { blob: string; rows: number }> = {};
      for (const part of converted.parts)
        parts[part.kind] = { blob: (await store.putFile(part.path)).digest, rows: part.rows };
      const { firstAt, lastAt } = converted;
      await recordSegment(db, {
        segmentId,
        gatewayId,
        environment,
        parts: parts,
        firstAt,
        lastAt,
      });
    }
    // The sealed file last: as long as it is there, somebody ships it again and removes what was made of it.
    for (const part of converted?.parts ?? []) await rm(part.path, { force: true });
    await rm(path, { force: true });
  }
}

/** @throws PerennialError SEGMENT_UNREADABLE for whatever keeps this segment, and maybe no other, from its Parquet */
async function convert(path: string, basePath: string): Promise<ConvertedSegment | null> {
  try {
    return await convertSegment(path, basePath);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PerennialError(SEGMENT_UNREADABLE, `${path} cannot be converted: ${reason}`, { cause });
  }
}
