import { logBinomial } from './log-gamma.ts';
import type { SeededRandom } from './seeded-random.ts';

/** ln P(X = k): k marked among `draws` taken without replacement from `total` items of which `marked` are marked. */
export function logHypergeometric(k: number, total: number, marked: number, draws: number): number {
  return logBinomial(marked, k) + logBinomial(total - marked, draws - k) - logBinomial(total, draws);
}

/**
 * One hypergeometric draw by inversion outwards from the mode: exact up to the 32 bits of the uniform; about as
 * many steps as the standard deviation.
 */
export function sampleHypergeometric(
  total: number,
  marked: number,
  draws: number,
  random: SeededRandom,
): number {
  const low = Math.max(0, draws + marked - total);
  const high = Math.min(marked, draws);
  if (low === high) return low;
  if (marked === 1) return random.next() * total < draws ? 1 : 0;
  const mode = Math.min(high, Math.max(low, Math.floor(((marked + 1) * (draws + 1)) / (total + 2))));
  const atMode = Math.exp(logHypergeometric(mode, total, marked, draws));
  const rest = total - marked - draws;
  let u = random.next() - atMode;
  let up = mode;
  let down = mode;
  let pUp = atMode;
  let pDown = atMode;
  while (u > 0) {
    // One division for both steps; a step beyond the range is 0 of what was.
    const underUp = (up + 1) * (rest + up + 1);
    const underDown = (marked - down + 1) * (draws - down + 1);
    const share = 1 / (underUp * underDown);
    pUp *= (marked - up) * (draws - up) * underDown * share;
    up++;
    u -= pUp;
    if (u <= 0) return up;
    pDown *= down * (rest + down) * underUp * share;
    down--;
    u -= pDown;
    if (u <= 0) return down;
    if (pUp + pDown < 1e-18) return mode;
  }
  return mode;
}
