import type { Actor } from './actor.ts';

/** Who asked for a version. There may be several: a trigger that waits absorbs the one before it. */
export interface Requesters {
  readonly requestedBy: Actor;
  /** The ids of those whose triggers it absorbed. None of them may approve the version either. Absent: nobody. */
  readonly alsoRequestedBy?: readonly string[];
}

/** The part of a trigger, or of what came of it, that says who asked. */
export function requestersOf({ requestedBy, alsoRequestedBy }: Requesters): Requesters {
  return alsoRequestedBy === undefined ? { requestedBy } : { requestedBy, alsoRequestedBy };
}

export function idsOf({ requestedBy, alsoRequestedBy = [] }: Requesters): readonly string[] {
  return [requestedBy.id, ...alsoRequestedBy];
}
