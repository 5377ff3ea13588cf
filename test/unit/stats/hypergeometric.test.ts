import { describe, expect, it } from 'vitest';
import { logHypergeometric, sampleHypergeometric } from '../../../src/stats/distributions/hypergeometric.ts';
import { seededRandom } from '../../../src/stats/index.ts';

const DRAWS = 20_000;

describe('draws of marked items', () => {
  it.each([
    ['a few of many', 1_000, 12, 400],
    ['so many draws that some must be marked', 30, 20, 25],
    ['nearly all of them', 40, 38, 20],
    ['one draw', 9, 4, 1],
    ['far more items than are marked', 2_000_000, 300, 1_000_000],
  ])('are as frequent as their probabilities say, %s', (_name, total, marked, draws) => {
    const random = seededRandom(5);
    const counts = new Map<number, number>();
    for (let i = 0; i < DRAWS; i++) {
      const k = sampleHypergeometric(total, marked, draws, random);
      counts.set(k, (counts.get(k) ?? 0) + 1);
    }
    const [low, high] = [Math.max(0, draws + marked - total), Math.min(marked, draws)];
    let seen = 0;
    for (let k = low; k <= high; k++) {
      const p = Math.exp(logHypergeometric(k, total, marked, draws));
      const count = counts.get(k) ?? 0;
      seen += count;
      expect(Math.abs(count - DRAWS * p), `k = ${String(k)}`).toBeLessThanOrEqual(
        5 * Math.sqrt(DRAWS * p * (1 - p)) + 1,
      );
    }
    expect(seen).toBe(DRAWS);
  });

  it.each([
    [10, 10, 4, 4],
    [10, 0, 4, 0],
    [10, 3, 10, 3],
    [10, 3, 0, 0],
  ])('leave no choice with %i items, %i of them marked, and %i draws', (total, marked, draws, expected) => {
    expect(sampleHypergeometric(total, marked, draws, seededRandom(1))).toBe(expected);
  });
});
