import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withDuckDb } from '../../../../src/data/duckdb.ts';
import { scanPii } from '../../../../src/data/pii/scan-pii.ts';
import type { PiiColumn } from '../../../../src/data/pii/scan-pii.ts';

let directory: string;
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'perennial-pii-'))));
afterAll(() => rmSync(directory, { recursive: true }));

/** Scans what a SELECT yields. */
function scan(select: string): Promise<Record<string, PiiColumn>> {
  return withDuckDb({ directory }, async (session) => {
    await session.run(`CREATE TABLE t AS ${select}`);
    const found = await scanPii((sql) => session.rows(sql), 't', await session.columns('t'));
    return Object.fromEntries(found.map((column) => [column.name, column]));
  });
}

describe('scanPii', () => {
  it('lets timers have their turn among long texts, of which it reads a sample', async () => {
    let ticks = 0;
    const timer = setInterval(() => (ticks += 1), 20);
    try {
      const text = `'mail a' || range || '@example.com' || repeat(' and so on', 400)`;
      const { note: column } = await scan(`SELECT ${text} AS note FROM range(10000, 19000)`);
      expect(column).toMatchObject({ verdict: 'pii', sampled: true });
      expect(column!.piiValues).toBeGreaterThan(8500);
    } finally {
      clearInterval(timer);
    }
    expect(ticks).toBeGreaterThan(10);
  });

  it('names kinds, counts their values and shows none of them', async () => {
    const found = await scan(`SELECT * FROM (VALUES
      ('ada@example.com', 'call 415-555-2671', 4111111111111111, 'x', DATE '2024-01-01'),
      ('bob@example.org', 'nothing', 5500000000000004, 'y', DATE '2024-01-02'),
      (NULL, 'mail eve@example.net or +44 20 7946 0958', NULL, 'z', NULL)
    ) v(contact, note, payment, first_name, day)`);
    expect(found['contact']).toMatchObject({
      verdict: 'pii',
      values: 2,
      piiValues: 2,
      kinds: [{ kind: 'email_address', verdict: 'pii', values: 2, share: 1 }],
    });
    expect(found['note']).toMatchObject({
      piiValues: 2,
      kinds: [
        { kind: 'phone_number', values: 2, samples: ['###-###-####', '+## ## #### ####'] },
        { kind: 'email_address', values: 1 },
      ],
    });
    expect(found['payment']).toMatchObject({ verdict: 'pii', kinds: [{ kind: 'credit_card', values: 2 }] });
    expect(found['first_name']).toMatchObject({ verdict: 'possible', named: 'a name', kinds: [] });
    expect(found['day']).toMatchObject({ verdict: 'none', kinds: [] });
    expect(JSON.stringify(found)).not.toMatch(/ada|bob|eve|4111|2671|7946/);
  });

  it('does not take serial numbers for cards because one in ten passes the check digit', async () => {
    const found = await scan(`SELECT 4000000000000000 + range * 7919 AS serial FROM range(3000)`);
    expect(found['serial']).toMatchObject({
      verdict: 'possible',
      kinds: [{ kind: 'credit_card', verdict: 'possible' }],
    });
  });

  it('counts every number of a text as one more chance to pass', async () => {
    const found = await scan(`SELECT string_agg((4000000000000000 + range * 7919)::VARCHAR, ' ') AS serials,
      'id ' || (4000000000000000 + min(range) * 7919) || ' card 4111111111111111' AS paid
      FROM range(3000) GROUP BY range % 300`);
    expect(found['serials']).toMatchObject({ kinds: [{ kind: 'credit_card', verdict: 'possible' }] });
    expect(found['paid']).toMatchObject({ verdict: 'pii', kinds: [{ kind: 'credit_card', values: 300 }] });
  });

  it('knows bare numbers when a whole column passes their check digits, and by the name of the column', async () => {
    // Eleven-test: 9·a + 8·b + … + 2·h − i is a multiple of 11.
    const found = await scan(`
      WITH digits AS (SELECT (10000000 + range * 7919)::VARCHAR AS d FROM range(3000)),
      checked AS (SELECT d, (9*d[1]::INT + 8*d[2]::INT + 7*d[3]::INT + 6*d[4]::INT + 5*d[5]::INT + 4*d[6]::INT + 3*d[7]::INT + 2*d[8]::INT) % 11 AS c FROM digits)
      SELECT (d || c)::BIGINT AS code, (100000000 + row_number() OVER () * 7919)::BIGINT AS bsn, (100000000 + row_number() OVER () * 7919)::BIGINT AS number
      FROM checked WHERE c < 10`);
    expect(found['code']).toMatchObject({ verdict: 'pii', kinds: [{ kind: 'nl_bsn' }] });
    expect(found['bsn']?.kinds.map((kind) => kind.kind)).toEqual(['nl_bsn']);
    expect(found['bsn']?.verdict).toBe('possible');
    expect(found['number']).toMatchObject({ verdict: 'none' });
  });

  it('takes the name of a column for more than chance where nearly all of its numbers could be such', async () => {
    const found = await scan(
      `SELECT 536904399 + range * 131 AS ssn, 4155552671 + range * 13 AS phone, 900000000 + range AS old_ssn FROM range(100)`,
    );
    expect(Object.values(found).map(({ name, verdict, piiValues }) => [name, verdict, piiValues])).toEqual([
      ['ssn', 'pii', 100],
      ['phone', 'pii', 100],
      ['old_ssn', 'none', 0],
    ]);
  });

  it('finds numbers that are written with blanks around them or with marks between their digits', async () => {
    const found = await scan(`SELECT * FROM (VALUES
      (' 4111111111111111', '4111111111111111 ', E'\\t4111111111111111\\r\\n', E'4111111111111111\\x0B', '4111_1111_1111_1111', '4111111111111111.', '4111111111111111.0'),
      (' 5500000000000004', '5500000000000004 ', E'\\t5500000000000004\\r\\n', E'5500000000000004\\x0B', '5500_0000_0000_0004', '5500000000000004.', '0.4111111111111111')
    ) v("before", "after", lines, "vertical", marks, points, fraction)`);
    expect(Object.values(found).map(({ name, piiValues }) => [name, piiValues])).toEqual([
      ['before', 2],
      ['after', 2],
      ['lines', 2],
      ['vertical', 2],
      ['marks', 2],
      ['points', 2],
      ['fraction', 1],
    ]);
  });

  it('finds little among much: each class of values is sampled by itself', async () => {
    const found = await scan(
      `SELECT CASE WHEN range = 77777 THEN 'ada@example.com' ELSE 'serial 1' || lpad(range::VARCHAR, 9, '0') END AS text FROM range(100000)`,
    );
    expect(found['text']).toMatchObject({
      verdict: 'pii',
      sampled: true,
      piiValues: 1,
      kinds: [{ kind: 'email_address', values: 1 }],
    });
  });

  it('estimates the count where it sampled', async () => {
    const found = await scan(
      `SELECT CASE WHEN range % 4 = 0 THEN 'a' || range || '@example.com' ELSE '@' || range END AS text FROM range(80000)`,
    );
    const [kind] = found['text']!.kinds;
    expect(kind?.values).toBeGreaterThan(18_000);
    expect(kind?.values).toBeLessThan(22_000);
  });

  it('looks into lists, structures and wide numbers, and passes over empty columns', async () => {
    const found = await scan(
      `SELECT ['x', 'ada@example.com'] AS list, {'m': 'ada@example.com'} AS struct, 4111111111111111.0::DOUBLE AS wide, NULL::VARCHAR AS empty, true AS flag, '2024-01-01 10:11:12' AS stamp`,
    );
    expect(Object.values(found).map((column) => [column.name, column.verdict])).toEqual([
      ['list', 'pii'],
      ['struct', 'pii'],
      ['wide', 'pii'],
      ['empty', 'none'],
      ['flag', 'none'],
      ['stamp', 'none'],
    ]);
  });

  it('reads a giant value only as far as its limit', async () => {
    const found = await scan(`SELECT repeat('a', 3000000) || ' ada@example.com' AS giant`);
    expect(found['giant']?.verdict).toBe('none');
  });
});
