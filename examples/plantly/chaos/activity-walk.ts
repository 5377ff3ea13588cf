import type { Random } from '../simulator/random.ts';
import { gapBefore, WORKERS } from './fault-plan.ts';
import type { PlannedFault } from './fault-plan.ts';
import type { FaultReport } from './inject-faults.ts';

const POINTS = ['before-activity', 'after-activity'] as const;
const MOMENTS = WORKERS.flatMap((target) => POINTS.map((point) => ({ target, point })));

/** What a walk has done in one run. */
export interface Walked {
  readonly faults: readonly FaultReport[];
  /** The activities that began. */
  readonly activities: readonly string[];
}

function momentsHit(faults: readonly FaultReport[]): string[] {
  return faults.filter(({ hit, fault }) => hit && fault.kind === 'crash-point').map(({ detail }) => detail);
}

/**
 * A worker dies right before or right after an activity at which none has died yet, whichever comes first: one of the
 * workers that were waited for in vain the least, as those that are left may have none.
 */
export function nextActivityCrash(random: Random, earlier: readonly FaultReport[]): PlannedFault {
  // A worker that died is back within seconds.
  const afterMs = Math.round(gapBefore(random) / 2);
  const timesInVain = ({ target, point }: (typeof MOMENTS)[number]): number =>
    earlier.filter(
      ({ hit, fault }) =>
        !hit && fault.kind === 'crash-point' && fault.target === target && fault.point === point,
    ).length;
  const least = Math.min(...MOMENTS.map(timesInVain));
  const { target, point } = random.pick(MOMENTS.filter((moment) => timesInVain(moment) === least));
  return { afterMs, fault: { kind: 'crash-point', target, point, skip: 0, spared: momentsHit(earlier) } };
}

/** The moments before and after activities that came in some run, and at which no worker died in any. */
export function momentsMissed(runs: readonly Walked[]): string[] {
  const hit = new Set(momentsHit(runs.flatMap(({ faults }) => faults)));
  const activities = [...new Set(runs.flatMap((run) => run.activities))].sort();
  return activities
    .flatMap((name) => [`before activity ${name}`, `after activity ${name}`])
    .filter((moment) => !hit.has(moment));
}
