import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Expectation } from '../../../src/contracts/spec/expectations.ts';
import { withDuckDb } from '../../../src/data/duckdb.ts';
import { failedExpectations } from '../../../src/data/expectations/judge-expectations.ts';

let directory: string;
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'perennial-expect-'))));
afterAll(() => rmSync(directory, { recursive: true }));

const NOW = Date.parse('2026-01-02T00:00:00Z');

/** Judges one expectation on rows of (id, x, s, at). */
function judge(
  expectation: object,
  rows: string,
  options: { existing?: string; primaryKey?: string[]; others?: string } = {},
): Promise<string[]> {
  return withDuckDb({ directory }, async (session) => {
    const columns = 't(id, x, s, "at")';
    await session.run(
      `CREATE TABLE batch AS SELECT id::INTEGER AS id, x::DOUBLE AS x, s::VARCHAR AS s, "at"::TIMESTAMP AS "at" FROM (VALUES ${rows}) ${columns}`,
    );
    if (options.existing !== undefined) {
      await session.run(
        `CREATE TABLE existing AS SELECT id::INTEGER AS id, x::DOUBLE AS x, s::VARCHAR AS s, "at"::TIMESTAMP AS "at" FROM (VALUES ${options.existing}) ${columns}`,
      );
    }
    if (options.others !== undefined)
      await session.run(`CREATE TABLE others AS SELECT * FROM (VALUES ${options.others}) t(k)`);
    return failedExpectations([Expectation.parse(expectation)], {
      session,
      source: 'things',
      batch: 'batch',
      existing: options.existing === undefined ? null : 'existing',
      primaryKey: options.primaryKey ?? [],
      viewOf: (name) => (options.others !== undefined && name === 'others' ? 'others' : null),
      nowMs: NOW,
    });
  });
}

const ROWS =
  "(1, 5, 'a', '2026-01-01'), (2, NULL, 'b', '2026-01-01'), (3, 20, NULL, NULL), (4, -1, 'c', '2026-01-01')";

