import { assertNever } from '../../errors/assert-never.ts';
import type { Trigger } from '../trigger.ts';
import { utcTime } from '../utc-time.ts';

/** However long a wait is, it looks at most about so often: its history stays short. */
const MOST_LOOKS = 100;
/** Timers of the server are no finer. */
const SHORTEST_INTERVAL_MS = 1_000;

/** Examples newer than a moment, as one look counted them. */
export interface NewExampleCount {
  readonly training: number;
  readonly heldOut: number;
}

/** `asked`: somebody wanted a version now. */
type WaitEnd =
  | { readonly kind: 'enough' }
  | { readonly kind: 'max_wait' }
  | { readonly kind: 'asked'; readonly by: string; readonly reason: string };

/** A retraining's wait for examples of the new time. Plain and serialisable. */
export interface NewExamplesWait {
  /** Milliseconds since the epoch: what is newer than this counts. */
  readonly since: number;
  /** How many of them are to train on; what is held out for the evaluation does not count. */
  readonly min: number;
  readonly until: number;
  /** null before the first look. */
  readonly count: NewExampleCount | null;
  /** null while it waits. */
  readonly end: WaitEnd | null;
}

export function beginWait(
  rule: { readonly min: number; readonly maxWait: number },
  since: number,
  now: number,
): NewExamplesWait {
  return { since, min: rule.min, until: now + rule.maxWait, count: null, end: null };
}

/** A look that began at `now` counted so many. Only one that began when the time was over ends the wait by time. */
export function looked(
  wait: NewExamplesWait,
  count: NewExampleCount,
  wanted: Pick<Trigger, 'requestedBy' | 'reason'> | null,
  now: number,
): NewExamplesWait {
  return { ...wait, count, end: endOf(wait, count, wanted, now) };
}

function endOf(
  { min, until }: NewExamplesWait,
  count: NewExampleCount,
  wanted: Pick<Trigger, 'requestedBy' | 'reason'> | null,
  now: number,
): WaitEnd | null {
  if (count.training >= min) return { kind: 'enough' };
  if (wanted !== null) return { kind: 'asked', by: wanted.requestedBy.id, reason: wanted.reason };
  return now >= until ? { kind: 'max_wait' } : null;
}

/** How long until the next look: never more often than the sources are refreshed anyway, and once at the end. */
export function untilNextLook(
  wait: NewExamplesWait,
  policy: { readonly maxWait: number; readonly refreshEveryMs: number | null },
  now: number,
): number {
  const interval = Math.max(SHORTEST_INTERVAL_MS, policy.maxWait / MOST_LOOKS, policy.refreshEveryMs ?? 0);
  return Math.max(1, Math.min(Math.ceil(interval), wait.until - now));
}

/** In plain words, what is waited for, or how the wait ended. */
export function describeWait({ since, min, until, count, end }: NewExamplesWait): string {
  const found = grouped(count?.training ?? 0);
  const least = grouped(min);
  const held = count === null ? '' : ` (${grouped(count.heldOut)} are held out)`;
  const newer = `new examples to train on since ${utcTime(since)}${held}`;
  if (end === null) return `waits for ${found} of ${least} ${newer}, at most until ${utcTime(until)}`;
  switch (end.kind) {
    case 'enough':
      return `${found} ${newer}, at least ${least} were wanted`;
    case 'max_wait':
      return `${found} of ${least} ${newer}: no more came within maxWait`;
    case 'asked':
      return `${found} of ${least} ${newer}: ${end.by} wanted a version now (${end.reason})`;
    default:
      return assertNever(end, 'end of a wait');
  }
}

function grouped(value: number): string {
  return value.toLocaleString('en-GB');
}
