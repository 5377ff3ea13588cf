import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stack } from '../../../src/embedded/stack.ts';
import type { Random } from '../simulator/random.ts';
import { nextFault } from './fault-plan.ts';
import type { Fault, FaultKind } from './fault-plan.ts';
import type { Links } from './links.ts';
import type { Sabotage } from './sabotage.ts';
import { restartWorkers } from './restart-workers.ts';
import type { SmallDisk } from './small-disk.ts';

const CRASH_PATIENCE_MS = 20_000;
const RESTART_PATIENCE_MS = 90_000;
const POLL_MS = 50;

/** What a fault did. */
export interface FaultReport {
  readonly at: string;
  /** What the story was doing. */
  readonly during: string;
  readonly fault: Fault;
  /** False: the process was not running, or the moment never came. */
  readonly hit: boolean;
  readonly detail: string;
  /** From the hit until every process of the stack was ready again; null when it was not within the patience. */
  readonly recoveredAfterMs: number | null;
}

export interface Battlefield {
  readonly stack: Stack;
  readonly links: Links;
  readonly sabotage: Sabotage;
  /** null where no disk could be mounted. */
  readonly disk: SmallDisk | null;
  readonly during: () => string;
  readonly onFault: (report: FaultReport) => void;
}

/** One fault after another, at times and in an order that the seed decides, until aborted; then all is mended. */
export async function injectFaults(
  field: Battlefield,
  random: Random,
  kinds: readonly FaultKind[],
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const { afterMs, fault } = nextFault(random, kinds);
    await sleep(afterMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) break;
    const [at, during] = [new Date().toISOString(), field.during()];
    const { hit, detail } = await carryOut(field, fault, signal);
    const recoveredAfterMs = hit ? await untilReady(field.stack, signal) : null;
    field.onFault({ at, during, fault, hit, detail, recoveredAfterMs });
  }
  for (const link of field.links.all) link.mend();
  field.disk?.empty();
}

interface Effect {
  readonly hit: boolean;
  readonly detail: string;
}

async function carryOut(field: Battlefield, fault: Fault, signal: AbortSignal): Promise<Effect> {
  const { stack, links, sabotage, disk } = field;
  const pause = (ms: number): Promise<void> => sleep(ms, undefined, { signal }).catch(() => undefined);
  switch (fault.kind) {
    case 'kill':
      return { hit: strike(stack, fault.target, 'SIGKILL'), detail: '' };
    case 'freeze': {
      const hit = strike(stack, fault.target, 'SIGSTOP');
      if (hit) await pause(fault.forMs);
      strike(stack, fault.target, 'SIGCONT');
      return { hit, detail: '' };
    }
    case 'crash-point': {
      sabotage.arm(fault.target, fault);
      const deadline = Date.now() + CRASH_PATIENCE_MS;
      while (!signal.aborted && Date.now() < deadline && !sabotage.hasFired(fault.target))
        await pause(POLL_MS);
      const label = sabotage.disarm(fault.target);
      return { hit: label !== null, detail: label ?? `no moment ${fault.point} came` };
    }
    case 'cut':
    case 'delay': {
      const link = links.all.find(({ name }) => name === fault.target);
      if (fault.kind === 'cut') link?.cut();
      else link?.stall();
      await pause(fault.forMs);
      link?.mend();
      return { hit: link !== undefined, detail: '' };
    }
    case 'strand': {
      const link = links.all.find(({ name }) => name === fault.target);
      link?.strand();
      return { hit: link !== undefined, detail: '' };
    }
    case 'clock':
      sabotage.setClock(fault.target, fault.offsetMs);
      await pause(fault.forMs);
      sabotage.setClock(fault.target, 0);
      return { hit: true, detail: '' };
    case 'disk-full':
      if (disk === null) return { hit: false, detail: 'no disk could be mounted here' };
      disk.fill();
      await pause(fault.forMs);
      disk.empty();
      return { hit: true, detail: '' };
    case 'deploy':
      return {
        hit: true,
        detail: `${String(await restartWorkers(stack, RESTART_PATIENCE_MS, signal))} workers replaced`,
      };
  }
}

/** Sends a signal to a process of the stack, or to the trainers that run. */
function strike(stack: Stack, target: string, signal: NodeJS.Signals): boolean {
  if (target !== 'trainer') return stack.kill(target, signal);
  const worker = stack.processes().find((process) => process.name === 'worker-training')?.pid;
  const trainers = worker === undefined ? [] : childrenOf(worker).filter(isPython);
  for (const pid of trainers) process.kill(pid, signal);
  return trainers.length > 0;
}

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

function isPython(pid: number): boolean {
  try {
    return readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').includes('python');
  } catch {
    return false;
  }
}

async function untilReady(stack: Stack, signal: AbortSignal): Promise<number | null> {
  const startedAt = Date.now();
  // A process that was just killed is still called ready until its end has been seen.
  do {
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
    if (stack.processes().every(({ state }) => state === 'ready')) return Date.now() - startedAt;
  } while (!signal.aborted && Date.now() - startedAt < RESTART_PATIENCE_MS);
  return null;
}
