import { setTimeout as sleep } from 'node:timers/promises';
import type { Stack } from '../../../src/embedded/stack.ts';
import type { Fault, PlannedFault } from './fault-plan.ts';
import { NOTICED } from './link.ts';
import type { Links } from './links.ts';
import { restartsOf, untilBack } from './recovery.ts';
import type { Restarts } from './recovery.ts';
import { restartWorkers } from './restart-workers.ts';
import type { Sabotage } from './sabotage.ts';
import type { SmallDisk } from './small-disk.ts';
import { strike } from './strike.ts';

const CRASH_PATIENCE_MS = 20_000;
const RESTART_PATIENCE_MS = 90_000;
const POLL_MS = 50;

/** `to` is null where the end was not seen. */
export interface Span {
  readonly from: number;
  readonly to: number | null;
}

/** What a fault did. */
export interface FaultReport {
  readonly at: string;
  /** Its time of effect, in milliseconds since the epoch. */
  readonly lasted: Span;
  /** What the story was doing. */
  readonly during: string;
  readonly fault: Fault;
  /** False: the process was not running, the moment never came, or nothing was there to notice. */
  readonly hit: boolean;
  readonly detail: string;
  /** From the end of the fault until all was back, as `untilBack` has it; null when it was not within the patience. */
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

/** One fault after another, as `next` plans them, until aborted; then all is mended. */
export async function injectFaults(
  field: Battlefield,
  next: () => PlannedFault,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const { afterMs, fault } = next();
    await sleep(afterMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) break;
    const [at, during] = [new Date().toISOString(), field.during()];
    const before = restartsOf(field.stack);
    const armedAt = Date.now();
    const { hit, detail, struckAt = armedAt } = await carryOut(field, fault, signal);
    const recovery = hit ? await untilBack(field.stack, { killed: killedBy(fault, before), signal }) : null;
    const recoveredAfterMs = recovery?.kind === 'back' ? recovery.afterMs : null;
    const lasted = { from: struckAt, to: recovery?.kind === 'back' ? endOf(fault, struckAt) : null };
    field.onFault({ at, lasted, during, fault, hit, detail, recoveredAfterMs });
  }
  for (const link of field.links.all) link.mend();
  field.disk?.empty();
}

/** Now, when all is back; but a connection that was forgotten on its way is in use until its client has noticed. */
function endOf({ kind }: Fault, struckAt: number): number {
  return kind === 'strand' ? Math.max(Date.now(), struckAt + NOTICED.byClientAfterMs) : Date.now();
}

/** The process that a fault ends, and how often it had been started until then; a trainer is none of the stack's. */
function killedBy({ kind, target }: Fault, before: Restarts): Restarts {
  const restarts = before.get(target);
  return (kind === 'kill' || kind === 'crash-point') && restarts !== undefined
    ? new Map([[target, restarts]])
    : new Map();
}

interface Effect {
  readonly hit: boolean;
  readonly detail: string;
  /** Absent: as soon as it was to be carried out. */
  readonly struckAt?: number;
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
      const detail = label ?? `no moment ${fault.point} came`;
      return { hit: label !== null, detail, struckAt: Date.now() };
    }
    case 'cut':
    case 'delay': {
      const link = links.all.find(({ name }) => name === fault.target);
      if (fault.kind === 'cut') link?.cut();
      else link?.stall();
      await pause(fault.forMs);
      const met = link?.mend() ?? 0;
      return { hit: met > 0, detail: `${String(met)} connections` };
    }
    case 'strand': {
      const met = links.all.find(({ name }) => name === fault.target)?.strand() ?? 0;
      return { hit: met > 0, detail: `${String(met)} connections` };
    }
    case 'clock': {
      sabotage.setClock(fault.target, fault.offsetMs);
      await pause(fault.forMs);
      const hit = sabotage.toldClock(fault.target) === fault.offsetMs;
      sabotage.setClock(fault.target, 0);
      return { hit, detail: '' };
    }
    case 'disk-full': {
      if (disk === null) return { hit: false, detail: 'no disk could be mounted here' };
      const hit = disk.fill();
      await pause(fault.forMs);
      disk.empty();
      return { hit, detail: '' };
    }
    case 'deploy': {
      const replaced = await restartWorkers(stack, RESTART_PATIENCE_MS, signal);
      return { hit: replaced > 0, detail: `${String(replaced)} workers replaced` };
    }
  }
}
