import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseVersion } from '../../../src/serving/traffic-split.ts';

/** A route of champion 1, or another, and challengers with their weights. */
const route = (challengers: Readonly<Record<number, number>>, champion = 1, model = 'plants') => {
  const weights = Object.entries(challengers).map(([version, weight]) => ({
    version: Number(version),
    weight,
  }));
  const rest = 100 - weights.reduce((sum, { weight }) => sum + weight, 0);
  return {
    model,
    champion,
    weights: [...(rest > 0 ? [{ version: champion, weight: rest }] : []), ...weights],
  };
};
const KEYS = Array.from({ length: 20_000 }, (_, i) => `u${i}`);
const keysOf = (version: number, of: ReturnType<typeof route>): Set<string> =>
  new Set(KEYS.filter((key) => chooseVersion(of, key) === version));
const shared = (some: ReadonlySet<string>, others: ReadonlySet<string>): number =>
  [...some].filter((key) => others.has(key)).length;
/** Four standard deviations of a count of keys that each come by chance with this share. */
const chance = (share: number): number => 4 * Math.sqrt(KEYS.length * share * (1 - share));

describe('the traffic split', () => {
  it('only moves keys from the champion to the newest challenger when its weight grows', () => {
    const percent = fc.double({ min: 0.1, max: 49, noNaN: true });
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }),
        fc.option(percent, { nil: undefined }),
        percent,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (key, other, weight, share) => {
          const others = other === undefined ? {} : { 2: other };
          const grown = Math.min(100 - (other ?? 0), weight + (100 - weight) * share);
          const before = chooseVersion(route({ ...others, 3: weight }), key);
          const after = chooseVersion(route({ ...others, 3: grown }), key);
          if (after !== before) expect([before, after]).toEqual([1, 3]);
        },
      ),
    );
  });

  it('does not depend on the order in which the weights are written', () => {
    const forward = route({ 2: 10, 3: 20 });
    const backward = { ...forward, weights: [...forward.weights].reverse() };
    const versions = KEYS.map((key) => chooseVersion(forward, key));
    expect(KEYS.map((key) => chooseVersion(backward, key))).toEqual(versions);
  });

  it.each([{ 2: 1 }, { 2: 5 }, { 2: 50 }, { 2: 10, 3: 20 }, { 2: 1, 3: 33.3, 12: 60 }])(
    'gives versions with the weights %j their share of short similar keys',
    (challengers) => {
      for (const { version, weight } of route(challengers).weights) {
        const taken = keysOf(version, route(challengers)).size;
        expect(Math.abs(taken - (KEYS.length * weight) / 100)).toBeLessThan(chance(weight / 100));
      }
    },
  );

  it.each([1, 5, 25, 50])('has two challengers at %d per cent share as many keys as by chance', (weight) => {
    const share = weight / 100;
    const arms = [2, 3, 12, 20].map((version) => keysOf(version, route({ [version]: weight })));
    for (const [index, arm] of arms.entries())
      for (const later of arms.slice(index + 1))
        expect(Math.abs(shared(arm, later) - KEYS.length * share ** 2)).toBeLessThan(chance(share ** 2));
  });

  it('gives a challenger the same keys whichever the champion is', () => {
    expect(keysOf(3, route({ 3: 5 }, 1))).toEqual(keysOf(3, route({ 3: 5 }, 2)));
  });

  it('splits differently for each model', () => {
    const [plants, flights] = ['plants', 'flights'].map((model) => keysOf(2, route({ 2: 5 }, 1, model)));
    expect(Math.abs(shared(plants!, flights!) - KEYS.length * 0.05 ** 2)).toBeLessThan(chance(0.05 ** 2));
  });

  it('sends the same keys to the same versions in every build, so that gateways of two builds agree', () => {
    const versions = ['u1', '42', '{"customer_id":7}', 'Grüße', '', 'a', 'b', 'c'].map((key) =>
      chooseVersion(route({ 2: 30, 3: 30 }), key),
    );
    expect(versions).toEqual([1, 1, 1, 2, 2, 1, 3, 1]);
  });

  it('routes everything when no champion is in the route', () => {
    const all = (of: Parameters<typeof chooseVersion>[0]) =>
      new Set(KEYS.map((key) => chooseVersion(of, key)));
    expect(all({ model: 'plants', champion: null, weights: [{ version: 4, weight: 100 }] })).toEqual(
      new Set([4]),
    );
    expect(all(route({ 2: 100 }))).toEqual(new Set([2]));
    expect(all(route({ 2: 33.3, 3: 33.3, 4: 33.4 }))).toEqual(new Set([2, 3, 4]));
  });

  it('routes everything to the champion when it is alone', () => {
    expect(new Set(KEYS.map((key) => chooseVersion(route({}), key)))).toEqual(new Set([1]));
  });
});
