import { expect, it } from 'vitest';
import { assessColumnDrift, jensenShannon, seededRandom } from '../../../src/stats/index.ts';
import type { ColumnDriftVerdict, SeededRandom } from '../../../src/stats/index.ts';
import { percent, printTable } from './print-table.ts';

const SEED = 78;
/** Rows of each side, and how many pairs of windows. */
const SIZES: readonly (readonly [number, number])[] = [
  [50, 200],
  [200, 200],
  [1_000, 100],
  [10_000, 40],
];

/** The first has many rows, the last few or none. */
const zipf = (size: number): number[] => toShares(Array.from({ length: size }, (_, i) => 1 / (i + 1) ** 1.2));
const YES_OR_NO = [0.7, 0.3];

type Draw = (rows: number, random: SeededRandom) => number[] | string[];
interface Shift {
  readonly kind: 'numeric' | 'categorical';
  readonly method: 'wasserstein_normed' | 'js_distance';
  readonly quiet: Draw;
  /** Rows of a distribution that lies `effect` away from the quiet one, in the unit of `method`. */
  readonly shifted: (effect: number) => Draw;
  /** How often at least a shift of the promised size is to be found. */
  readonly atLeast: number;
}

const SHIFTS: Readonly<Record<string, Shift>> = {
  'a normal moves': moved((r) => r.normal(), 1),
  // A heavy tail hides what all the small values did.
  'a lognormal moves': moved((r) => Math.exp(r.normal()), Math.sqrt((Math.E - 1) * Math.E)),
  'yes gains on no': mixed(YES_OR_NO, 1, 0.7),
  'of 20 categories the first gains': mixed(zipf(20), 0, 0.7),
  'of 20 categories the last gains': mixed(zipf(20), 19, 0.7),
  // Where there are more of them than rows, docs/drift.md promises six in ten.
  'of 300 categories the first gains': mixed(zipf(300), 0, 0.5),
  'of 300 categories the last gains': mixed(zipf(300), 299, 0.5),
};

function moved(of: (r: SeededRandom) => number, deviation: number): Shift {
  const by =
    (shift: number): Draw =>
    (rows, random) =>
      Array.from({ length: rows }, () => of(random) + shift);
  const shifted = (effect: number): Draw => by(effect * deviation);
  return { kind: 'numeric', method: 'wasserstein_normed', quiet: by(0), shifted, atLeast: 0.7 };
}

/** Part of all rows becomes category `to`: as many as lie at the wanted Jensen-Shannon distance. */
function mixed(shares: readonly number[], to: number, atLeast: number): Shift {
  const mixture = (part: number): number[] =>
    shares.map((share, i) => (1 - part) * share + (i === to ? part : 0));
  const shifted = (effect: number): Draw => {
    let [low, high] = [0, 1];
    for (let step = 0; step < 50; step++) {
      const middle = (low + high) / 2;
      if (jensenShannon(shares, mixture(middle)).distance < effect) low = middle;
      else high = middle;
    }
    return from(mixture(high));
  };
  return { kind: 'categorical', method: 'js_distance', quiet: from(shares), shifted, atLeast };
}

function from(shares: readonly number[]): Draw {
  return (rows, random) =>
    Array.from({ length: rows }, () => {
      let left = random.next();
      const at = shares.findIndex((share) => (left -= share) < 0);
      return `c${String(at)}`;
    });
}

function toShares(weights: readonly number[]): number[] {
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

function judge(shift: Shift, reference: unknown, current: unknown, seed: number): ColumnDriftVerdict {
  return assessColumnDrift({ kind: shift.kind, reference, current } as never, { seed });
}

it('a shift of the size that a quiet window promises is found', { timeout: 1_800_000 }, () => {
  const random = seededRandom(SEED);
  const rows = Object.entries(SHIFTS).flatMap(([name, shift]) =>
    SIZES.map(([n, pairs]) => {
      let [found, promises] = [0, 0];
      for (let seed = 1; seed <= pairs; seed++) {
        const reference = shift.quiet(n, random);
        const quiet = judge(shift, reference, shift.quiet(n, random), seed);
        if (quiet.kind === 'insufficient_data') throw new Error(quiet.reason);
        const promised = quiet.evidence.find(({ method }) => method === shift.method)!.smallestDetectable;
        promises += promised;
        if (judge(shift, reference, shift.shifted(promised)(n, random), seed).kind === 'drifted') found++;
      }
      expect(found / pairs, `${name}, ${String(n)} rows`).toBeGreaterThanOrEqual(shift.atLeast);
      return [name, String(n), shift.method, (promises / pairs).toFixed(3), percent(found / pairs)];
    }),
  );
  printTable(
    `drift of the promised size (smallest_detectable), n rows on both sides, seed ${String(SEED)}`,
    ['what happens', 'n', 'method', 'promised, mean', 'found'],
    rows,
  );
});
