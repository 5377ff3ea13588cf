import type { Expectation } from '../../contracts/spec/expectations.ts';
import type { ExpectationResult } from '../../data/expectations/expectation-result.ts';
import { sampleText } from '../../data/expectations/samples.ts';
import type { TestedFile } from './open-tested-file.ts';

/** Comparing whole rows of more columns than this would take longer than it is worth. */
const MAX_COMPARED = 500;
/** Some data repeat a row now and then; a file that was appended twice repeats them all. */
const UNREPEATED = 0.99;

/** What holds for nearly every file that is whole, for one that nobody has written expectations for yet. */
export function defaultExpectations(file: TestedFile): Expectation[] {
  const names = file.columns.map((column) => column.name);
  return [
    { expect: 'row_count', min: 1 },
    ...names.map((column): Expectation => ({ expect: 'non_null_share', column, min: 0, strictMin: true })),
    ...(names.length <= MAX_COMPARED
      ? [{ expect: 'unique' as const, columns: names, mostly: UNREPEATED }]
      : []),
  ];
}

/** What the default check looks at, in words. */
export const DEFAULT_CHECK =
  'no expectations were given: checked that there are rows, that no column is wholly empty, that no column of numbers or times holds other text, and that at most 1 % of rows repeat another';

/** Columns of two types, as failed tests of a type. */
export function mixedResults(file: TestedFile): ExpectationResult[] {
  return file.mixed.map(({ column, message }) => ({
    title: `type(${column})`,
    expect: 'type',
    columns: [column],
    verdict: 'fail',
    reason: sampleText(message, column),
    rows: file.rows,
    missing: null,
    unexpected: null,
    observed: null,
    samples: [],
  }));
}
