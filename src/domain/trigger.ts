import type { Requesters } from './requesters.ts';

export type TriggerSource = 'api' | 'webhook' | 'schedule' | 'finding';

/** Anything that asks for a new version of a model. */
export interface Trigger extends Requesters {
  /** Idempotency key: the same key asks once, however often it is delivered. */
  readonly key: string;
  readonly source: TriggerSource;
  readonly reason: string;
  /** Milliseconds since the epoch. */
  readonly requestedAt: number;
  /** The finding that caused it, for `source: 'finding'`. */
  readonly findingId?: string;
}

export type TriggerAnswer =
  | { readonly kind: 'started'; readonly version: number | null }
  | { readonly kind: 'waiting'; readonly reason: string }
  | { readonly kind: 'coalesced'; readonly into: string }
  | { readonly kind: 'duplicate'; readonly of: string }
  | { readonly kind: 'refused'; readonly reason: string };
