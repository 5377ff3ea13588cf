import type { ByActor } from './lifecycle.ts';
import type { ModelRef } from './ids.ts';

export interface RevalidateVersionInput extends ModelRef, ByActor {
  /** Of this revalidation, so that its evaluation and its records are its own. */
  readonly id: string;
  readonly version: number;
  readonly specRevision: number;
}
