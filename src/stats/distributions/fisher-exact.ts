import { logHypergeometric } from './hypergeometric.ts';

/** Probabilities this close to the observed one count as equal (SciPy uses the same slack). */
const SLACK = Math.log(1 + 1e-7);
const NEGLIGIBLE = 1e-18;

export interface FisherExact {
  readonly pTwoSided: number;
  /** Second proportion larger. */
  readonly pGreater: number;
  /** Second proportion smaller. */
  readonly pLess: number;
}

/**
 * Fisher's exact test of successesA/trialsA against successesB/trialsB; two-sided sums all tables at most as likely
 * as the observed one. Tails are summed outwards by the ratio of neighbours, so that a million trials cost about as
 * many steps as a few standard deviations.
 */
export function fisherExact(
  successesA: number,
  trialsA: number,
  successesB: number,
  trialsB: number,
): FisherExact {
  const table: Table = { total: trialsA + trialsB, successes: successesA + successesB, draws: trialsB };
  const low = Math.max(0, table.successes - trialsA);
  const high = Math.min(table.successes, trialsB);
  const mode = Math.min(
    high,
    Math.max(low, Math.floor(((table.successes + 1) * (trialsB + 1)) / (table.total + 2))),
  );
  const observed = logProbability(table, successesB);
  const atLeast = (k: number): number =>
    k <= low ? 1 : k > high ? 0 : k > mode ? outwards(table, k, high) : 1 - outwards(table, k - 1, low);
  const pGreater = atLeast(successesB);
  const pLess =
    successesB >= high
      ? 1
      : successesB < mode
        ? outwards(table, successesB, low)
        : 1 - atLeast(successesB + 1);
  const limit = observed + SLACK;
  let pTwoSided: number;
  if (logProbability(table, mode) <= limit) pTwoSided = 1;
  else if (successesB > mode) {
    // The last table below the mode that is at most as likely; probabilities rise up to the mode.
    const last = lastWhere(low - 1, mode, (k) => logProbability(table, k) <= limit);
    pTwoSided = pGreater + (last < low ? 0 : outwards(table, last, low));
  } else {
    const first = -lastWhere(-high - 1, -mode, (k) => logProbability(table, -k) <= limit);
    pTwoSided = pLess + (first > high ? 0 : outwards(table, first, high));
  }
  return { pTwoSided: clip(pTwoSided), pGreater: clip(pGreater), pLess: clip(pLess) };
}

interface Table {
  readonly total: number;
  readonly successes: number;
  readonly draws: number;
}

function logProbability(t: Table, k: number): number {
  return logHypergeometric(k, t.total, t.successes, t.draws);
}

/** Σ P(k) from `from` to `end`, away from the mode. */
function outwards(t: Table, from: number, end: number): number {
  const rest = t.total - t.successes - t.draws;
  let term = 1;
  let sum = 1;
  if (end >= from) {
    for (let k = from; k < end && term > sum * NEGLIGIBLE; k++) {
      term *= ((t.successes - k) * (t.draws - k)) / ((k + 1) * (rest + k + 1));
      sum += term;
    }
  } else {
    for (let k = from; k > end && term > sum * NEGLIGIBLE; k--) {
      term *= (k * (rest + k)) / ((t.successes - k + 1) * (t.draws - k + 1));
      sum += term;
    }
  }
  return sum * Math.exp(logProbability(t, from));
}

/** The largest whole number in (below, above) for which `holds` does; it holds up to there and not beyond. */
function lastWhere(below: number, above: number, holds: (k: number) => boolean): number {
  let low = below;
  let high = above;
  while (high - low > 1) {
    const mid = Math.floor((low + high) / 2);
    if (holds(mid)) low = mid;
    else high = mid;
  }
  return low;
}

function clip(p: number): number {
  return Math.min(1, Math.max(0, p));
}
