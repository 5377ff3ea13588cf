import type { Severity } from '../../../src/domain/finding.ts';
import { seededRandom } from '../../../src/stats/distributions/seeded-random.ts';
import type { SeededRandom } from '../../../src/stats/distributions/seeded-random.ts';

const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
/**
 * Nobody acts in the very second of a reminder or a look: the test server loses a workflow whose timer fires while a
 * task cancels it. (A real one has the task done again.)
 */
export const ODD_MS = 7 * 61_000;
/** As many as a decision names. */
const STORM = 500;

/** What the world does by itself; `at` is milliseconds since the life began. */
export type Happening = { readonly at: number } & (
  | { readonly kind: 'monitor_pass' | 'retraining_schedule' | 'pause' | 'resume' | 'rollback' }
  | { readonly kind: 'trigger'; readonly key: string; readonly source: 'api' | 'webhook' }
  | { readonly kind: 'storm'; readonly keys: readonly string[] }
);

/** From `from` to `to` a monitor breaches on whoever is champion when it begins. */
interface Drift {
  readonly from: number;
  readonly to: number;
  readonly severity: Severity;
}

export interface LifeShape {
  readonly seed: number;
  readonly days: number;
  readonly passEveryHours: number;
}

/** What becomes of one version, and how long people take over it. */
export interface Fate {
  readonly gates: 'pass' | 'fail';
  readonly approver: 'approves' | 'rejects' | 'is away';
  readonly answersAfterMs: number;
  readonly canary: 'passes' | 'fails' | 'has no traffic';
}

export interface LifePlan {
  readonly happenings: readonly Happening[];
  readonly drifts: readonly Drift[];
  fateOf(version: number): Fate;
}

/** Without a champion there is little to live through. */
const FIRST: Fate = { gates: 'pass', approver: 'approves', answersAfterMs: HOUR_MS, canary: 'passes' };

/**
 * A life of so many days, the same for the same seed: monitor passes, a weekly schedule, up to three triggers a day
 * (a fifth of them delivered twice), and now and then a pause, a rollback and a drift. It begins with a storm,
 * so that all that is bounded is full from the first day on.
 */
export function planLife({ seed, days, passEveryHours }: LifeShape): LifePlan {
  const random = seededRandom(seed);
  const happenings: Happening[] = [
    { at: HOUR_MS, kind: 'storm', keys: Array.from({ length: STORM }, (_, i) => `push/storm-${String(i)}`) },
  ];
  const drifts: Drift[] = [];
  for (let hour = 2; hour < days * 24; hour += passEveryHours)
    happenings.push({ at: hour * HOUR_MS + random.below(1_200) * 1_000, kind: 'monitor_pass' });
  for (let day = 1; day < days; day += 1) {
    happenings.push(...triggersOf(day, random));
    if (day % 7 === 0) happenings.push({ at: day * DAY_MS + 3 * HOUR_MS, kind: 'retraining_schedule' });
    if (day % 20 === 11) happenings.push({ at: timeOf(day, random), kind: 'rollback' });
    if (day % 30 === 17 && day + 4 < days) {
      const at = timeOf(day, random);
      happenings.push({ at, kind: 'pause' });
      happenings.push({ at: at + (1 + random.below(3)) * DAY_MS, kind: 'resume' });
    }
    if (day % 25 === 20) {
      const from = timeOf(day, random);
      const to = from + (6 + random.below(100)) * HOUR_MS;
      drifts.push({ from, to, severity: random.below(3) === 0 ? 'critical' : 'warning' });
    }
  }
  happenings.sort((a, b) => a.at - b.at);
  return {
    happenings,
    drifts,
    fateOf: (version) => (version === 1 ? FIRST : fateOf(seededRandom(seed * 100_003 + version))),
  };
}

function timeOf(day: number, random: SeededRandom): number {
  return day * DAY_MS + random.below(24 * 60) * MINUTE_MS;
}

function triggersOf(day: number, random: SeededRandom): Happening[] {
  return Array.from({ length: random.below(4) }, (_, i) => {
    const source = random.below(2) === 0 ? 'api' : 'webhook';
    const first = {
      kind: 'trigger',
      at: timeOf(day, random),
      key: `${source}/${String(day)}-${String(i)}`,
      source,
    } as const;
    const again = { ...first, at: first.at + random.below(600) * MINUTE_MS };
    return random.below(5) === 0 ? [first, again] : [first];
  }).flat();
}

function fateOf(random: SeededRandom): Fate {
  const oneOf = (percent: number): boolean => random.below(100) < percent;
  return {
    gates: oneOf(75) ? 'pass' : 'fail',
    approver: oneOf(75) ? 'approves' : oneOf(40) ? 'rejects' : 'is away',
    answersAfterMs: (1 + random.below(50)) * HOUR_MS + ODD_MS,
    canary: oneOf(70) ? 'passes' : oneOf(65) ? 'fails' : 'has no traffic',
  };
}
