import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_SQL_CHARS } from '../../../src/data/check-user-sql.ts';
import { withDuckDb } from '../../../src/data/duckdb.ts';
import type { DuckDbOptions, DuckDbSession } from '../../../src/data/duckdb.ts';
import { failedExpectations } from '../../../src/data/expectations/judge-expectations.ts';
import { loadSpine } from '../../../src/data/spine.ts';
import { isPerennialError } from '../../../src/errors/define-error.ts';
import { hostileSql } from './hostile-sql.ts';

const CANARY = 'canary-4f1b9c-of-a-file';
const root = mkdtempSync(join(tmpdir(), 'perennial-hostile-'));
const scratch = join(root, 'scratch');
const secret = join(root, 'secret.csv');
const written = join(root, 'written');
let server: Server;
let calls = 0;

beforeAll(async () => {
  mkdirSync(scratch);
  writeFileSync(secret, `id\n${CANARY}\n`);
  server = createServer((_, response) => {
    calls += 1;
    response.end();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
});
afterAll(() => {
  server.close();
  rmSync(root, { recursive: true });
});

/** Every way in which a spec's SQL reaches DuckDB: all others hand their text to `userTable` (see the last test). */
const ways: Readonly<Record<string, (session: DuckDbSession, sql: string) => Promise<unknown>>> = {
  userTable: (session, sql) => session.userTable('t', sql, 'the test'),
  userRows: (session, sql) => session.userRows(sql, 'the test'),
  'a no_rows expectation': (session, sql) => expectation(session, { expect: 'no_rows', name: 'x', sql }),
  "an expectation's where": (session, sql) =>
    expectation(session, { expect: 'not_null', column: 'id', mostly: 1, where: `id IN (${sql}\n)` }),
  'a where that ends its parenthesis': (session, sql) =>
    expectation(session, { expect: 'not_null', column: 'id', mostly: 1, where: `true) UNION ALL (${sql}` }),
  'a where with a second statement': (session, sql) =>
    expectation(session, {
      expect: 'unique',
      columns: ['id'],
      mostly: 1,
      where: `true); ${sql}; SELECT (1`,
    }),
  'the spine': (session, sql) =>
    loadSpine(session, {
      query: { sql },
      id: 'id',
      eventTime: 'event_time',
      label: 'label',
      keys: ['id'],
      attributes: [],
    }),
};

function expectation(
  session: DuckDbSession,
  e: Parameters<typeof failedExpectations>[0][number],
  existing: string | null = null,
) {
  return failedExpectations([e], {
    session,
    source: 'orders',
    batch: 'batch',
    existing,
    primaryKey: [],
    viewOf: () => null,
    nowMs: 0,
  });
}

function inSession<T>(work: (session: DuckDbSession) => Promise<T>, options: Partial<DuckDbOptions> = {}) {
  return withDuckDb({ directory: scratch, ...options }, async (session) => {
    await session.run('CREATE VIEW orders AS SELECT range AS id FROM range(3)');
    await session.run('CREATE TABLE batch AS FROM orders');
    return work(session);
  });
}

describe.each(Object.keys(ways))('hostile SQL through %s', (way) => {
  it('is refused with one coded error, reads nothing, writes nothing and calls nobody', async () => {
    const address = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    const corpus = hostileSql({ secret, written, server: address });
    const accepted: string[] = [];
    await inSession(async (session) => {
      for (const sql of corpus) {
        try {
          await ways[way]?.(session, sql);
          accepted.push(sql);
        } catch (error) {
          const text = error instanceof Error ? `${error.message} ${error.stack ?? ''}` : String(error);
          expect(isPerennialError(error) ? error.code : text, sql).toBe('SQL_INVALID');
          expect(text, sql).not.toContain(CANARY);
        }
      }
      expect(await session.rows('SELECT count(*) AS n FROM batch')).toEqual([{ n: 3 }]);
    });
    expect(accepted).toEqual([]);
    expect(readdirSync(root).sort()).toEqual(['scratch', 'secret.csv']);
    expect(readdirSync(scratch)).toEqual([]);
    expect(existsSync(written)).toBe(false);
    expect(calls).toBe(0);
  });
});

const nested = (open: string, inner: string, close: string, depth: number) =>
  `${open.repeat(depth)}${inner}${close.repeat(depth)}`;

describe('SQL that wants to exhaust the worker', () => {
  it.each([
    ['parentheses', `SELECT ${nested('(', '1', ')', 40_000)}`],
    ['subqueries', nested('SELECT * FROM (', 'SELECT 1', ')', 5_000)],
    ['lists', `SELECT ${nested('[', '', ']', 40_000)}`],
    ['sums', `SELECT ${'1+'.repeat(40_000)}1`],
    ['negations', `SELECT ${'NOT '.repeat(20_000)}true`],
    ['joins', `SELECT 1 FROM ${'orders,'.repeat(10_000)}orders`],
    ['text', `SELECT 1 AS ${'x'.repeat(MAX_SQL_CHARS)}`],
    ['a value beyond every limit', "SELECT repeat(repeat('x', 100000), 100000) AS x"],
    ['memory in an aggregate', "SELECT string_agg(repeat('x', 1000000), '') AS x FROM range(10000)"],
    ['rows, to be handed over', 'SELECT * FROM range(100000000)'],
  ])('by too much of %s is refused', async (_, sql) => {
    await expect(
      inSession((session) => session.userRows(sql, 'the test'), { memoryMb: 256 }),
    ).rejects.toMatchObject({ code: 'SQL_INVALID' });
  });

  it.each([
    'WITH RECURSIVE c AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM c) SELECT count(*) AS n FROM c',
    'SELECT count(*) AS n FROM range(1000000000) a, range(1000000000) b WHERE a.range + b.range = 1',
  ])('by never ending is stopped at the limit: %s', async (sql) => {
    await expect(
      inSession((session) => session.userTable('t', sql, 'the test'), { timeLimitMs: 200 }),
    ).rejects.toMatchObject({ code: 'SQL_TOO_SLOW' });
  });

  it.each([
    ['one', null, MAX_SQL_CHARS],
    ['three, beside the rows that are there,', 'orders', MAX_SQL_CHARS / 3],
  ])('by a condition that is too long in %s of its places is refused', async (_, existing, chars) => {
    const judged = (where: string) =>
      inSession((session) =>
        expectation(session, { expect: 'unique', columns: ['id'], mostly: 0, where }, existing),
      );
    await expect(judged(`id >= 0 -- ${'x'.repeat(chars / 2)}`)).resolves.toEqual([]);
    await expect(judged(`id >= 0 -- ${'x'.repeat(chars)}`)).rejects.toMatchObject({ code: 'SQL_INVALID' });
  });

  it('by millions of values to compare with is refused', async () => {
    const values = Array.from({ length: 200_000 }, (_, i) => `value ${String(i)}`);
    await expect(
      inSession((session) => expectation(session, { expect: 'in_set', column: 'id', values, mostly: 1 })),
    ).rejects.toMatchObject({ code: 'SQL_INVALID' });
  });

  it('by a batch of huge values leaves short failures', async () => {
    const failures = await withDuckDb({ directory: scratch }, async (session) => {
      await session.run("CREATE TABLE batch AS SELECT 1 AS id, repeat('x', 1000000) AS text");
      const found = await expectation(session, { expect: 'no_rows', name: 'any', sql: 'FROM batch' });
      const unlike = await expectation(session, {
        expect: 'in_set',
        column: 'text',
        values: ['a'],
        mostly: 1,
      });
      return [...found, ...unlike];
    });
    expect(failures.map((failure) => failure.length < 400)).toEqual([true, true]);
    expect(failures[0]).toContain('1 rows, such as {"id":1');
  });
});

describe('ordinary SQL of a spec', () => {
  it.each([
    'SELECT sum(id) AS s FROM orders; -- all of them',
    'WITH a AS (FROM orders), b AS MATERIALIZED (FROM a) SELECT count(*) AS n FROM b JOIN A USING (id)',
    'WITH RECURSIVE c AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM c WHERE n < 3) FROM c',
    'SELECT * FROM main.orders TABLESAMPLE 50%',
    'SELECT a.id FROM orders a ASOF JOIN orders b ON a.id >= b.id',
    'SELECT id, sum(id) OVER (ORDER BY id ROWS 1 PRECEDING) AS w FROM orders QUALIFY w > 0',
    'SELECT unnest([1, 2]) AS x, list_transform([1], lambda y: y + 1) AS l FROM orders',
    "SELECT COLUMNS('i.*') FROM orders",
    'SELECT * FROM (PIVOT orders ON id IN (1, 2) USING count(*))',
    'FROM (UNPIVOT (SELECT id, id AS j FROM orders) ON id, j INTO NAME a VALUE b)',
    'VALUES (1), (2)',
    'TABLE orders',
    "SELECT range AS day FROM range(DATE '2020-01-01', DATE '2020-01-03', INTERVAL 1 DAY)",
    "SELECT * FROM json_each('[1, 2]')",
    "SELECT now() AS at, current_date AS day, random() AS r, regexp_replace('a', 'a', 'b') AS t",
  ])('is taken: %s', async (sql) => {
    await expect(inSession((session) => session.userRows(sql, 'the test'))).resolves.toBeInstanceOf(Array);
  });
});

describe('what a new DuckDB could bring', () => {
  /** Whoever raises DuckDB's version judges what it can do anew, and then writes the new sums here. */
  it('is judged before it is used: table functions and functions with effects are those that were reviewed', async () => {
    const functions = await withDuckDb({ directory: scratch }, (session) =>
      session.rows<{ kind: string; names: string }>(
        `SELECT kind, string_agg(name, ' ' ORDER BY name) AS names FROM (
           SELECT DISTINCT CASE WHEN function_type LIKE 'table%' THEN 'table' ELSE 'effect' END AS kind,
             function_name AS name FROM duckdb_functions()
            WHERE function_type LIKE 'table%' OR has_side_effects) GROUP BY kind ORDER BY kind`,
      ),
    );
    expect(functions).toMatchSnapshot();
  });
});

it('every text of a spec goes into the sandbox: SQL files and sql keys are read in no other place', () => {
  const places = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => {
      const text = readFileSync(join('src', file), 'utf8');
      return [...text.matchAll(/(\w+)\(\s*(?:[^()]*,\s*)?sqlOf\(/g)].map(
        (match) => `${file} ${match[1] ?? ''}`,
      );
    });
  expect(places.sort()).toEqual([
    // Reads the names of tables off the syntax, and runs nothing.
    'data/feature-view.ts tablesOf',
    'data/feature-view.ts userTable',
    'data/spine.ts userTable',
    'evaluation/recommend.ts userTable',
    'evaluation/recommend.ts userTable',
    'evaluation/run-rules.ts userTable',
  ]);
});
