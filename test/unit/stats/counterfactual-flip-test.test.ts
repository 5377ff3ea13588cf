import { describe, expect, it } from 'vitest';
import { counterfactualFlipTest } from '../../../src/stats/index.ts';

/** Rows as [facet, prediction, features …]. */
function flip(rows: readonly (readonly [string, number, ...number[]])[], options: object = {}) {
  const width = rows[0]!.length - 2;
  return counterfactualFlipTest({
    predictions: rows.map((row) => row[1]),
    inFacet: rows.map((row) => row[0] === 'd'),
    features: Array.from({ length: width }, (_, f) => rows.map((row) => row[f + 2] as number)),
    ...options,
  });
}

describe('the counterfactual flip test, by hand', () => {
  it('is above 0 where the facet is refused what its nearest neighbours are granted', () => {
    // a: 0 → 0, 10 → 1. d: 1 is refused as its neighbour is, 9 and 11 are refused and would be granted, 2 is granted
    // and would be refused: (2 − 1)/4.
    const found = flip([
      ['a', 0, 0],
      ['a', 1, 10],
      ['d', 0, 1],
      ['d', 0, 9],
      ['d', 0, 11],
      ['d', 1, 2],
    ]);
    expect(found).toEqual({
      FT: 0.25,
      ...{ toFavourable: 2, toUnfavourable: 1, facetRows: 4, otherRows: 2, k: 1 },
    });
  });

  it('asks five neighbours, and one where the others are at most nine', () => {
    const others = (n: number): ['a', number, number][] =>
      Array.from({ length: n }, (_, i) => ['a', i === 0 ? 0 : 1, i]);
    // The nearest of the others is refused, four of the five nearest are granted.
    expect(flip([...others(9), ['d', 0, 0]])).toMatchObject({ FT: 0, k: 1 });
    expect(flip([...others(10), ['d', 0, 0]])).toMatchObject({ FT: 1, k: 5 });
    expect(flip([...others(11), ['d', 0, 0]], { k: 1 })).toMatchObject({ FT: 0, k: 1 });
    expect(flip([...others(3), ['d', 0, 0]], { k: 7 })).toMatchObject({ FT: 1, k: 3 });
  });

  it('takes the earlier of two that are as near, and an even vote for a refusal', () => {
    const tied = [
      ['a', 1, 1],
      ['a', 0, -1],
      ['d', 0, 0],
      ['d', 1, 0],
    ] as const;
    expect(flip(tied, { k: 1 })).toMatchObject({ toFavourable: 1, toUnfavourable: 0, FT: 0.5 });
    expect(flip([tied[1], tied[0], tied[2], tied[3]], { k: 1 })).toMatchObject({ FT: -0.5 });
    expect(flip(tied, { k: 2 })).toMatchObject({ toFavourable: 0, toUnfavourable: 1, FT: -0.5 });
  });

  it('measures by the numbers as they are, or in standard deviations', () => {
    // By income (10,000 to 10,900) the first is nearest, by both in standard deviations the second.
    const rows = [
      ['a', 0, 10_000, 60],
      ['a', 1, 10_900, 20],
      ['d', 0, 10_400, 20],
    ] as const;
    expect(flip(rows)).toMatchObject({ FT: 0 });
    expect(flip(rows, { standardise: true })).toMatchObject({ FT: 1 });
    const constant = rows.map(([facet, prediction, , age]) => [facet, prediction, 7, age] as const);
    expect(flip(constant, { standardise: true })).toMatchObject({ FT: 1 });
  });

  it('leaves out what is not known, and says nothing of a facet without rows', () => {
    const found = flip([
      ['a', 1, 0],
      ['a', 0, Number.NaN],
      ['d', 0, 0],
      ['d', 0, Number.POSITIVE_INFINITY],
      ['d', Number.NaN, 0],
    ]);
    expect(found).toMatchObject({ FT: 1, facetRows: 1, otherRows: 1 });
    expect(flip([['a', 1, 0]])).toMatchObject({ FT: null, facetRows: 0 });
    expect(flip([['d', 1, 0]])).toMatchObject({ FT: null, otherRows: 0, k: 0 });
  });

  it('refuses what has no meaning', () => {
    const rows = { predictions: [0, 1], inFacet: [true, false] };
    expect(() => counterfactualFlipTest({ ...rows, features: [] })).toThrow(/at least one column/);
    expect(() => counterfactualFlipTest({ ...rows, features: [[1]] })).toThrow(RangeError);
    expect(() => counterfactualFlipTest({ ...rows, features: [[1, 2]], k: 0 })).toThrow(/k must be/);
  });
});
