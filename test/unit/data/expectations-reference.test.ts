import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Expectation } from '../../../src/contracts/spec/expectations.ts';
import { withDuckDb } from '../../../src/data/duckdb.ts';
import type { ExpectationResult } from '../../../src/data/expectations/expectation-result.ts';
import { judgeExpectations } from '../../../src/data/expectations/judge-expectations.ts';

/** Great Expectations' arguments, of all its expectations together. */
interface Arguments {
  readonly column?: string;
  readonly column_list?: string[];
  readonly column_set?: string[];
  readonly column_A?: string;
  readonly column_B?: string;
  readonly min_value?: number;
  readonly max_value?: number;
  readonly strict_min?: boolean;
  readonly strict_max?: boolean;
  readonly value_set?: (string | number)[];
  readonly regex?: string;
  readonly strftime_format?: string;
  readonly type_?: string;
  readonly type_list?: string[];
  readonly exact_match?: boolean;
  readonly value?: number;
  readonly quantile_ranges?: { quantiles: number[]; value_ranges: [number, number][] };
  readonly threshold?: number;
  readonly double_sided?: boolean;
  readonly or_equal?: boolean;
  readonly sum_total?: number;
  readonly partition_object?: { values: string[]; weights: number[] };
  readonly mostly?: number;
  readonly row_condition?: string;
}

interface Reference {
  readonly case?: string;
  readonly expectation: string;
  readonly kwargs: Arguments;
  readonly success: boolean;
  readonly result: {
    readonly element_count?: number;
    readonly missing_count?: number;
    readonly unexpected_count?: number;
    readonly unexpected_percent?: number | null;
    readonly unexpected_list?: unknown[];
    readonly observed_value?: number | string | string[] | { values: number[] } | null;
    readonly partial_missing_list?: string[];
  };
  readonly exception: string | null;
}

const folder = new URL('../../reference/', import.meta.url).pathname;
const reference = JSON.parse(readFileSync(join(folder, 'expectations_expected.json'), 'utf8')) as {
  readonly results: readonly Reference[];
  readonly edge: readonly Reference[];
};

// pandas' types and ours: a column of integers with a null in it is float64 there, and stays integer here.
const TYPES: Readonly<Record<string, string>> = { float64: 'number', int64: 'integer', int32: 'integer' };

