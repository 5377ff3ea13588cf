import { logFactorial } from '../distributions/log-gamma.ts';

/** 2^20 coalitions; more players are for `sampledShapley`. */
const MAX_PLAYERS = 20;

/**
 * Shapley values (1953) of a game by its definition: φ_j = Σ_S |S|! (n − |S| − 1)! / n! · (v(S ∪ j) − v(S)) over the
 * coalitions S without j. `worth` gets a bit mask of the players that take part and is asked once per coalition. With
 * the expectation of a tree by the shares of its training rows as worth these are shap's path-dependent tree values.
 * @throws RangeError above 20 players.
 */
export function exactShapley(players: number, worth: (coalition: number) => number): number[] {
  if (!Number.isInteger(players) || players < 0 || players > MAX_PLAYERS)
    throw new RangeError(`exactShapley takes 0 to ${MAX_PLAYERS} players; got ${players}.`);
  const worths = Float64Array.from({ length: 2 ** players }, (_, coalition) => worth(coalition));
  const sizes = new Uint8Array(worths.length);
  for (let s = 1; s < sizes.length; s++) sizes[s] = sizes[s >> 1]! + (s & 1);
  const share = Array.from({ length: players }, (_, size) =>
    Math.exp(logFactorial(size) + logFactorial(players - size - 1) - logFactorial(players)),
  );
  return Array.from({ length: players }, (_, player) => {
    const bit = 1 << player;
    let value = 0;
    for (let s = 0; s < worths.length; s++) {
      if ((s & bit) === 0) value += share[sizes[s]!]! * (worths[s | bit]! - worths[s]!);
    }
    return value;
  });
}
