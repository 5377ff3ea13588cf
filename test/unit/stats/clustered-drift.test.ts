import { describe, expect, it } from 'vitest';
import type { ColumnDriftVerdict, KeyedNumbers, SeededRandom } from '../../../src/stats/index.ts';
import { assessClusteredDrift, assessColumnDrift, seededRandom } from '../../../src/stats/index.ts';

interface Traffic {
  readonly users: number;
  /** Requests of an average user. */
  readonly length: number;
  /** Spread of the logarithm of how many requests a user makes, and how much a user's value goes with it. */
  readonly heavy?: number;
  readonly goesWithActivity?: number;
  /** How alike the requests of one user are: the share of the variance that lies between users. */
  readonly alike?: number;
  readonly shift?: number;
}

/** Requests of a window: a user has a rate and a value, and as many requests as Poisson's law gives. */
function requests(traffic: Traffic, random: SeededRandom): { values: number[]; keys: number[] } {
  const { users, length, heavy = 1, goesWithActivity = 0, alike = 1, shift = 0 } = traffic;
  const values: number[] = [];
  const keys: number[] = [];
  for (let user = 0; user < users; user++) {
    const activity = random.normal();
    const own = goesWithActivity * activity + Math.sqrt(1 - goesWithActivity ** 2) * random.normal();
    const n = poisson(length * Math.exp(heavy * activity - heavy ** 2 / 2), random);
    for (let i = 0; i < n; i++) {
      values.push(shift + Math.sqrt(alike) * own + Math.sqrt(1 - alike) * random.normal());
      keys.push(user);
    }
  }
  return { values, keys };
}

/** By the times between events. */
function poisson(mean: number, random: SeededRandom): number {
  let n = -1;
  for (let left = mean; left > 0; n++) left += Math.log(1 - random.next());
  return Math.max(0, n);
}

const byRequest = ({ values }: KeyedNumbers, other: KeyedNumbers, seed: number): ColumnDriftVerdict =>
  assessColumnDrift({ kind: 'numeric', reference: values, current: other.values }, { seed });
const byUser = (reference: KeyedNumbers, current: KeyedNumbers, seed: number): ColumnDriftVerdict =>
  assessClusteredDrift(reference, current, { seed, minSamples: 20 });

function rate(
  [before, now]: readonly [Traffic, Traffic],
  runs: number,
  judge: (reference: KeyedNumbers, current: KeyedNumbers, seed: number) => ColumnDriftVerdict,
): { drifted: number; judged: number } {
  const random = seededRandom(runs);
  let drifted = 0;
  let judged = 0;
  for (let seed = 1; seed <= runs; seed++) {
    const { kind } = judge(requests(before, random), requests(now, random), seed);
    if (kind !== 'insufficient_data') judged++;
    if (kind === 'drifted') drifted++;
  }
  return { drifted: drifted / runs, judged: judged / runs };
}

const WITHOUT_DRIFT: Readonly<Record<string, readonly [Traffic, Traffic]>> = {
  'few users alike in number': [
    { users: 24, length: 40, heavy: 0 },
    { users: 24, length: 40, heavy: 0 },
  ],
  'users of whom some come often': [
    { users: 150, length: 8 },
    { users: 150, length: 8 },
  ],
  'a reference ten times as long, of a value that goes with activity': [
    { users: 200, length: 20, goesWithActivity: 0.6 },
    { users: 200, length: 2, goesWithActivity: 0.6 },
  ],
  'a window ten times as long, of a value that goes with activity': [
    { users: 250, length: 2, goesWithActivity: 0.6 },
    { users: 250, length: 20, goesWithActivity: 0.6 },
  ],
  'a canary of few users before all the traffic': [
    { users: 100, length: 10, goesWithActivity: 0.6 },
    { users: 1000, length: 1, goesWithActivity: 0.6 },
  ],
  'requests that are half alike': [
    { users: 100, length: 10, alike: 0.5 },
    { users: 100, length: 10, alike: 0.5 },
  ],
};