/** The form in which each of Great Expectations' expectations is written here. */
function ours(name: string, a: Arguments): object {
  const bounds = {
    ...(a.min_value === undefined ? {} : { min: a.min_value }),
    ...(a.max_value === undefined ? {} : { max: a.max_value }),
    ...(a.strict_min === undefined ? {} : { strictMin: a.strict_min }),
    ...(a.strict_max === undefined ? {} : { strictMax: a.strict_max }),
  };
  const rows = {
    ...(a.mostly === undefined ? {} : { mostly: a.mostly }),
    ...(a.row_condition === undefined
      ? {}
      : { where: a.row_condition.replace(/(\w+)=="(\w+)"/, "$1 = '$2'") }),
  };
  const { column } = a;
  const compare = (operator: string) => ({
    expect: 'compare',
    column: a.column_A,
    operator,
    other: a.column_B,
    ...rows,
  });
  const forms: Record<string, () => object> = {
    ColumnValuesToNotBeNull: () => ({ expect: 'not_null', column, ...rows }),
    ColumnValuesToBeNull: () => ({ expect: 'null', column, ...rows }),
    ColumnValuesToBeUnique: () => ({ expect: 'unique', columns: [column], ...rows }),
    ColumnValuesToBeBetween: () => ({ expect: 'between', column, ...bounds, ...rows }),
    ColumnValuesToBeInSet: () => ({ expect: 'in_set', column, values: a.value_set, ...rows }),
    ColumnValuesToNotBeInSet: () => ({ expect: 'not_in_set', column, values: a.value_set, ...rows }),
    ColumnDistinctValuesToBeInSet: () => ({ expect: 'distinct_in_set', column, values: a.value_set }),
    ColumnDistinctValuesToContainSet: () => ({ expect: 'distinct_contains', column, values: a.value_set }),
    ColumnDistinctValuesToEqualSet: () => ({ expect: 'distinct_equals', column, values: a.value_set }),
    ColumnValuesToMatchRegex: () => ({ expect: 'matches', column, pattern: a.regex, ...rows }),
    ColumnValuesToNotMatchRegex: () => ({ expect: 'not_matches', column, pattern: a.regex, ...rows }),
    ColumnValueLengthsToBeBetween: () => ({ expect: 'length', column, ...bounds, ...rows }),
    ColumnValuesToMatchStrftimeFormat: () => ({ expect: 'date_format', column, format: a.strftime_format }),
    ColumnValuesToBeDateutilParseable: () => ({ expect: 'date_parseable', column }),
    ColumnValuesToBeOfType: () => ({ expect: 'type', column, type: TYPES[a.type_!] }),
    ColumnValuesToBeInTypeList: () => ({
      expect: 'type',
      column,
      type: a.type_list!.map((type) => TYPES[type]),
    }),
    ColumnToExist: () => ({ expect: 'columns', columns: [column] }),
    TableColumnsToMatchSet: () => ({ expect: 'columns', columns: a.column_set, exact: a.exact_match }),
    TableColumnsToMatchOrderedList: () => ({ expect: 'columns', columns: a.column_list, ordered: true }),
    TableColumnCountToEqual: () => ({ expect: 'column_count', min: a.value, max: a.value }),
    TableRowCountToBeBetween: () => ({ expect: 'row_count', ...bounds }),
    TableRowCountToEqual: () => ({ expect: 'row_count', min: a.value, max: a.value }),
    ColumnMeanToBeBetween: () => ({ expect: 'mean', column, ...bounds }),
    ColumnMedianToBeBetween: () => ({ expect: 'median', column, ...bounds }),
    ColumnStdevToBeBetween: () => ({ expect: 'stdev', column, ...bounds }),
    ColumnMinToBeBetween: () => ({ expect: 'minimum', column, ...bounds }),
    ColumnMaxToBeBetween: () => ({ expect: 'maximum', column, ...bounds }),
    ColumnSumToBeBetween: () => ({ expect: 'sum', column, ...bounds }),
    ColumnQuantileValuesToBeBetween: () => ({
      expect: 'quantiles',
      column,
      quantiles: a.quantile_ranges!.quantiles.map((at, i) => {
        const [min, max] = a.quantile_ranges!.value_ranges[i]!;
        return { at, min, max };
      }),
    }),
    ColumnUniqueValueCountToBeBetween: () => ({ expect: 'distinct_count', column, ...bounds }),
    ColumnProportionOfUniqueValuesToBeBetween: () => ({ expect: 'distinct_share', column, ...bounds }),
    ColumnProportionOfNonNullValuesToBeBetween: () => ({ expect: 'non_null_share', column, ...bounds }),
    ColumnMostCommonValueToBeInSet: () => ({ expect: 'most_common', column, values: a.value_set }),
    ColumnValueZScoresToBeLessThan: () => ({
      expect: 'z_score',
      column,
      max: a.threshold,
      doubleSided: a.double_sided,
      ...rows,
    }),
    ColumnPairValuesAToBeGreaterThanB: () => compare(a.or_equal ? '>=' : '>'),
    ColumnPairValuesToBeEqual: () => compare('='),
    CompoundColumnsToBeUnique: () => ({ expect: 'unique', columns: a.column_list, ...rows }),
    MulticolumnSumToEqual: () => ({
      expect: 'sum_equals',
      columns: a.column_list,
      total: a.sum_total,
      ...rows,
    }),
    ColumnKLDivergenceToBeLessThan: () => {
      const { values, weights } = a.partition_object!;
      return {
        expect: 'kl_divergence',
        column,
        max: a.threshold,
        weights: Object.fromEntries(values.map((v, i) => [v, weights[i]])),
      };
    },
  };
  const form = forms[name.replace(/^Expect/, '')];
  if (!form) throw new Error(`no form of ours for ${name}`);
  return form();
}

let directory: string;
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'perennial-gx-'))));
afterAll(() => rmSync(directory, { recursive: true }));

