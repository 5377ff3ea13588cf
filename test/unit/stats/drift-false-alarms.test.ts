import { describe, expect, it } from 'vitest';
import type { ColumnDriftVerdict, SeededRandom } from '../../../src/stats/index.ts';
import {
  assessColumnDrift,
  binShares,
  jensenShannon,
  populationStabilityIndex,
  quantileBins,
  seededRandom,
} from '../../../src/stats/index.ts';

const NUMBERS: Record<string, (r: SeededRandom) => number> = {
  normal: (r) => r.normal(),
  lognormal: (r) => Math.exp(1.5 * r.normal()),
  cauchy: (r) => r.normal() / r.normal(),
  'few whole numbers': (r) => Math.floor(6 * r.next() ** 2),
  'mostly zero': (r) => (r.next() < 0.7 ? 0 : -Math.log(1 - r.next())),
};
const CATEGORIES: Record<string, (r: SeededRandom) => string> = {
  'five categories': (r) => 'abcde'[Math.floor(5 * r.next() ** 2)]!,
  'three hundred categories': (r) => `item${Math.floor(Math.exp(r.next() * Math.log(300)))}`,
  'a new id each row': (r) => `id${r.below(4e9)}`,
  'a rare category': (r) => (r.next() < 0.02 ? 'yes' : 'no'),
};

function numeric(reference: number[], current: number[], seed = 1): ColumnDriftVerdict {
  return assessColumnDrift({ kind: 'numeric', reference, current }, { seed });
}

function draw<T>(n: number, of: (r: SeededRandom) => T, r: SeededRandom): T[] {
  return Array.from({ length: n }, () => of(r));
}

describe('without drift the default verdict alarms in at most 1 % of windows', () => {
  it.each([
    [30, 30, 120],
    [100, 100, 120],
    [1000, 60, 60],
    [500, 500, 40],
  ])('%i against %i rows, all kinds of columns', (n, m, runs) => {
    const random = seededRandom(n + m);
    let alarms = 0;
    let windows = 0;
    for (let seed = 1; seed <= runs; seed++) {
      for (const of of Object.values(NUMBERS)) {
        windows++;
        if (numeric(draw(n, of, random), draw(m, of, random), seed).kind === 'drifted') alarms++;
      }
      for (const of of Object.values(CATEGORIES)) {
        windows++;
        const sides = { reference: draw(n, of, random), current: draw(m, of, random) };
        if (assessColumnDrift({ kind: 'categorical', ...sides }, { seed }).kind === 'drifted') alarms++;
      }
    }
    expect(alarms / windows).toBeLessThanOrEqual(0.01);
  });

  it('a million rows', () => {
    const random = seededRandom(1);
    expect(
      numeric(
        draw(1e6, (r) => r.normal(), random),
        draw(1e6, (r) => r.normal(), random),
      ).kind,
    ).toBe('stable');
    const counts = (): Map<string, number> => {
      const map = new Map<string, number>();
      for (let i = 0; i < 1e6; i++) {
        const key = `c${Math.floor(Math.exp(random.next() * Math.log(5000)))}`;
        map.set(key, (map.get(key) ?? 0) + 1);
      }
      return map;
    };
    const sides = { reference: { counts: counts() }, current: { counts: counts() } };
    expect(assessColumnDrift({ kind: 'categorical', ...sides }).kind).toBe('stable');
  });

  it('where the published thresholds alarm most of the time', () => {
    const random = seededRandom(2);
    let psi = 0;
    let js = 0;
    for (let i = 0; i < 200; i++) {
      const reference = draw(100, (r) => r.normal(), random);
      const edges = quantileBins(reference);
      const p = binShares(reference, edges);
      const q = binShares(
        draw(100, (r) => r.normal(), random),
        edges,
      );
      if (populationStabilityIndex(p, q) > 0.1) psi++;
      if (jensenShannon(p, q).distance > 0.1) js++;
    }
    expect(psi / 200).toBeGreaterThan(0.7);
    expect(js / 200).toBeGreaterThan(0.7);
  });
});

describe('a real shift is found', () => {
  it.each([
    [50, 50],
    [200, 200],
    [1000, 200],
  ])('at the size that the verdict of a quiet window promises, %i against %i rows', (n, m) => {
    const random = seededRandom(n);
    const quiet = numeric(
      draw(n, (r) => r.normal(), random),
      draw(m, (r) => r.normal(), random),
    );
    if (quiet.kind === 'insufficient_data') throw new Error(quiet.reason);
    const promised = quiet.evidence.find((e) => e.method === 'wasserstein_normed')!.smallestDetectable;
    expect(promised).toBeLessThan(n === 50 ? 0.9 : 0.45);
    let found = 0;
    for (let seed = 1; seed <= 40; seed++) {
      const shifted = draw(m, (r) => promised + r.normal(), random);
      if (
        numeric(
          draw(n, (r) => r.normal(), random),
          shifted,
          seed,
        ).kind === 'drifted'
      )
        found++;
    }
    expect(found / 40).toBeGreaterThanOrEqual(0.65);
  });

  it('but a trifle is no alarm, however many rows prove it', () => {
    const random = seededRandom(4);
    const verdict = numeric(
      draw(2e5, (r) => r.normal(), random),
      draw(2e5, (r) => 0.04 + r.normal(), random),
    );
    expect(verdict.kind).toBe('stable');
    if (verdict.kind !== 'insufficient_data')
      expect(verdict.evidence.some((e) => e.pValue <= 0.01)).toBe(true);
  });

  it('and the same data with the same seed give the same verdict', () => {
    const random = seededRandom(5);
    const [a, b] = [draw(80, (r) => r.normal(), random), draw(80, (r) => 0.5 + r.normal(), random)];
    expect(numeric(a, b)).toEqual(numeric([...a].reverse(), b));
  });
});
