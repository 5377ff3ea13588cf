import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  assessColumnDrift,
  assessDatasetDrift,
  binaryMetrics,
  bootstrapByWeight,
  bootstrapInterval,
  bySlice,
  calibrationTable,
  columnMeasures,
  concentration,
  groupFairness,
  groupRankings,
  multiclassMetrics,
  persistentDrift,
  quantileBins,
  rankingMetrics,
  regressionMetrics,
  seededRandom,
  takeRows,
} from '../../../src/stats/index.ts';

/** Every number inside a value, however deep. */
function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  if (value === null || typeof value !== 'object') return [];
  return Object.values(value).flatMap(numbersIn);
}
const expectFinite = (value: unknown): void =>
  expect(numbersIn(value).filter((n) => !Number.isFinite(n))).toEqual([]);

const anyNumber = fc.oneof(
  fc.double(),
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(null, undefined, Number.NaN, Number.POSITIVE_INFINITY, -0, 1e308, -1e308, 5e-324),
);
const anyCategory = fc.oneof(
  fc.string({ maxLength: 3 }),
  fc.constantFrom(null, undefined, '', ' ', 'a', 'A', '\u0000', '__proto__'),
);
const runs = { numRuns: 60, seed: 42 };

describe('no data can make the statistics throw or say NaN', () => {
  it('numeric columns', () => {
    fc.assert(
      fc.property(
        fc.array(anyNumber, { maxLength: 90 }),
        fc.array(anyNumber, { maxLength: 90 }),
        (reference, current) => {
          const input = { kind: 'numeric', reference, current } as const;
          expectFinite(columnMeasures(input));
          expectFinite(assessColumnDrift(input, { minSamples: 5, permutations: 399 }));
          expect(quantileBins(reference).every(Number.isFinite)).toBe(true);
        },
      ),
      runs,
    );
  });
  it('categorical columns', () => {
    fc.assert(
      fc.property(
        fc.array(anyCategory, { maxLength: 90 }),
        fc.array(anyCategory, { maxLength: 90 }),
        (reference, current) => {
          const input = { kind: 'categorical', reference, current } as const;
          expectFinite(columnMeasures(input));
          expectFinite(assessColumnDrift(input, { minSamples: 5, permutations: 399 }));
        },
      ),
      runs,
    );
  });
  it('metrics', () => {
    const labels = fc.array(fc.tuple(fc.constantFrom(0, 1, null, 2), anyNumber), { maxLength: 60 });
    fc.assert(
      fc.property(labels, (rows) => {
        const [y, s] = [rows.map(([label]) => label), rows.map(([, score]) => score)];
        expectFinite(binaryMetrics(y, s));
        // Squares of the largest doubles overflow; errors of that size are no forecast.
        const small = s.map((v) => (typeof v === 'number' && Math.abs(v) > 1e100 ? null : v));
        expectFinite(regressionMetrics(y, small));
      }),
      runs,
    );
    expectFinite([binaryMetrics([], []), regressionMetrics([], []), multiclassMetrics([], [])]);
    expectFinite([
      rankingMetrics([], 5),
      rankingMetrics([{ ranked: [], relevant: new Map() }], 5),
      concentration([]),
    ]);
  });
});

it('group fairness compares as many groups as there are rows', () => {
  const rows = 150_000;
  const flags = Float64Array.from({ length: rows }, (_, i) => i % 2);
  const groups = Array.from({ length: rows }, (_, i) => i);
  expect(groupFairness(flags, flags, groups)).toMatchObject({
    demographicParityDifference: 1,
    demographicParityDifferenceToOverall: 0.5,
  });
});

it('the same column twice has no distance by any measure', () => {
  const random = seededRandom(1);
  const values = Array.from({ length: 500 }, () => random.normal());
  const m = columnMeasures({ kind: 'numeric', reference: values, current: [...values].reverse() });
  expect([m.psi, m.js_distance, m.kl, m.hellinger, m.tvd, m.l_infinity, m.wasserstein_normed]).toEqual(
    Array(7).fill(0),
  );
  expect(m.ks).toEqual({ statistic: 0, p_value: 1 });
});