describe('expectations', () => {
  it.each([
    ['not_null counts nulls', { expect: 'not_null', column: 'x' }, ['not_null(x): 1 of 4 rows']],
    ['not_null holds for the share asked for', { expect: 'not_null', column: 'x', mostly: 0.75 }, []],
    [
      'not_null fails just below it',
      { expect: 'not_null', column: 'x', mostly: 0.76 },
      ['not_null(x): 1 of 4 rows, 76 % must conform'],
    ],
    ['between ignores nulls', { expect: 'between', column: 'x', min: -1, max: 20 }, []],
    [
      'between shows offending values',
      { expect: 'between', column: 'x', min: 0, max: 10 },
      ['between(x, 0 to 10): 2 of 3 rows, such as -1, 20'],
    ],
    ['where limits the rows', { expect: 'between', column: 'x', min: 0, where: "s <> 'c'" }, []],
    [
      'mostly is a share of the rows that are not null',
      { expect: 'between', column: 'x', min: 0, mostly: 0.66 },
      [],
    ],
    ['in_set ignores nulls', { expect: 'in_set', column: 's', values: ['a', 'b', 'c'] }, []],
    [
      'in_set shows others',
      { expect: 'in_set', column: 's', values: ['a'] },
      ['in_set(s: a): 2 of 3 rows, such as b, c'],
    ],
    ['in_set compares numbers as numbers', { expect: 'in_set', column: 'x', values: [5, 20, -1] }, []],
    [
      'matches takes a pattern anywhere',
      { expect: 'matches', column: 's', pattern: '^[ab]$' },
      ['matches(s, ^[ab]$): 1 of 3 rows, such as c'],
    ],
    ['row_count has bounds', { expect: 'row_count', min: 5 }, ['row_count: 4 rows, allowed are at least 5']],
    ['type accepts', { expect: 'type', column: 'id', type: 'integer' }, []],
    ['type refuses', { expect: 'type', column: 's', type: 'number' }, ['type(s, number): is VARCHAR']],
    ['fresh accepts', { expect: 'fresh', column: 'at', maxAge: '24h' }, []],
    [
      'fresh refuses',
      { expect: 'fresh', column: 'at', maxAge: '1h' },
      ['fresh(at): the newest is 2026-01-01T00:00:00.000Z, 86400 s old, allowed are 3600 s'],
    ],
    [
      'no_rows shows rows',
      { expect: 'no_rows', name: 'big', sql: 'SELECT id FROM batch WHERE x > 9' },
      ['no_rows(big): 1 rows, such as {"id":3}'],
    ],
    ['unique ignores nulls', { expect: 'unique', columns: ['x'] }, []],
  ])('%s', async (_what, expectation, failures) => {
    expect(await judge(expectation, ROWS)).toEqual(failures);
  });

  it('unique finds values twice in the batch, and in the batch and the rows before it', async () => {
    const twice = "(1, 1, 'a', NULL), (2, 1, 'a', NULL)";
    expect(await judge({ expect: 'unique', columns: ['x', 's'] }, twice)).toEqual([
      'unique(x, s): 1 value occurs more than once, in 2 of 2 rows, such as 1/a',
    ]);
    const one = "(9, 7, 'z', NULL)";
    expect(
      await judge({ expect: 'unique', columns: ['x'] }, one, { existing: "(8, 7, 'y', NULL)" }),
    ).toHaveLength(1);
    const before = { existing: "(7, 1, 'y', NULL), (8, 1, 'y', NULL)" };
    expect(await judge({ expect: 'unique', columns: ['x'] }, one, before)).toEqual([]);
  });

  it('unique lets a row replace the one of its primary key', async () => {
    const options = { existing: "(1, 7, 'old', NULL)", primaryKey: ['id'] };
    expect(await judge({ expect: 'unique', columns: ['id'] }, "(1, 7, 'new', NULL)", options)).toEqual([]);
    expect(await judge({ expect: 'unique', columns: ['x'] }, "(2, 7, 'new', NULL)", options)).toHaveLength(1);
  });

  it('fresh goes by times that have been, not by one mistyped in the future', async () => {
    const fresh = { expect: 'fresh', column: 'at', maxAge: '1h' };
    const old = "(1, 1, 'a', '2026-01-01')";
    const future = "(2, 1, 'a', '2099-12-31')";
    expect(await judge(fresh, `${old}, ${future}`)).toEqual([
      'fresh(at): the newest is 2026-01-01T00:00:00.000Z, 86400 s old, allowed are 3600 s',
    ]);
    expect(await judge(fresh, future)).toEqual([
      'fresh(at): no value to tell the age by: the times are yet to come, up to 2099-12-31T00:00:00.000Z',
    ]);
    expect(await judge(fresh, "(3, 1, 'a', 'infinity'), (4, 1, 'a', NULL)")).toEqual([
      'fresh(at): no value to tell the age by',
    ]);
    const zoneLeftOut = "(5, 1, 'a', '2026-01-02 09:00:00')";
    expect(await judge(fresh, zoneLeftOut)).toEqual([]);
  });

  it('references ignores nulls and shows strangers', async () => {
    const reference = { expect: 'references', column: 's', source: 'others', sourceColumn: 'k' };
    expect(await judge(reference, ROWS, { others: "('a'), ('b'), (NULL)" })).toEqual([
      'references(s -> others.k): 1 of 3 rows, such as c',
    ]);
    await expect(judge(reference, ROWS)).rejects.toMatchObject({ code: 'SOURCE_EMPTY', retry: 'later' });
  });

  it('an empty batch conforms to everything but a row count', async () => {
    const none = "(1, 1, 'a', NULL)";
    const where = { where: 'id > 9' };
    expect(await judge({ expect: 'not_null', column: 'at', ...where }, none)).toEqual([]);
    expect(await judge({ expect: 'between', column: 'x', min: 5, ...where }, none)).toEqual([]);
  });

  it.each([
    [{ expect: 'not_null', column: 'xx' }, 'EXPECTATION_INVALID'],
    [{ expect: 'unique', columns: ['id', 'nope'] }, 'EXPECTATION_INVALID'],
    [{ expect: 'between', column: 'x', min: 1, where: 'x >' }, 'SQL_INVALID'],
    [{ expect: 'between', column: 'x', min: 1, where: 'true); DROP TABLE batch; SELECT (1' }, 'SQL_INVALID'],
    [{ expect: 'matches', column: 's', pattern: '(' }, 'SQL_INVALID'],
  ])('refuses %o', async (expectation, code) => {
    await expect(judge(expectation, ROWS)).rejects.toMatchObject({ code, retry: 'never' });
  });
});