describe('of few users with many requests', () => {
  it('the verdict by users alarms in at most 1 % of windows without drift', () => {
    const runs = 50;
    const seen = Object.values(WITHOUT_DRIFT).map((sides) => rate(sides, runs, byUser));
    const windows = seen.reduce((sum, one) => sum + one.judged * runs, 0);
    const alarms = seen.reduce((sum, one) => sum + one.drifted * runs, 0);
    expect(windows).toBeGreaterThan(200);
    expect(alarms / windows).toBeLessThanOrEqual(0.01);
  });

  it('the verdict by requests alarms in most of them', () => {
    const alarms = Object.values(WITHOUT_DRIFT).map((sides) => rate(sides, 3, byRequest).drifted);
    expect(alarms.filter((one) => one === 1).length).toBeGreaterThanOrEqual(4);
  });

  it('a shift of all of them is found', () => {
    const sides = [
      { users: 150, length: 8, heavy: 0.5 },
      { users: 150, length: 8, heavy: 0.5, shift: 0.8 },
    ] as const;
    expect(rate(sides, 40, byUser).drifted).toBeGreaterThanOrEqual(0.95);
  });

  it('a verdict states what it would find, with the power it promises', () => {
    const quietSides = { users: 200, length: 6, heavy: 0.5 };
    const random = seededRandom(3);
    const quiet = byUser(requests(quietSides, random), requests(quietSides, random), 1);
    if (quiet.kind === 'insufficient_data') throw new Error(quiet.reason);
    const shift = quiet.evidence.find((e) => e.method === 'wasserstein_normed')!.smallestDetectable;
    expect(shift).toBeGreaterThan(0.3);
    const runs = 40;
    const { drifted } = rate([quietSides, { ...quietSides, shift }], runs, byUser);
    // Four times in five, less three standard errors of so few runs.
    expect(drifted).toBeGreaterThanOrEqual(0.8 - 3 * Math.sqrt((0.8 * 0.2) / runs));
  });

  it('there is no verdict where they are too few, whatever their requests', () => {
    const random = seededRandom(1);
    const few = { users: 20, length: 50, heavy: 0 };
    const seen = assessClusteredDrift(requests(few, random), requests(few, random));
    expect(seen.kind).toBe('insufficient_data');
    expect(seen.reason).toMatch(
      /^too few values to judge: \d+ in the \w+ data, which tell as much as (1\d|2\d) independent/u,
    );
    // What differs from request to request is judged by requests.
    expect(
      assessClusteredDrift(requests({ ...few, alike: 0 }, random), requests({ ...few, alike: 0 }, random))
        .kind,
    ).toBe('stable');
    const constant = {
      values: Array.from({ length: 500 }, () => 7),
      keys: Array.from({ length: 500 }, (_, i) => i % 10),
    };
    expect(assessClusteredDrift(constant, constant).kind).toBe('insufficient_data');
  });

  it('a value that some of them lack is not missing of late', () => {
    const random = seededRandom(2);
    const all = requests({ users: 40, length: 30, heavy: 0 }, random);
    const lacking = (users: number): KeyedNumbers => ({
      keys: all.keys,
      values: all.values.map((value, i) => (all.keys[i]! < users ? null : value)),
    });
    const rows = { reference: all.values, current: lacking(3).values };
    expect(assessColumnDrift({ kind: 'numeric', ...rows }).missing.drifted).toBe(true);
    expect(byUser(all, lacking(3), 1).missing).toMatchObject({ drifted: false, reference: 0 });
    expect(byUser(all, lacking(15), 1).missing.drifted).toBe(true);
  });
});

it('where each row is of another user, users make no difference', () => {
  const random = seededRandom(4);
  const values = (): number[] => Array.from({ length: 200 }, () => random.normal());
  const [reference, current] = [values(), values()];
  const keys = reference.map((_, i) => `u${String(i)}`);
  const plain = assessColumnDrift({ kind: 'numeric', reference, current });
  expect(assessClusteredDrift({ values: reference, keys }, { values: current, keys })).toEqual(plain);
  expect(assessClusteredDrift({ values: reference, keys: null }, { values: current, keys: null })).toEqual(
    plain,
  );
});
