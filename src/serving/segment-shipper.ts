import { rm } from 'node:fs/promises';
import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import type { Queryable } from '../registry/database.ts';
import { recordSegment } from '../registry/prediction-segments.ts';
import { convertSegment } from './segment-parquet.ts';
import { SEALED_SUFFIX } from './spool.ts';
import type { Spool } from './spool.ts';

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
      try {
        await this.#ship(segmentId, path);
      } catch (error) {
        onError(error, segmentId);
        break; // What failed is S3 or PostgreSQL: the next segment would fail alike.
      }
    }
    spool.recount();
  }

  async #ship(segmentId: string, path: string): Promise<void> {
    const { store, db, gatewayId, environment } = this.#options;
    const base = path.slice(0, -SEALED_SUFFIX.length);
    const converted = await convertSegment(path, base);
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
    await rm(path);
    for (const part of converted?.parts ?? []) await rm(part.path, { force: true });
  }
}
