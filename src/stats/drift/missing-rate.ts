import { fisherExact } from '../distributions/fisher-exact.ts';
import type { SetAside } from './column-sample.ts';

export interface MissingRate {
  /** Shares of rows that are null or NaN; null when the side has no rows. */
  readonly reference: number | null;
  readonly current: number | null;
  /** Shares of rows that are ±∞. */
  readonly referenceInfinite: number | null;
  readonly currentInfinite: number | null;
  readonly pValue: number | null;
  /** The rate moved by at least the threshold and more than chance explains (Fisher's exact test). */
  readonly drifted: boolean;
}

/** Missing values are set aside before any drift measure and judged apart: a column may stop coming without drifting. */
export function assessMissingRate(
  reference: SetAside,
  current: SetAside,
  limits: { readonly threshold: number; readonly alpha: number },
): MissingRate {
  const left = rate(reference.missing, reference.rows);
  const right = rate(current.missing, current.rows);
  const pValue =
    left === null || right === null
      ? null
      : fisherExact(reference.missing, reference.rows, current.missing, current.rows).pTwoSided;
  return {
    reference: left,
    current: right,
    referenceInfinite: rate(reference.infinite, reference.rows),
    currentInfinite: rate(current.infinite, current.rows),
    pValue,
    drifted:
      pValue !== null && pValue <= limits.alpha && Math.abs((right ?? 0) - (left ?? 0)) >= limits.threshold,
  };
}

function rate(count: number, rows: number): number | null {
  return rows > 0 ? count / rows : null;
}
