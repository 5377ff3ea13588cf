import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Expectation } from '../../../src/contracts/spec/expectations.ts';
import { withDuckDb } from '../../../src/data/duckdb.ts';
import type { ExpectationResult } from '../../../src/data/expectations/expectation-result.ts';
import { judgeExpectations } from '../../../src/data/expectations/judge-expectations.ts';

let directory: string;
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'perennial-kinds-'))));
afterAll(() => rmSync(directory, { recursive: true }));

const TABLE = `SELECT * FROM (VALUES
  (1, 1.0::DOUBLE,             'ab',  TIMESTAMP '2024-01-01 00:00:00', ['x'],      true),
  (2, 'NaN'::DOUBLE,           'abc', TIMESTAMP '2024-01-02 00:00:00', ['x', 'y'], false),
  (2, NULL,                    'b',   NULL,                            NULL,       true),
  (4, 3.0::DOUBLE,             NULL,  TIMESTAMP '2024-01-04 00:00:00.000001', [],  NULL)
) t(n, x, s, t, l, b)`;

/** Judges expectations together on rows that `select` yields. */
function judgeAll(expectations: readonly object[], select = TABLE): Promise<ExpectationResult[]> {
  return withDuckDb({ directory }, async (session) => {
    await session.run(`CREATE TABLE batch AS ${select}`);
    return judgeExpectations(
      expectations.map((e) => Expectation.parse(e)),
      { session, source: 't', batch: 'batch', existing: null, primaryKey: [], viewOf: () => null, nowMs: 0 },
    );
  });
}

async function judge(expectation: object, select?: string): Promise<ExpectationResult> {
  const [result] = await judgeAll([expectation], select);
  return result!;
}