it('aggregates made elsewhere give the very numbers that raw values give', () => {
  const random = seededRandom(2);
  const side = (shift: number): number[] =>
    Array.from({ length: 400 }, () => Math.round(4 * random.normal() + shift) / 2);
  const [reference, current] = [side(0), side(1)];
  const count = (values: number[]): { values: number[]; counts: number[] } => {
    const table = new Map<number, number>();
    for (const v of values) table.set(v, (table.get(v) ?? 0) + 1);
    const keys = [...table.keys()].sort((a, b) => a - b);
    return { values: keys, counts: keys.map((k) => table.get(k)!) };
  };
  const raw = { kind: 'numeric', reference, current } as const;
  const counted = { kind: 'numeric', reference: count(reference), current: count(current) } as const;
  expect(columnMeasures(counted)).toEqual(columnMeasures(raw));
  expect(assessColumnDrift(counted)).toEqual(assessColumnDrift(raw));
  expect(assessColumnDrift({ kind: 'numeric', reference, current: count(current) })).toEqual(
    assessColumnDrift(raw),
  );
});

describe('bootstrap intervals', () => {
  it('cover the truth about as often as they state, and repeat with the seed', () => {
    const random = seededRandom(3);
    let covered = 0;
    for (let run = 0; run < 200; run++) {
      const values = Array.from({ length: 60 }, () => random.normal());
      const mean = (rows: Uint32Array): number =>
        takeRows(values, rows).reduce((a, b) => a + b, 0) / rows.length;
      const interval = bootstrapInterval(values.length, mean, { resamples: 200, seed: run });
      if (interval.low! <= 0 && interval.high! >= 0) covered++;
      if (run === 0)
        expect(bootstrapInterval(values.length, mean, { resamples: 200, seed: 0 })).toEqual(interval);
    }
    expect(covered / 200).toBeGreaterThan(0.88);
  });
  it('are null where the statistic is not defined', () => {
    expect(bootstrapInterval(0, () => 1)).toMatchObject({ estimate: null, low: null });
    const auc = (rows: Uint32Array): number | null =>
      binaryMetrics(takeRows([1, 1, 1], rows), [0.1, 0.2, 0.3]).auc;
    expect(bootstrapInterval(3, auc)).toMatchObject({ estimate: null, low: null, undefinedResamples: 1000 });
  });
  it.each([
    { confidence: 95 },
    { confidence: 1 },
    { confidence: Number.NaN },
    { resamples: 2.5 },
    { resamples: -1 },
  ])('refuse %o', (options) => {
    expect(() => bootstrapInterval(3, () => 1, options)).toThrow(RangeError);
    expect(() => bootstrapByWeight(3, () => ({ one: 1 }), options)).toThrow(RangeError);
  });
});

it('calibration bins hold the scores between their edges, and both ends', () => {
  for (const bins of [1, 7, 10, 49, 100]) {
    const edges = Array.from({ length: bins + 1 }, (_, b) => b / bins);
    // The next double below an edge is the least that the bin before it must hold.
    const below = edges.slice(1, -1).map((edge) => edge - 2 ** (Math.floor(Math.log2(edge)) - 52) / 2);
    const scores = [...edges, ...below];
    const table = calibrationTable(
      scores.map(() => 1),
      scores,
      { bins },
    );
    for (const [b, { low, high, weight }] of table.entries()) {
      const last = b === bins - 1;
      const inside = scores.filter((score) => score >= low && (last ? score <= high : score < high));
      expect(weight, `${String(b)} of ${String(bins)}`).toBe(inside.length);
    }
  }
  expect(() => calibrationTable([1], [0.5], { bins: 0 })).toThrow(RangeError);
});

