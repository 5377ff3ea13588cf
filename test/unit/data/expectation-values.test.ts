import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Expectation } from '../../../src/contracts/spec/expectations.ts';
import { withDuckDb } from '../../../src/data/duckdb.ts';
import type { ExpectationResult } from '../../../src/data/expectations/expectation-result.ts';
import { judgeExpectations } from '../../../src/data/expectations/judge-expectations.ts';

let directory: string;
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'perennial-values-'))));
afterAll(() => rmSync(directory, { recursive: true }));

/** Judges one expectation on the rows that `select` yields. */
async function judge(expectation: object, select: string): Promise<ExpectationResult> {
  const [result] = await withDuckDb({ directory }, async (session) => {
    await session.run(`CREATE TABLE batch AS ${select}`);
    return judgeExpectations([Expectation.parse(expectation)], {
      ...{ session, source: 't', batch: 'batch', existing: null, primaryKey: [], viewOf: () => null },
      nowMs: 0,
    });
  });
  return result!;
}

/** How many of the texts an expectation of column `v` refuses, by their names. */
async function refused(expectation: object, texts: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const text of texts) {
    const select = `SELECT '${text.replaceAll("'", "''")}' AS v`;
    if ((await judge({ column: 'v', ...expectation }, select)).verdict === 'fail') found.push(text);
  }
  return found;
}

describe('numbers of a set', () => {
  const numbers = [0.00005, 1e-7, 1e15, 1e16, 123456789012345680, 1e22, 0.1, -0, 1.5];
  const literals = numbers.map((n) => `'${String(n)}'::DOUBLE`).join(', ');

  it.each([
    ['in_set', { expect: 'in_set' }],
    ['distinct_equals', { expect: 'distinct_equals' }],
    ['distinct_contains', { expect: 'distinct_contains' }],
    ['most_common', { expect: 'most_common', tiesAllowed: true }],
  ])('are the same however small or large they are: %s', async (_, expectation) => {
    const result = await judge(
      { ...expectation, column: 'x', values: numbers },
      `SELECT unnest([${literals}]) AS x`,
    );
    expect(result.verdict).toBe('pass');
  });

  it('are shown as a spec writes them', async () => {
    const select = `SELECT unnest([${literals}]) AS x`;
    const { observed } = await judge({ expect: 'distinct_in_set', column: 'x', values: numbers }, select);
    expect(observed).toEqual(numbers.map(String).sort());
  });

  it('may be decimals and single floats', async () => {
    const one = async (value: string, values: number[]): Promise<string> =>
      (await judge({ expect: 'distinct_equals', column: 'x', values }, `SELECT ${value} AS x`)).verdict;
    expect(await one('1.50::DECIMAL(10,2)', [1.5])).toBe('pass');
    expect(await one('0.1::FLOAT', [0.1])).toBe('pass');
    expect(await one('0.1::FLOAT', [Math.fround(0.1)])).toBe('pass');
    expect(await one('0.1::DOUBLE', [Math.fround(0.1)])).toBe('fail');
  });

  it('are shown with all their digits', async () => {
    const select = `SELECT unnest(['9007199254740993.10'::DECIMAL(38,2), '100'::DECIMAL(38,2)]) AS x`;
    const result = await judge({ expect: 'between', column: 'x', max: 0 }, select);
    expect(result.samples).toEqual(['100', '9007199254740993.1']);
  });

  it('weigh in a divergence', async () => {
    const weights = { '0.00005': 0.5, '1e-7': 0.5 };
    const select = `SELECT unnest(['0.00005'::DOUBLE, '1e-7'::DOUBLE]) AS x`;
    const result = await judge({ expect: 'kl_divergence', column: 'x', weights, max: 0 }, select);
    expect(result).toMatchObject({ verdict: 'pass', observed: 0 });
  });

  it('are not what is no number', async () => {
    const select = `SELECT unnest([0.0::DOUBLE, 'inf'::DOUBLE]) AS x`;
    const result = await judge({ expect: 'in_set', column: 'x', values: ['', 'x', 'inf'] }, select);
    expect(result).toMatchObject({ verdict: 'fail', unexpected: { count: 1 }, samples: ['0'] });
  });

  it('find the expected one among any number of most common ones', async () => {
    const select = 'SELECT range AS x FROM range(200_000)';
    const expectation = { expect: 'most_common', column: 'x', values: [199_999], tiesAllowed: true };
    expect((await judge(expectation, select)).verdict).toBe('pass');
    expect((await judge({ ...expectation, values: [200_000] }, select)).verdict).toBe('fail');
    expect((await judge({ ...expectation, tiesAllowed: false }, select)).verdict).toBe('fail');
  });
});

