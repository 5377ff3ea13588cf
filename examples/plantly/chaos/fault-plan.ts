import type { Random } from '../simulator/random.ts';
import { LINK_NAMES } from './links.ts';
import type { CrashPoint } from './sabotage.ts';

export const WORKERS = ['worker-control', 'worker-data', 'worker-training', 'worker-rollout'] as const;
const PRODUCTS = [...WORKERS, 'api', 'gateway'] as const;
const SERVERS = ['postgres', 's3', 'temporal', 'sinks'] as const;
/** Every process that can be killed. `trainer` is whatever the training worker is running at the moment. */
const KILLED = [...PRODUCTS, 'trainer', ...SERVERS] as const;

/** One thing that goes wrong. Durations are in milliseconds. */
export type Fault =
  | { readonly kind: 'kill'; readonly target: (typeof KILLED)[number] }
  /** SIGSTOP, and SIGCONT after a while. */
  | { readonly kind: 'freeze'; readonly target: (typeof KILLED)[number]; readonly forMs: number }
  | ({ readonly kind: 'crash-point'; readonly target: (typeof PRODUCTS)[number] } & CrashPoint)
  | { readonly kind: 'cut'; readonly target: string; readonly forMs: number }
  | { readonly kind: 'delay'; readonly target: string; readonly forMs: number }
  /** Every connection to a server is forgotten on its way. */
  | { readonly kind: 'strand'; readonly target: string }
  | {
      readonly kind: 'clock';
      readonly target: (typeof PRODUCTS)[number];
      readonly offsetMs: number;
      readonly forMs: number;
    }
  | { readonly kind: 'disk-full'; readonly target: 'spool'; readonly forMs: number }
  /** All workers are replaced, one after the other, by an orderly stop. */
  | { readonly kind: 'deploy'; readonly target: 'workers' };
export type FaultKind = Fault['kind'];

/** How often each kind comes, in proportion. */
const SHARES: Readonly<Record<FaultKind, number>> = {
  kill: 30,
  'crash-point': 24,
  freeze: 10,
  cut: 8,
  delay: 8,
  strand: 6,
  clock: 7,
  'disk-full': 5,
  deploy: 8,
};
export const FAULT_KINDS = Object.keys(SHARES) as FaultKind[];

/** Long enough for what was hit to be back before the next, as in life; nothing waits for that to be so. */
const GAP_MS = { from: 6000, to: 18_000 };
const DELAY_MS = 5000;
const FREEZE_MS = { from: 2000, to: 12_000 };
const CUT_MS = { from: 500, to: 8000 };
const DISK_FULL_MS = { from: 2000, to: 6000 };
const CLOCK_MS = { from: 4000, to: 15_000 };
/** Within what signatures and S3 allow; a clock that is off by more is told so by both. */
const CLOCK_OFFSET_MS = 90_000;
const MOST_SKIPPED = 6;

export interface PlannedFault {
  readonly afterMs: number;
  readonly fault: Fault;
}

/** The next thing to go wrong, and when, by the seed of `random` alone. */
export function nextFault(random: Random, kinds: readonly FaultKind[] = FAULT_KINDS): PlannedFault {
  const afterMs = gapBefore(random);
  return { afterMs, fault: faultOf(pickKind(random, kinds), random) };
}

/** How long all is left alone before the next fault. */
export function gapBefore(random: Random): number {
  return between(random, GAP_MS);
}

function between(random: Random, { from, to }: { from: number; to: number }): number {
  return Math.round(from + random.next() * (to - from));
}

function pickKind(random: Random, kinds: readonly FaultKind[]): FaultKind {
  let left = random.next() * kinds.reduce((sum, kind) => sum + SHARES[kind], 0);
  for (const kind of kinds) {
    left -= SHARES[kind];
    if (left < 0) return kind;
  }
  return 'kill';
}

function faultOf(kind: FaultKind, random: Random): Fault {
  switch (kind) {
    case 'kill':
      return { kind, target: random.pick(KILLED) };
    case 'freeze':
      return { kind, target: random.pick(KILLED), forMs: between(random, FREEZE_MS) };
    case 'crash-point':
      return crashPoint(random);
    case 'cut':
      return { kind, target: random.pick(LINK_NAMES), forMs: between(random, CUT_MS) };
    case 'delay':
      return { kind, target: random.pick(LINK_NAMES), forMs: DELAY_MS };
    case 'strand':
      return { kind, target: random.pick(LINK_NAMES) };
    case 'clock': {
      const offsetMs = Math.round((2 * random.next() - 1) * CLOCK_OFFSET_MS);
      return { kind, target: random.pick(PRODUCTS), offsetMs, forMs: between(random, CLOCK_MS) };
    }
    case 'disk-full':
      return { kind, target: 'spool', forMs: between(random, DISK_FULL_MS) };
    case 'deploy':
      return { kind, target: 'workers' };
  }
}

/** Only moments that the process has: the API and the gateway run no activities. */
function crashPoint(random: Random): Fault {
  const skip = random.integer(MOST_SKIPPED + 1);
  const target = random.pick(PRODUCTS);
  // One draw tells the point too. Few commands come to the API, so it is the first one that is meant.
  if (target === 'api')
    return skip % 2 === 0
      ? { kind: 'crash-point', target, point: 'after-temporal', skip: 0 }
      : { kind: 'crash-point', target, point: 'after-commit', skip };
  // The log's segments: in S3, and in the registry.
  if (target === 'gateway')
    return { kind: 'crash-point', target, point: skip % 2 === 0 ? 'after-put' : 'after-commit', skip };
  const points = ['before-activity', 'after-activity', 'after-commit', 'after-put'] as const;
  const point = random.pick(target === 'worker-control' ? [...points, 'before-note' as const] : points);
  // Neither are there many messages.
  return { kind: 'crash-point', target, point, skip: point === 'before-note' ? skip % 2 : skip };
}
