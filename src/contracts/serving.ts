import { z } from 'zod';
import { StorableText } from './storable-text.ts';

const Id = StorableText.min(1).max(128);
const Scalar = z.union([StorableText.max(1024), z.number(), z.boolean()]);
const Keys = z.record(StorableText, Scalar);

/** `POST /v1/models/{name}/rank`: one entity, many candidates, the best k back. */
export const RankRequest = z.strictObject({
  /** Made by the caller; a repeated id is answered alike and logged once. */
  requestId: Id,
  entity: Keys,
  candidates: z.array(Keys).min(1).max(10_000),
  k: z.int().min(1).max(1000).optional(),
  /** Requests of one split key go to one version for as long as the route stands. Default: the entity's keys. */
  splitKey: Scalar.optional(),
});
export type RankRequest = z.infer<typeof RankRequest>;

export const RankResponse = z.object({
  requestId: z.string(),
  model: z.string(),
  version: z.int(),
  generation: z.int(),
  items: z.array(z.object({ candidate: Keys, score: z.number(), rank: z.int() })),
});
export type RankResponse = z.infer<typeof RankResponse>;

/** `POST /v1/feedback`: what became of predictions. `eventId` makes a repetition of one request's outcome harmless. */
export const FeedbackRequest = z.strictObject({
  events: z
    .array(
      z.strictObject({
        requestId: Id,
        eventId: Id,
        name: StorableText.min(1).max(63),
        value: z.union([z.number(), z.boolean()]).transform(Number),
        at: z.iso.datetime({ offset: true }),
      }),
    )
    .min(1)
    .max(1000),
});
export type FeedbackRequest = z.infer<typeof FeedbackRequest>;

/** Rows of the prediction log, as the spool writes them (NDJSON) and the segments hold them (Parquet). */
export interface PredictionRow {
  readonly request_id: string;
  /** Milliseconds since the epoch, gateway's clock. */
  readonly at: number;
  readonly model: string;
  readonly version: number;
  readonly arm: 'champion' | 'challenger' | 'shadow' | 'pinned';
  readonly generation: number;
  readonly call: 'rank' | 'infer';
  readonly latency_ms: number;
  /** null when it answered. */
  readonly error: string | null;
  readonly split_key: string | null;
  readonly entity: Readonly<Record<string, string | number | boolean>> | null;
}

/** One scored row: a ranked candidate (the first k) or a row of an `infer` batch. */
export interface PredictionItemRow {
  readonly request_id: string;
  readonly at: number;
  readonly model: string;
  readonly version: number;
  readonly arm: PredictionRow['arm'];
  readonly generation: number;
  readonly rank: number;
  readonly candidate: Readonly<Record<string, string | number | boolean>> | null;
  readonly score: number;
  /** In the order of the version's features; null for a missing value. */
  readonly features: readonly (number | null)[];
}

export interface OutcomeRow {
  readonly event_id: string;
  readonly request_id: string;
  readonly name: string;
  readonly value: number;
  readonly at: number;
  readonly received_at: number;
}