/** Judges reference expectations over the reference table, or what `select` makes of it. */
function judgeAll(cases: readonly Reference[], select = 'SELECT * FROM csv'): Promise<ExpectationResult[]> {
  return withDuckDb({ directory }, async (session) => {
    await session.run(`CREATE TABLE csv AS SELECT * FROM read_csv('${folder}expectations.csv')`);
    await session.run(`CREATE TABLE batch AS ${select}`);
    return judgeExpectations(
      cases.map((one) => Expectation.parse(ours(one.expectation, one.kwargs))),
      {
        session,
        source: 'reference',
        batch: 'batch',
        existing: null,
        primaryKey: [],
        viewOf: () => null,
        nowMs: 0,
      },
    );
  });
}

function sameAsReference(
  found: ExpectationResult,
  { success, result, expectation, kwargs }: Reference,
): void {
  const where = `${expectation} ${JSON.stringify(kwargs)}`;
  expect(found.verdict, where).toBe(success ? 'pass' : 'fail');
  if (result.element_count !== undefined) {
    expect(found.rows, where).toBe(result.element_count);
    expect(found.missing, where).toBe(result.missing_count ?? 0);
    expect(found.unexpected?.count, where).toBe(result.unexpected_count);
    if (result.unexpected_percent == null)
      expect(found.unexpected?.share ?? null, where).toSatisfy(
        (share) => share === null || result.element_count! > 0,
      );
    else expect(found.unexpected!.share! * 100, where).toBeCloseTo(result.unexpected_percent, 10);
  }
  const { observed_value: observed } = result;
  if (typeof observed === 'number')
    expect(found.observed, where).toBeCloseTo(observed, 9 - Math.ceil(Math.log10(Math.abs(observed) + 1)));
  else if (Array.isArray(observed))
    expect([...(found.observed as string[])].sort(), where).toEqual([...observed].sort());
  else if (observed !== null && typeof observed === 'object')
    expect(found.observed, where).toEqual(observed.values);
  else if (expectation.includes('Type') && observed !== undefined)
    expect(typeof found.observed).toBe('string');
}

describe('expectations against Great Expectations', () => {
  const invalid = reference.results.filter((one) => one.exception !== null);
  const judged = reference.results.filter((one) => one.exception === null);

  it('says the same on all that it can judge, in one go', async () => {
    const found = await judgeAll(judged);
    expect(found).toHaveLength(59);
    for (const [i, one] of judged.entries()) sameAsReference(found[i]!, one);
  });

  it('refuses what it cannot judge, each by itself and together', async () => {
    expect(invalid).toHaveLength(2);
    for (const one of invalid)
      await expect(judgeAll([one])).rejects.toMatchObject({ code: 'EXPECTATION_INVALID' });
    await expect(judgeAll(invalid)).rejects.toMatchObject({
      code: 'EXPECTATION_INVALID',
      problems: [{ path: 'expectations[0]' }, { path: 'expectations[1]' }],
    });
  });

  it.each([
    ['empty_table', 'SELECT * FROM csv WHERE false'],
    ['all_null_column', 'SELECT * REPLACE (NULL::BIGINT AS age) FROM csv'],
  ])('says the same on %s', async (name, select) => {
    const cases = reference.edge.filter((one) => one.case === name);
    expect(cases).toHaveLength(7);
    const found = await judgeAll(cases, select);
    for (const [i, one] of cases.entries()) sameAsReference(found[i]!, one);
  });

  it('shows the values that Great Expectations lists', async () => {
    const listed = judged.filter(
      (one) => !/Unique|Pair|Sum/.test(one.expectation) && one.result.unexpected_list && !one.success,
    );
    const found = await judgeAll(listed);
    for (const [i, one] of listed.entries()) {
      const theirs = one.result.unexpected_list!.map(String);
      const samples = found[i]!.samples.map((sample) =>
        String(Number.isNaN(Number(sample)) ? sample : Number(sample)),
      );
      expect(
        samples.every((sample) => theirs.includes(sample)),
        `${one.expectation}: ${samples.join()} in ${theirs.join()}`,
      ).toBe(true);
    }
  });
});
