import type { Expectation } from '../../contracts/spec/expectations.ts';
import { expectationColumns } from '../../data/expectations/expectation-title.ts';

const ABOUT_TEXT = new Set<Expectation['expect']>([
  'matches',
  'not_matches',
  'length',
  'date_format',
  'date_parseable',
  'json_parseable',
]);
const ABOUT_ANYTHING = new Set<Expectation['expect']>([
  'not_null',
  'null',
  'unique',
  'columns',
  'in_set',
  'not_in_set',
  'distinct_in_set',
  'distinct_contains',
  'distinct_equals',
  'distinct_count',
  'distinct_share',
  'non_null_share',
  'most_common',
  'no_pii',
]);

/**
 * Columns that must be read as they are written, because only their text is judged: as a number "01234" would lose its
 * zero, and as a time "2024-1-5" would no longer show its form.
 */
export function textColumns(expectations: readonly Expectation[]): string[] {
  const named = (about: (e: Expectation) => boolean): Set<string> =>
    new Set(expectations.filter(about).flatMap(expectationColumns));
  const text = named((e) => ABOUT_TEXT.has(e.expect));
  const typed = named((e) => !ABOUT_TEXT.has(e.expect) && !ABOUT_ANYTHING.has(e.expect));
  return [...text].filter((column) => !typed.has(column));
}
