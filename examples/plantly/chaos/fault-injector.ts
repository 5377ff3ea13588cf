import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stack } from '../../../src/embedded/stack.ts';
import type { Random } from '../simulator/random.ts';

/** Every process that a fault may hit. `trainer` is whatever the training worker is running at the moment. */
const VICTIMS = [
  'worker-control',
  'worker-data',
  'worker-training',
  'worker-rollout',
  'api',
  'gateway',
  'trainer',
  'postgres',
  's3',
  'temporal',
] as const;
type Victim = (typeof VICTIMS)[number];

export interface Fault {
  readonly at: string;
  readonly victim: Victim;
  /** What the story was doing. */
  readonly during: string;
  readonly hit: boolean;
}

/** Long enough for what was hit to be back before the next, as in life; nothing waits for that to be so. */
const MIN_GAP_MS = 8000;
const MAX_GAP_MS = 24_000;

/** Children of a process by the kernel's own list. */
function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      try {
        const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
        const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
        return parent === pid ? [Number(entry)] : [];
      } catch {
        return [];
      }
    });
}

function killTrainer(stack: Stack): boolean {
  const worker = stack.processes().find((process) => process.name === 'worker-training')?.pid;
  if (worker === undefined) return false;
  const trainers = childrenOf(worker).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('python');
    } catch {
      return false;
    }
  });
  for (const pid of trainers) process.kill(pid, 'SIGKILL');
  return trainers.length > 0;
}

/** kill -9 of one process after another, at times and in an order that the seed decides, until aborted. */
export async function injectFaults(
  stack: Stack,
  random: Random,
  during: () => string,
  onFault: (fault: Fault) => void,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const gapMs = MIN_GAP_MS + random.next() * (MAX_GAP_MS - MIN_GAP_MS);
    await sleep(gapMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const victim = VICTIMS[Math.floor(random.next() * VICTIMS.length)] ?? 'api';
    const hit = victim === 'trainer' ? killTrainer(stack) : stack.kill(victim, 'SIGKILL');
    onFault({ at: new Date().toISOString(), victim, during: during(), hit });
  }
}
