import { describe, expect, it } from 'vitest';
import type { SeededRandom } from '../../../src/stats/index.ts';
import { assessColumnDrift, domainClassifierDrift, seededRandom } from '../../../src/stats/index.ts';

type Row = (number | null)[];
function rows(n: number, of: () => Row): Row[] {
  return Array.from({ length: n }, of);
}
const independent = (r: SeededRandom) => (): Row => [r.normal(), r.normal(), Math.floor(r.next() * 4)];
const correlated = (r: SeededRandom) => (): Row => {
  const x = r.normal();
  return [x, 0.8 * x + 0.6 * r.normal(), Math.floor(r.next() * 4)];
};

describe('the domain classifier', () => {
  it('finds a changed correlation that no single column shows', () => {
    const random = seededRandom(1);
    const [a, b] = [rows(800, independent(random)), rows(800, correlated(random))];
    const verdict = domainClassifierDrift(a, b);
    expect(verdict.kind, verdict.reason).toBe('drifted');
    expect(verdict.auc).toBeGreaterThan(0.65);
    for (const column of [0, 1]) {
      const sides = { reference: a.map((row) => row[column]!), current: b.map((row) => row[column]!) };
      expect(assessColumnDrift({ kind: 'numeric', ...sides }).kind).toBe('stable');
    }
  });

  it('stays quiet without drift', () => {
    const random = seededRandom(2);
    let alarms = 0;
    for (let seed = 1; seed <= 60; seed++) {
      const sides = [rows(100, correlated(random)), rows(150, correlated(random))] as const;
      if (domainClassifierDrift(...sides, { seed }).kind === 'drifted') alarms++;
    }
    expect(alarms).toBeLessThanOrEqual(1);
  });

  it('sees values go missing, has no opinion on few or empty rows, survives constant columns', () => {
    const random = seededRandom(3);
    const holes = (): Row => [random.next() < 0.4 ? null : random.normal(), Number.NaN, 1];
    expect(
      domainClassifierDrift(
        rows(400, () => [random.normal(), Number.NaN, 1]),
        rows(400, holes),
      ).kind,
    ).toBe('drifted');
    expect(domainClassifierDrift([], []).kind).toBe('insufficient_data');
    expect(domainClassifierDrift([], [], { minSamples: 0 }).kind).toBe('insufficient_data');
    const same = rows(100, () => [7, 7, 7]);
    expect(domainClassifierDrift(same, same)).toMatchObject({ kind: 'stable', auc: 0.5 });
    const empty = rows(100, () => []);
    expect(domainClassifierDrift(empty, empty).kind).toBe('stable');
  });
});
