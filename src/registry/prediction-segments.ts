import type { Queryable } from './database.ts';

/** One kind of rows of a segment, as a Parquet blob. */
interface SegmentPart {
  /** SHA-256 of the Parquet file. */
  readonly blob: string;
  readonly rows: number;
}

export interface SegmentParts {
  readonly requests?: SegmentPart;
  readonly items?: SegmentPart;
  readonly outcomes?: SegmentPart;
}

export interface PredictionSegment {
  readonly segmentId: string;
  readonly gatewayId: string;
  readonly environment: string;
  readonly parts: SegmentParts;
  /** Milliseconds since the epoch, of the gateway's clock: the span of the rows. */
  readonly firstAt: number;
  readonly lastAt: number;
}

/** Makes a segment part of the log. The same segment again changes nothing. */
export async function recordSegment(db: Queryable, segment: PredictionSegment): Promise<void> {
  await db.query(
    `INSERT INTO prediction_segments (segment_id, gateway_id, environment, parts, first_at, last_at)
     VALUES ($1, $2, $3, $4, to_timestamp($5::float8 / 1000), to_timestamp($6::float8 / 1000))
     ON CONFLICT (segment_id) DO NOTHING`,
    [
      segment.segmentId,
      segment.gatewayId,
      segment.environment,
      JSON.stringify(segment.parts),
      segment.firstAt,
      segment.lastAt,
    ],
  );
}

interface SegmentRow {
  segment_id: string;
  gateway_id: string;
  environment: string;
  parts: SegmentParts;
  first_at: Date;
  last_at: Date;
}

/** Segments with rows since `from` (milliseconds), oldest first. */
export async function segmentsSince(
  db: Queryable,
  environment: string,
  from: number,
): Promise<PredictionSegment[]> {
  const { rows } = await db.query<SegmentRow>(
    `SELECT segment_id, gateway_id, environment, parts, first_at, last_at FROM prediction_segments
     WHERE environment = $1 AND last_at >= to_timestamp($2::float8 / 1000) ORDER BY last_at, segment_id`,
    [environment, from],
  );
  return rows.map((row) => ({
    segmentId: row.segment_id,
    gatewayId: row.gateway_id,
    environment: row.environment,
    parts: row.parts,
    firstAt: row.first_at.getTime(),
    lastAt: row.last_at.getTime(),
  }));
}
