import type { Expectation } from '../../contracts/spec/expectations.ts';

/** What one expectation found. Counts are of rows under its `where`. */
export interface ExpectationResult {
  /** The expectation as a person reads it, such as `between(age, 0 to 120)`. */
  readonly title: string;
  readonly expect: Expectation['expect'];
  readonly columns: readonly string[];
  readonly verdict: 'pass' | 'fail';
  /** Why, with the numbers it rests on. */
  readonly reason: string;
  /** Rows looked at; null for an expectation that is not about rows. */
  readonly rows: number | null;
  /** Rows that count neither way, because their value is null or not a number. */
  readonly missing: number | null;
  /** Rows that do not conform, and their share of those that count; null where the expectation is not about rows. */
  readonly unexpected: { readonly count: number; readonly share: number | null } | null;
  /** The number or set that was judged; null where there is none, such as the mean of nothing. */
  readonly observed: Observed;
  /** Up to three of the values that do not conform. Personal data in them is masked. */
  readonly samples: readonly string[];
}

type Observed = number | string | readonly string[] | readonly (number | string | null)[] | null;

/** What a judge says; the frame around it is the same for all. */
export type Finding = Omit<ExpectationResult, 'title' | 'expect' | 'columns'>;

const NOTHING = { rows: null, missing: null, unexpected: null, observed: null, samples: [] } as const;

/** A finding about the batch as a whole. */
export function wholeFinding(passes: boolean, reason: string, parts: Partial<Finding> = {}): Finding {
  return { ...NOTHING, ...parts, verdict: passes ? 'pass' : 'fail', reason };
}

/**
 * Great Expectations' rule for rows: those that conform, as a share of those that count, are at least `mostly`. Where
 * none count all conform.
 */
export function rowsFinding(
  counts: { readonly rows: number; readonly missing: number; readonly unexpected: number },
  mostly: number,
): Finding {
  const { rows, missing, unexpected } = counts;
  const counted = rows - missing;
  const passes = counted === 0 || (counted - unexpected) / counted >= mostly;
  const share = passes || mostly === 1 ? '' : `, ${String(mostly * 100)} % must conform`;
  return {
    verdict: passes ? 'pass' : 'fail',
    reason: counted === 0 ? 'no rows to judge' : `${String(unexpected)} of ${String(counted)} rows${share}`,
    rows,
    missing,
    unexpected: { count: unexpected, share: counted === 0 ? null : unexpected / counted },
    observed: null,
    samples: [],
  };
}
