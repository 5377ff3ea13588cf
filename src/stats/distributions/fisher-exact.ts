import { logHypergeometric } from './hypergeometric.ts';

/** Probabilities this close to the observed one count as equal (SciPy uses the same slack). */
const SLACK = 1 + 1e-7;

export interface FisherExact {
  readonly pTwoSided: number;
  /** Second proportion larger. */
  readonly pGreater: number;
  /** Second proportion smaller. */
  readonly pLess: number;
}

/** Fisher's exact test of successesA/trialsA against successesB/trialsB; two-sided sums all tables at most as likely. */
export function fisherExact(
  successesA: number,
  trialsA: number,
  successesB: number,
  trialsB: number,
): FisherExact {
  const total = trialsA + trialsB;
  const successes = successesA + successesB;
  const low = Math.max(0, successes - trialsA);
  const high = Math.min(successes, trialsB);
  const observed = logHypergeometric(successesB, total, successes, trialsB);
  const limit = observed + Math.log(SLACK);
  let greater = 0;
  let less = 0;
  let twoSided = 0;
  for (let k = low; k <= high; k++) {
    const logP = logHypergeometric(k, total, successes, trialsB);
    if (logP < -745) continue;
    const p = Math.exp(logP);
    if (k >= successesB) greater += p;
    if (k <= successesB) less += p;
    if (logP <= limit) twoSided += p;
  }
  return { pTwoSided: Math.min(1, twoSided), pGreater: Math.min(1, greater), pLess: Math.min(1, less) };
}
