import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withDuckDb } from '../../../src/data/duckdb.ts';

let directory: string;
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'perennial-duckdb-'))));
afterAll(() => rmSync(directory, { recursive: true }));

const user = (sql: string, options = {}) =>
  withDuckDb({ directory, ...options }, async (session) => {
    await session.run('CREATE VIEW orders AS SELECT range AS id FROM range(3)');
    return session.userRows(sql, 'the test');
  });

describe('SQL from a spec', () => {
  it('reads its inputs', async () => {
    expect(await user('SELECT sum(id) AS s FROM orders; -- all of them')).toEqual([{ s: 3 }]);
    expect(await user('WITH a AS (FROM orders) SELECT count(*) AS n FROM a')).toEqual([{ n: 3 }]);
  });

  const secret = join(tmpdir(), `perennial-secret-${String(process.pid)}.csv`);
  it.each([
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    `SELECT * FROM '${secret}'`,
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM read_parquet('s3://bucket/key')",
    "SELECT * FROM read_csv('https://example.com/x.csv')",
    `COPY (SELECT 1) TO '${secret}'`,
    "COPY orders FROM '/etc/passwd'",
    `ATTACH '${secret}.db'`,
    'INSTALL httpfs',
    'LOAD httpfs',
    'SET enable_external_access = true',
    'SET memory_limit = "100GB"',
    'RESET lock_configuration',
    'PRAGMA enable_profiling',
    'DROP VIEW orders',
    'CREATE TABLE t AS SELECT 1',
    'SELECT 1; DROP VIEW orders',
    `SELECT 1; COPY (SELECT 1) TO '${secret}'`,
    `EXPORT DATABASE '${directory}'`,
    "SELECT * FROM query('COPY (SELECT 1) TO ''/tmp/x''')",
    '',
  ])('is refused: %s', async (sql) => {
    writeFileSync(secret, 'a\n1\n');
    try {
      await expect(user(sql)).rejects.toMatchObject({ code: 'SQL_INVALID', retry: 'never' });
    } finally {
      rmSync(secret);
    }
    expect(existsSync(`${secret}.db`)).toBe(false);
  });

  it('cannot change a setting back even when it shares a session with trusted SQL', async () => {
    await withDuckDb({ directory }, async (session) => {
      await session.seal();
      await expect(session.run('SET enable_external_access = true')).rejects.toThrow('locked');
      await expect(session.run("SELECT * FROM read_text('/etc/passwd')")).rejects.toThrow('disabled');
    });
  });

  it("gets DuckDB's message with the place, and no path of ours", async () => {
    const failure = (await user('SELECT idd FROM orders').catch((error: unknown) => error)) as Error;
    expect(failure.message).toContain('the test: Binder Error: Referenced column "idd" not found');
    expect(failure.message).toContain('LINE 1');
    expect(failure.message).not.toContain(directory);
  });

  const endless =
    'SELECT count(*) AS n FROM range(1000000000) a, range(1000000000) b WHERE a.range + b.range = 1';

  it('is stopped at its time limit', async () => {
    await expect(user(endless, { timeLimitMs: 100 })).rejects.toMatchObject({ code: 'SQL_TOO_SLOW' });
  });

  it('is stopped by a cancellation', async () => {
    const controller = new AbortController();
    const running = user(endless, { signal: controller.signal });
    setTimeout(() => controller.abort(), 100);
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('is stopped by a cancellation that comes in the moment in which it begins', async () => {
    const controller = new AbortController();
    const running = withDuckDb({ directory, signal: controller.signal }, async (session) => {
      const numbers = session.numbers(endless);
      controller.abort();
      return numbers;
    });
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('leaves nothing on disk', async () => {
    await user('SELECT 1 AS x');
    expect(readdirSync(directory)).toEqual([]);
  });
});
