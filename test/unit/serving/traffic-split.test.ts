import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseVersion, splitPoint } from '../../../src/serving/traffic-split.ts';

const canary = (weight: number) => ({
  champion: 1,
  weights:
    weight === 100
      ? [{ version: 2, weight }]
      : [
          { version: 1, weight: 100 - weight },
          { version: 2, weight },
        ],
});

describe('the traffic split', () => {
  it('only moves keys from the champion to the challenger when its weight grows', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }),
        fc.double({ min: 0.1, max: 99.9, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (key, weight, share) => {
          const grown = Math.min(100, weight + (100 - weight) * share);
          const point = splitPoint('plants', key);
          if (chooseVersion(canary(weight), point) === 2) expect(chooseVersion(canary(grown), point)).toBe(2);
        },
      ),
    );
  });

  it('does not depend on the order in which the weights are written', () => {
    const forward = {
      champion: 1,
      weights: [
        { version: 1, weight: 70 },
        { version: 2, weight: 10 },
        { version: 3, weight: 20 },
      ],
    };
    const backward = { champion: 1, weights: [...forward.weights].reverse() };
    for (let point = 0; point < 100; point += 0.5)
      expect(chooseVersion(forward, point)).toBe(chooseVersion(backward, point));
    expect([0, 9.99, 10, 29.99, 30, 99.99].map((point) => chooseVersion(forward, point))).toEqual([
      2, 2, 3, 3, 1, 1,
    ]);
  });

  it('gives short similar keys their share within half a per cent', () => {
    const keys = Array.from({ length: 20_000 }, (_, i) => `u${i}`);
    for (const weight of [1, 5, 10, 50]) {
      const taken = keys.filter(
        (key) => chooseVersion(canary(weight), splitPoint('plants', key)) === 2,
      ).length;
      expect(Math.abs((100 * taken) / keys.length - weight)).toBeLessThan(0.5 + weight * 0.02);
    }
  });

  it('sends one key to one place, and differently for each model', () => {
    expect(splitPoint('plants', 'u1')).toBe(splitPoint('plants', 'u1'));
    expect(splitPoint('plants', 'u1')).not.toBe(splitPoint('flights', 'u1'));
  });

  it('routes everything when no champion is in the route', () => {
    expect(chooseVersion({ champion: null, weights: [{ version: 4, weight: 100 }] }, 99.999)).toBe(4);
    expect(chooseVersion(canary(100), 99.999)).toBe(2);
  });
});