describe('expectations beyond the reference', () => {
  it.each([
    ['NaN is missing', { expect: 'not_null', column: 'x' }, 'fail', '2 of 4 rows'],
    ['NaN does not count', { expect: 'between', column: 'x', min: 0, max: 3 }, 'pass', '0 of 2 rows'],
    [
      'the mean is of numbers',
      { expect: 'mean', column: 'x', min: 2, max: 2 },
      'pass',
      'is 2, allowed is 2 to 2',
    ],
    [
      'a bound can be strict',
      { expect: 'maximum', column: 'n', max: 4, strictMax: true },
      'fail',
      'is 4, allowed is below 4',
    ],
    ['times have bounds', { expect: 'between', column: 't', min: '2024-01-02' }, 'fail', '1 of 3 rows'],
    [
      'times are compared to the microsecond',
      { expect: 'maximum', column: 't', max: '2024-01-04' },
      'fail',
      'is 2024-01-04 00:00:00.000001, allowed is at most 2024-01-04',
    ],
    [
      'text has bounds',
      { expect: 'minimum', column: 's', min: 'ab' },
      'pass',
      'is ab, allowed is at least ab',
    ],
    ['length is of characters', { expect: 'length', column: 's', min: 2 }, 'fail', '1 of 3 rows'],
    ['length is of lists too', { expect: 'length', column: 'l', max: 1 }, 'fail', '1 of 3 rows'],
    ['booleans are in sets', { expect: 'in_set', column: 'b', values: [true] }, 'fail', '1 of 3 rows'],
    ['order allows equals', { expect: 'increasing', column: 'n' }, 'pass', '0 of 4 rows'],
    ['order can be strict', { expect: 'increasing', column: 'n', strictly: true }, 'fail', '1 of 4 rows'],
    ['order falls', { expect: 'decreasing', column: 'n' }, 'fail', '2 of 4 rows'],
    ['order passes over nulls', { expect: 'increasing', column: 't' }, 'pass', '0 of 3 rows'],
    ['order passes over NaN', { expect: 'increasing', column: 'x' }, 'pass', '0 of 2 rows'],
    [
      'a pair of which one is missing fails',
      { expect: 'compare', column: 'n', operator: '>=', other: 'x' },
      'fail',
      '2 of 4 rows',
    ],
    [
      'a sum of which a part is missing fails',
      { expect: 'sum_equals', columns: ['n', 'x'], total: 2 },
      'fail',
      '3 of 4 rows',
    ],
    [
      'a tie is not the most common value',
      { expect: 'most_common', column: 'x', values: [1] },
      'fail',
      '2 values are the most common, 1 times each: 1, 3',
    ],
    [
      'a tie may be allowed',
      { expect: 'most_common', column: 'x', values: [1], tiesAllowed: true },
      'pass',
      null,
    ],
    [
      'an absent value is named',
      { expect: 'distinct_equals', column: 'n', values: [1, 2, 5] },
      'fail',
      '1 other values occur; 5 does not occur',
    ],
    [
      'divergence of equal shares is none',
      { expect: 'kl_divergence', column: 'n', weights: { 1: 1, 2: 2, 4: 1 }, max: 0 },
      'pass',
      'is 0, allowed is at most 0',
    ],
    [
      'quantiles name which',
      { expect: 'quantiles', column: 'n', quantiles: [{ at: 0.5, max: 1 }] },
      'fail',
      'quantile 0.5 is 2, allowed is at most 1',
    ],
    [
      'no spread, no z-score',
      { expect: 'z_score', column: 'x', max: 3, where: 'x = 1' },
      'pass',
      '0 of 1 rows',
    ],
    [
      'rows can be counted under a condition',
      { expect: 'row_count', max: 1, where: 'n = 2' },
      'fail',
      '2 rows, allowed are at most 1',
    ],
    ['columns may be near', { expect: 'columns', columns: ['nn'] }, 'fail', '"nn" is not there, but "n" is'],
    [
      'columns in order are all',
      { expect: 'columns', columns: ['n', 's', 'x', 't', 'l', 'b'], ordered: true },
      'fail',
      '"s" stands in another place',
    ],
    [
      'one of several types is enough',
      { expect: 'type', column: 'x', type: ['integer', 'number'] },
      'pass',
      'is DOUBLE',
    ],
    [
      'a comment in a condition ends with its line',
      { expect: 'not_null', column: 'n', where: 'n > 1 -- few' },
      'pass',
      '0 of 3 rows',
    ],
  ] as const)('%s', async (_what, expectation, verdict, reason) => {
    const found = await judge(expectation);
    expect(found.verdict).toBe(verdict);
    if (reason !== null) expect(found.reason).toBe(reason);
  });

  it.each([
    ['2024-02-30', false],
    ['2024-02-29', true],
    ['2024-02-29T10:00:00+02:00', true],
    ['29.02.2024', true],
    ['Feb 29, 2024', true],
    ['29 February 2024 10:11', true],
    ['Thu, 29 Feb 2024 10:11:12 GMT', true],
    ['soon', false],
    ['', false],
  ])('reads %j as a date: %j', async (text, is) => {
    const found = await judge({ expect: 'date_parseable', column: 's' }, `SELECT '${text}' AS s`);
    expect(found.verdict).toBe(is ? 'pass' : 'fail');
  });

  it('reads JSON', async () => {
    const found = await judge(
      { expect: 'json_parseable', column: 's' },
      `SELECT unnest(['{"a": [1]}', '3', '{a: 1}', NULL]) AS s`,
    );
    expect(found).toMatchObject({
      verdict: 'fail',
      missing: 1,
      unexpected: { count: 1 },
      samples: ['{a: 1}'],
    });
  });

  it('takes a mean of infinite values for none, and compares them row by row', async () => {
    const select = `SELECT unnest([1, 'inf'::DOUBLE]) AS x`;
    for (const expect_ of ['mean', 'stdev', 'sum'])
      expect(await judge({ expect: expect_, column: 'x', min: 0 }, select)).toMatchObject({
        verdict: 'fail',
        reason: '1 values are infinite, so that it is none',
        observed: null,
      });
    expect((await judge({ expect: 'between', column: 'x', max: 5 }, select)).samples).toEqual(['inf']);
  });

  it('masks personal data among the values that it shows', async () => {
    const found = await judge(
      { expect: 'in_set', column: 's', values: [] },
      `SELECT unnest(['ada@example.com', 'plain']) AS s`,
    );
    expect(found.samples).toEqual(['xxx@xxxxxxx.xxx', 'plain']);
  });

  describe('shows no personal number', () => {
    const people = `SELECT '536904399' AS ssn, 536904399 AS ssn_number, 536904399.0::DOUBLE AS ssn_wide,
      4111111111111111.0::DOUBLE AS card, 'x' AS team, 536904399 AS parts FROM range(2)`;

    it.each([
      ['of a key', { expect: 'unique', columns: ['ssn'] }, '#########'],
      ['of a part of a key', { expect: 'unique', columns: ['parts', 'ssn'] }, '536904399/#########'],
      ['of a key of wide numbers', { expect: 'unique', columns: ['ssn_wide'] }, '#########'],
      ['of a row', { expect: 'matches', column: 'ssn', pattern: 'x' }, '#########'],
      ['of a number', { expect: 'between', column: 'ssn_number', max: 1 }, '#########'],
      ['of a wide number', { expect: 'between', column: 'ssn_wide', max: 1 }, '#########'],
      ['of a number with many digits', { expect: 'between', column: 'card', max: 1 }, '################'],
      ['of an order', { expect: 'increasing', column: 'ssn', strictly: true }, '#########'],
      ['of two columns', { expect: 'compare', column: 'ssn', operator: '=', other: 'team' }, '#########/x'],
      [
        'of a sum',
        { expect: 'sum_equals', columns: ['ssn_number', 'parts'], total: 1 },
        '#########/536904399',
      ],
      ['of a set', { expect: 'distinct_in_set', column: 'ssn', values: ['x'] }, '#########'],
      [
        'of a query',
        { expect: 'no_rows', name: 'all', sql: 'SELECT team, ssn_number AS "customerSsn" FROM batch' },
        '{"team":"x","customerSsn":"#########"}',
      ],
    ])('%s', async (_what, expectation, sample) => {
      const found = await judge(expectation, people);
      expect(found.verdict).toBe('fail');
      expect(found.samples[0]).toBe(sample);
    });

    it.each([
      ['the least text', { expect: 'minimum', column: 'ssn', min: '9' }],
      ['the greatest number', { expect: 'maximum', column: 'ssn_number', max: 1 }],
      ['the median', { expect: 'median', column: 'ssn_number', max: 1 }],
      ['a quantile', { expect: 'quantiles', column: 'ssn_number', quantiles: [{ at: 0.5, max: 1 }] }],
      ['the most common value', { expect: 'most_common', column: 'ssn', values: ['x'] }],
    ])('as %s', async (_what, expectation) => {
      const found = await judge(expectation, people);
      expect(found.verdict).toBe('fail');
      expect(found.reason).toContain('#########');
      expect(JSON.stringify(found)).not.toMatch(/5369/);
    });

    it('but an amount of money with as many digits', async () => {
      const found = await judge(
        { expect: 'maximum', column: 'revenue', max: 1 },
        'SELECT 4155552671 AS revenue',
      );
      expect(found).toMatchObject({ reason: 'is 4155550000, allowed is at most 1', observed: 4155552671 });
    });
  });

  it('finds personal data where it must not be, and names columns and kinds only', async () => {
    const select = `SELECT unnest(['ada@example.com', 'x', 'y', 'z']) AS note, 'bob@example.com' AS mail, 1 AS n`;
    const found = await judge({ expect: 'no_pii', except: ['mail'] }, select);
    expect(found).toMatchObject({
      verdict: 'fail',
      reason: 'column "note" holds email_address in 1 of 4 values',
      samples: [],
      observed: ['note'],
    });
    const passes = async (e: object): Promise<boolean> =>
      (await judge({ expect: 'no_pii', ...e }, select)).verdict === 'pass';
    expect(await passes({ columns: ['note'], mostly: 0.75 })).toBe(true);
    expect(await passes({ columns: ['note'], mostly: 0.76 })).toBe(false);
    expect(await passes({ kinds: ['credit_card'] })).toBe(true);
    expect(await passes({ columns: ['n'] })).toBe(true);
  });

  it('answers many in the same order as they were asked', async () => {
    const wanted = [
      { expect: 'quantiles', column: 'n', quantiles: [{ at: 0, min: 1, max: 1 }] },
      { expect: 'row_count', min: 4, max: 4 },
      { expect: 'not_null', column: 'x', where: 'n = 1' },
      { expect: 'unique', columns: ['n'] },
      { expect: 'z_score', column: 'n', max: 3 },
    ];
    const found = await judgeAll(wanted);
    expect(found.map((one) => `${one.expect} ${one.verdict}`)).toEqual([
      'quantiles pass',
      'row_count pass',
      'not_null pass',
      'unique fail',
      'z_score pass',
    ]);
  });

  it.each([
    [{ expect: 'mean', column: 's' }, 'EXPECTATION_INVALID'],
    [{ expect: 'mean', column: 'n', min: 'low' }, 'EXPECTATION_INVALID'],
    [{ expect: 'between', column: 't', min: 5 }, 'EXPECTATION_INVALID'],
    [{ expect: 'between', column: 't', min: 'soon' }, 'SQL_INVALID'],
    [{ expect: 'between', column: 'b', min: 0 }, 'EXPECTATION_INVALID'],
    [{ expect: 'compare', column: 'n', operator: '=', other: 's' }, 'EXPECTATION_INVALID'],
    [{ expect: 'compare', column: 'n', operator: '=', other: 'm' }, 'EXPECTATION_INVALID'],
    [{ expect: 'date_format', column: 's', format: '%Q' }, 'SQL_INVALID'],
    [{ expect: 'sum_equals', columns: ['n', 's'], total: 1 }, 'EXPECTATION_INVALID'],
    [{ expect: 'no_pii', columns: ['nn'] }, 'EXPECTATION_INVALID'],
    [{ expect: 'row_count', where: '1; DROP TABLE batch' }, 'SQL_INVALID'],
    [{ expect: 'no_rows', name: 'two', sql: 'SELECT 1; SELECT 2' }, 'SQL_INVALID'],
  ])('refuses %j', async (expectation, code) => {
    await expect(judge(expectation)).rejects.toMatchObject({ code, retry: 'never' });
  });

  it('blames only the expectation that is wrong', async () => {
    await expect(
      judgeAll([
        { expect: 'not_null', column: 'n' },
        { expect: 'matches', column: 's', pattern: '(' },
        { expect: 'between', column: 'n', min: 0 },
      ]),
    ).rejects.toMatchObject({
      code: 'SQL_INVALID',
      message: expect.stringContaining('matches(s, ()') as string,
    });
  });
});

