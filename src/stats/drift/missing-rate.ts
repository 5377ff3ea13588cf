import { fisherExact } from '../distributions/fisher-exact.ts';
import { seededRandom } from '../distributions/seeded-random.ts';
import type { SetAside } from './column-sample.ts';
import type { ResolvedDriftPolicy } from './drift-policy.ts';
import { createBagRelabelling } from './relabel-bags.ts';
import type { RowBags } from './row-bags.ts';

export interface MissingRate {
  /** Shares of rows that are null or NaN; null when the side has no rows. */
  readonly reference: number | null;
  readonly current: number | null;
  /** Shares of rows that are ±∞. */
  readonly referenceInfinite: number | null;
  readonly currentInfinite: number | null;
  readonly pValue: number | null;
  /** The rate moved by at least the threshold and more than chance explains (Fisher's exact test; of rows that are alike, a permutation test of whole keys). */
  readonly drifted: boolean;
}

/**
 * Missing values are set aside before any drift measure and judged apart: a column may stop coming without drifting.
 * @param bags rows that are alike, in cell 1 where they are missing, else in cell 0; null when none are
 */
export function assessMissingRate(
  reference: SetAside,
  current: SetAside,
  limits: Pick<ResolvedDriftPolicy, 'missingRateThreshold' | 'alpha' | 'permutations' | 'seed'>,
  bags: RowBags | null = null,
): MissingRate {
  const left = rate(reference.missing, reference.rows);
  const right = rate(current.missing, current.rows);
  const pValue =
    left === null || right === null
      ? null
      : bags
        ? relabelledRate(reference, current, bags, limits)
        : fisherExact(reference.missing, reference.rows, current.missing, current.rows).pTwoSided;
  return {
    reference: left,
    current: right,
    referenceInfinite: rate(reference.infinite, reference.rows),
    currentInfinite: rate(current.infinite, current.rows),
    pValue,
    drifted:
      pValue !== null &&
      pValue <= limits.alpha &&
      Math.abs((right ?? 0) - (left ?? 0)) >= limits.missingRateThreshold,
  };
}

/** Share of relabellings of whole bags whose rates are at least as far apart; (1 + exceeding) / (1 + drawn). */
function relabelledRate(
  before: SetAside,
  after: SetAside,
  bags: RowBags,
  { permutations, seed }: Pick<ResolvedDriftPolicy, 'permutations' | 'seed'>,
): number {
  const total = before.rows + after.rows;
  const missing = before.missing + after.missing;
  if (missing === 0 || missing === total) return 1;
  const distance = (missingBefore: number, rowsBefore: number): number =>
    Math.abs(missingBefore / rowsBefore - (missing - missingBefore) / (total - rowsBefore));
  // Rates this close to the observed ones are ties; they count against an alarm.
  const observed = distance(before.missing, before.rows) * (1 - 1e-9);
  const [reference, current] = [new Float64Array(2), new Float64Array(2)];
  const relabel = createBagRelabelling(bags, [total - missing, missing], seededRandom(seed));
  let exceeding = 0;
  for (let round = 0; round < permutations; round++) {
    const rows = relabel(reference, current);
    if (distance(reference[1]!, rows) >= observed) exceeding++;
  }
  return (1 + exceeding) / (1 + permutations);
}

function rate(count: number, rows: number): number | null {
  return rows > 0 ? count / rows : null;
}
