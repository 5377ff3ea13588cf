import { describe, expect, it } from 'vitest';
import { drawnHistogram } from '../../../src/data/drift/shown-distribution.ts';

const of = (reference: readonly number[], current: readonly number[]) => {
  const sorted = (values: readonly number[]) => Float64Array.from(values).sort();
  return drawnHistogram({ reference: sorted(reference), current: sorted(current) });
};
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

describe('what is drawn of two samples', () => {
  it('gives each whole number a bin of its own while there are few', () => {
    const shown = of([1, 1, 2, 4], [4, 4, 3]);
    expect(shown).toEqual({
      kind: 'histogram',
      edges: [1, 2, 3, 4, 5],
      reference: [2, 1, 0, 1],
      current: [0, 0, 1, 2],
    });
  });

  it('puts as many whole numbers into every bin when there are many, so that even shares look even', () => {
    const shown = of(upTo(100), upTo(100));
    if (shown?.kind !== 'histogram') throw new Error('nothing drawn');
    expect(new Set(shown.reference.slice(1, -1))).toEqual(new Set([3]));
    expect(shown.edges.length).toBeLessThanOrEqual(41);
  });

  it.each([
    ['fractions', upTo(1000).map((i) => i / 7), upTo(900).map((i) => i / 5)],
    ['times in milliseconds', upTo(500).map((i) => 1.8e12 + i * 3_600_000), [1.8e12]],
    ['one value', [5, 5, 5], [5]],
    ['the largest doubles', [-1.7e308, 1.7e308], [0]],
  ])('counts every value of %s once', (_what, reference, current) => {
    const shown = of(reference, current);
    if (shown?.kind !== 'histogram') throw new Error('nothing drawn');
    const sum = (counts: readonly number[]) => counts.reduce((total, n) => total + n, 0);
    expect([sum(shown.reference), sum(shown.current)]).toEqual([reference.length, current.length]);
    expect(shown.edges).toHaveLength(shown.reference.length + 1);
    expect(shown.edges.every((edge, i) => i === 0 || edge >= shown.edges[i - 1]!)).toBe(true);
  });

  it('is nothing when there is nothing', () => {
    expect(of([], [])).toBeNull();
  });
});