it.each(['UBIGINT', 'HUGEINT', 'UHUGEINT', 'BIGINT'])('%s is an integer and a number', async (type) => {
  const results = await judgeAll(
    [
      { expect: 'type', column: 'n', type: 'integer' },
      { expect: 'type', column: 'n', type: 'number' },
      { expect: 'type', column: 'n', type: ['string', 'boolean', 'list'] },
      { expect: 'between', column: 'n', min: 0, max: 3 },
    ],
    `SELECT range::${type} AS n FROM range(3)`,
  );
  expect(results.map((result) => result.verdict)).toEqual(['pass', 'pass', 'fail', 'pass']);
});

describe('much to look for', () => {
  const values = Array.from({ length: 10_000 }, (_, i) => `value${String(i).padStart(5, '0')}`);
  const rows = `SELECT 'value' || lpad(range::VARCHAR, 5, '0') AS s, range AS n FROM range(10001)`;

  it.each([
    ['in_set', { expect: 'in_set', column: 's', values }, '1 of 10001 rows'],
    [
      'in_set under a condition',
      { expect: 'in_set', column: 's', values, where: 'n > 0' },
      '1 of 10000 rows',
    ],
    ['distinct_equals', { expect: 'distinct_equals', column: 's', values }, '1 other values occur'],
    ['most_common', { expect: 'most_common', column: 's', values: ['x', ...values] }, 'are the most common'],
    [
      'kl_divergence',
      {
        expect: 'kl_divergence',
        column: 's',
        weights: Object.fromEntries(values.map((v) => [v, 1])),
        max: 1,
      },
      'values occur that are not expected',
    ],
  ])('%s takes thousands of values', async (_, expectation, reason) => {
    const result = await judge(expectation, rows);
    expect([result.verdict, result.reason]).toEqual(['fail', expect.stringContaining(reason)]);
  });

  it('no_pii reads as many candidates as a scan does', async () => {
    const result = await judge(
      { expect: 'no_pii' },
      `SELECT CASE WHEN range % 2 = 0 THEN 'a' || range || '@example.com' ELSE 'tel 415-555-' || range END AS note FROM range(10000, 40000)`,
    );
    expect(result).toMatchObject({ verdict: 'fail', observed: ['note'] });
  });

  it('an expectation that is wrong leaves the others their answers', async () => {
    const good = Array.from({ length: 50 }, (_, i) => ({ expect: 'between', column: 'n', min: i }));
    const wrong = { expect: 'matches', column: 's', pattern: '(' };
    await expect(judgeAll([...good, wrong, ...good], rows)).rejects.toMatchObject({
      code: 'SQL_INVALID',
      message: expect.stringContaining('matches(s, (') as string,
      problems: [],
    });
  });
});
