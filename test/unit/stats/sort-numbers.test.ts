import { describe, expect, it } from 'vitest';
import { normalQuantile, seededRandom, sortNumbers } from '../../../src/stats/index.ts';

const random = seededRandom(3);
const uniform = (): number => (random.below(2 ** 31) + 0.5) / 2 ** 31;
const normal = (): number => normalQuantile(uniform());
const sign = (): number => (random.below(2) === 0 ? -1 : 1);
const ROWS = 20_000;

/** Values of every magnitude, and those that differ only in their highest or their lowest bits. */
const SHAPES: Record<string, (i: number) => number> = {
  normal,
  'positive normal': () => Math.abs(normal()),
  'negative normal': () => -Math.abs(normal()),
  'a narrow band far from zero': () => 1e9 + 1e-3 * normal(),
  'neighbouring doubles': () => 1 + random.below(64) * Number.EPSILON,
  'narrow clusters far apart': () => random.below(2) * 1e6 + 1e-7 * normal(),
  'small whole numbers': () => random.below(50),
  'large whole numbers': () => sign() * random.below(2 ** 32) * 2 ** 20,
  'milliseconds of a month': () => 1.75e12 + random.below(30 * 86_400_000),
  'every exponent': () => sign() * 2 ** (random.below(2090) - 1070),
  'zeros with signs': () => (random.below(3) === 0 ? sign() * normal() : sign() * 0),
  'mostly zero': () => (random.below(10) === 0 ? normal() : 0),
  'two values': () => random.below(2) - 0.5,
  'one value': () => 7,
  'infinities among others': () => (random.below(100) === 0 ? sign() * Infinity : normal()),
  ascending: (i) => i / 7,
  descending: (i) => -i / 7,
};

describe('sorts as comparing does', () => {
  it.each(Object.entries(SHAPES))('%s', (_name, draw) => {
    const values = Float64Array.from({ length: ROWS }, (_, i) => draw(i));
    const expected = values.slice().sort();
    sortNumbers(values);
    // Equal by comparison, which does not tell 0 from −0.
    expect(values.findIndex((value, i) => value !== expected[i])).toBe(-1);
  });

  it('any number of values, with room lent to it that holds more, and leaves its neighbours alone', () => {
    const scratch = new Float64Array(5_000);
    for (const length of [0, 1, 2, 2_047, 2_048, 2_049, 4_999]) {
      const all = Float64Array.from({ length: length + 2 }, normal);
      const [first, last] = [all[0], all[length + 1]];
      const values = all.subarray(1, length + 1);
      const expected = values.slice().sort();
      sortNumbers(values, scratch);
      expect(values).toEqual(expected);
      expect([all[0], all[length + 1]]).toEqual([first, last]);
    }
  });
});