describe('missing parts of a row', () => {
  it('NaN and null beside an equal value are a duplicate', async () => {
    const select = `SELECT * FROM (VALUES ('NaN'::DOUBLE, 'a'), (NULL, 'a'), (1, 'a'), ('NaN', 'b'), (NULL, NULL)) t(x, s)`;
    const result = await judge({ expect: 'unique', columns: ['x', 's'] }, select);
    expect(result).toMatchObject({ rows: 5, missing: 1, unexpected: { count: 2 }, samples: ['null/a'] });
  });

  it('keys may have any name', async () => {
    const select = 'SELECT * FROM (VALUES (1, true), (1, true)) t(new_rows, is_new)';
    const result = await judge({ expect: 'unique', columns: ['is_new', 'new_rows'] }, select);
    expect(result.unexpected?.count).toBe(2);
  });

  it('a sum of which a part is missing fails, and one of nothing does not count', async () => {
    const select = `SELECT * FROM (VALUES (1, 2.0::DOUBLE), (3, NULL), (NULL, 'NaN'), (2, 'NaN')) t(a, b)`;
    const result = await judge({ expect: 'sum_equals', columns: ['a', 'b'], total: 3 }, select);
    expect(result).toMatchObject({ rows: 4, missing: 1, unexpected: { count: 2 } });
  });

  it('a sum may be larger than its parts can be', async () => {
    const select = 'SELECT 100::TINYINT AS a, 9223372036854775807::BIGINT AS b, 100::TINYINT AS c';
    const small = await judge({ expect: 'sum_equals', columns: ['a', 'c'], total: 200 }, select);
    expect(small.verdict).toBe('pass');
    const large = await judge({ expect: 'sum_equals', columns: ['b', 'b'], total: 200 }, select);
    expect(large.verdict).toBe('fail');
  });
});

describe('infinite values', () => {
  const select = `SELECT unnest([1, 'inf'::DOUBLE, 'inf'::DOUBLE]) AS x`;
  it.each(['maximum', 'median'])('are a %s', async (statistic) => {
    const above = await judge({ expect: statistic, column: 'x', min: 5 }, select);
    expect(above).toMatchObject({ verdict: 'pass', reason: 'is Infinity, allowed is at least 5' });
    expect((await judge({ expect: statistic, column: 'x', max: 5 }, select)).verdict).toBe('fail');
  });

  it('have no median where it lies between both', async () => {
    const both = `SELECT unnest(['-inf'::DOUBLE, 'inf'::DOUBLE]) AS x`;
    expect((await judge({ expect: 'median', column: 'x' }, both)).reason).toBe('there is no value to judge');
  });

  it('lie far from the mean of the others', async () => {
    const result = await judge({ expect: 'z_score', column: 'x', max: 3 }, `${select} UNION ALL SELECT 2`);
    expect(result.unexpected?.count).toBe(2);
  });
});

describe('dates as text', () => {
  it.each([
    [
      '%Y-%m-%d',
      ['2024-01-05', '2024-1-5'],
      ['24-01-05', ' 2024-01-05', '2024-01-05\n', 'epoch', '2024-02-30'],
    ],
    ['%d/%m/%Y', ['05/01/2024'], ['05/01/24', '05/01/2024 ']],
    ['%Y', ['2024'], ['99', ' 2024', '2024 ']],
    [
      '%Y-%m-%dT%H:%M:%S%z',
      ['2024-01-05T10:11:12Z', '2024-01-05T10:11:12+02:00', '2024-01-05T10:11:12-0230'],
      ['2024-01-05T10:11:12', '2024-01-05T10:11:12+02', '2024-01-05 10:11:12Z'],
    ],
    ['%Y%m%d', ['20240105'], ['2024-01-05', '20241305']],
    ['%b %d, %Y (%H:%M)', ['Jan 5, 2024 (10:11)'], ['Jan 5, 2024 10:11']],
    ['%d.%m.%Y %%', ['05.01.2024 %'], ['05x01x2024 %']],
    ['%Y年%m月', ['2024年01月'], ['2024-01']],
  ])('have the format %s as strptime reads it', async (format, good, bad) => {
    expect(await refused({ expect: 'date_format', format }, [...good, ...bad])).toEqual(bad);
  });

  it('are dates and no words of the database', async () => {
    const good = ['2024-01-05', '2024-01-05T10:11:12+02:00', '05.01.2024', 'Jan 5, 2024', '20240105'];
    const bad = ['epoch', 'infinity', '-infinity', '2024-01-05 (BC)', '99999-01-01', 'May', ''];
    expect(await refused({ expect: 'date_parseable' }, [...good, ...bad])).toEqual(bad);
  });
});

describe('JSON', () => {
  it('is told from what is nearly JSON', async () => {
    const good = ['{}', ' [1, 2.5e3] ', '{"a":"x,]"}', '["\\\\"]', '"a\\"b,}"', 'NaN', '"ü"', '[ ]', 'null'];
    const bad = ['', '[1,]', '{"a":1,}', '[1 , \n ]', '["\\\\",]', '"\u0001"', '"a\tb"', "{'a':1}", '[1]x'];
    expect(await refused({ expect: 'json_parseable' }, [...good, ...bad])).toEqual(bad);
  });
});