describe('slices, lists and windows', () => {
  it('slices missing values, keeps crossed values apart, leaves small slices out', () => {
    const rows = [
      { a: 'x,b=1', b: '2' },
      { a: 'x', b: '1' },
      { a: null, b: undefined },
      { a: 'x', b: '1' },
    ];
    const names = (minCount: number): string[] =>
      bySlice(rows, ['a', ['a', 'b']], (r) => r.length, { minCount }).map((s) => s.name);
    expect(names(1)).toEqual([
      'a=(missing)',
      'a=x',
      'a=x,b=1',
      'a=(missing),b=(missing)',
      'a=x,b=1',
      'a=x,b=1,b=2',
    ]);
    expect(names(2)).toEqual(['a=x', 'a=x,b=1']);
    const mixed = [{ k: 7n }, { k: true }, { k: new Date(0) }, { k: Infinity }, { k: Number.NaN }];
    expect(bySlice(mixed, ['k'], (r) => r.length).map((s) => s.name)).toEqual([
      'k="1970-01-01T00:00:00.000Z"',
      'k=(missing)',
      'k=7',
      'k=Infinity',
      'k=true',
    ]);
    const { byGroup } = groupFairness([1, 0, 1], [1, 1, 0], [Number.NaN, null, Infinity]);
    expect(Object.keys(byGroup)).toEqual(['(missing)', 'Infinity']);
  });
  it('skips groups without a relevant item when told so', () => {
    const groups = groupRankings([
      { group: 'u1', item: 'a', score: 0.2, relevance: 0 },
      { group: 'u1', item: 'b', score: 0.9, relevance: 1 },
      { group: 'u2', item: 'a', score: 0.5, relevance: 0 },
    ]);
    expect(rankingMetrics(groups, 1).hitRate).toBe(0.5);
    expect(rankingMetrics(groups, 1, { withoutRelevant: 'skip' })).toMatchObject({
      hitRate: 1,
      groupsWithoutRelevant: 1,
    });
  });
  it('sees everybody getting the same', () => {
    const same = Array.from({ length: 30 }, () => ({
      ranked: ['ficus', 'fern'],
      relevant: new Map([['fern', 1]]),
    }));
    const m = rankingMetrics(same, 2, { catalogueSize: 100 });
    expect(m).toMatchObject({ topItemShare: 1, topFirstShare: 1, coverage: 0.02 });
    expect(m.diversity).toBeCloseTo(0, 12);
    expect(
      concentration(
        new Map([
          ['ficus', 98],
          ['fern', 2],
        ]),
        100,
      ).topShare,
    ).toBe(0.98);
  });
  it('asks k of n windows and the newest for drift', () => {
    const policy = { k: 2, n: 3 };
    expect(persistentDrift(['stable', 'drifted', 'stable', 'drifted'], policy).kind).toBe('drifted');
    expect(persistentDrift(['drifted', 'drifted', 'stable'], policy).kind).toBe('stable');
    expect(persistentDrift(['drifted', 'stable', 'stable', 'drifted'], policy).kind).toBe('stable');
    expect(persistentDrift(['drifted', 'insufficient_data', 'drifted'], policy).kind).toBe('drifted');
    expect(persistentDrift(['drifted', 'drifted', 'insufficient_data'], policy).kind).toBe(
      'insufficient_data',
    );
    expect(persistentDrift([], policy).kind).toBe('insufficient_data');
  });
  it('counts judged columns only for a dataset', () => {
    expect(assessDatasetDrift([{ kind: 'drifted' }, { kind: 'insufficient_data' }])).toMatchObject({
      kind: 'drifted',
      driftedShare: 1,
    });
    expect(assessDatasetDrift([{ kind: 'drifted' }, { kind: 'stable' }, { kind: 'stable' }]).kind).toBe(
      'stable',
    );
    expect(assessDatasetDrift([]).kind).toBe('insufficient_data');
  });
});
