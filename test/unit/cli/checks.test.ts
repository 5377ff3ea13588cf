import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { checkFile } from '../../../src/cli/checks/check-report.ts';
import type { CheckReport } from '../../../src/cli/checks/check-report.ts';
import { openTestedFile } from '../../../src/cli/checks/open-tested-file.ts';
import { scanFile } from '../../../src/cli/checks/scan-report.ts';
import type { ScanReport } from '../../../src/cli/checks/scan-report.ts';
import { textColumns } from '../../../src/cli/checks/text-columns.ts';
import { findingsPage } from '../../../src/cli/pages/findings-page.ts';
import { checkFindings } from '../../../src/cli/reports/check-findings.ts';
import { renderFindings } from '../../../src/cli/reports/render-findings.ts';
import { scanFindings } from '../../../src/cli/reports/scan-findings.ts';
import { Expectation } from '../../../src/contracts/spec/expectations.ts';
import { withDuckDb } from '../../../src/data/duckdb.ts';

let directory: string;
beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'perennial-checks-'))));
afterAll(() => rmSync(directory, { recursive: true }));

function file(name: string, content: string): string {
  writeFileSync(join(directory, name), content);
  return join(directory, name);
}

function check(location: string, wanted: readonly object[] | null): Promise<CheckReport> {
  const expectations = wanted?.map((e) => Expectation.parse(e)) ?? null;
  return withDuckDb({ directory }, async (session) => {
    const text = expectations === null ? [] : textColumns(expectations);
    const opened = await openTestedFile(session, location, 'batch', { text });
    return checkFile(session, opened, expectations, () => null);
  });
}

function scan(location: string, allow: readonly string[] = []): Promise<ScanReport> {
  return withDuckDb({ directory }, async (session) =>
    scanFile(session, await openTestedFile(session, location, 'data', { numbersAsText: true }), {
      allow,
      kinds: null,
    }),
  );
}

describe('the check of a file', () => {
  it('puts what fails first, and counts', async () => {
    const report = await check(file('a.csv', 'id,age\n1,5\n2,-3\n2,7\n'), [
      { expect: 'not_null', column: 'age' },
      { expect: 'between', column: 'age', min: 0 },
      { expect: 'unique', columns: ['id'] },
      { expect: 'references', column: 'id', source: 'users', sourceColumn: 'id' },
    ]);
    expect(report).toMatchObject({
      schemaVersion: 1,
      verdict: 'fail',
      counts: { pass: 1, fail: 2, skipped: 1 },
      notes: [],
    });
    expect(
      renderFindings(checkFindings(report))
        .split('\n')
        .map((line) => line.slice(0, 30).trim()),
    ).toEqual([
      'VERDICT  EXPECTATION',
      'fail     unique(id)',
      'fail     between(age, at least',
      'skipped  references(id -> user',
      'pass     not_null(age)',
      '',
      expect.any(String),
      '2 of 4 expectations fail, 1 sk',
    ]);
  });

  it('says what it checked when nobody said what to expect', async () => {
    const good = await check(file('good.csv', 'id,age\n1,5\n2,6\n'), null);
    expect(good.verdict).toBe('pass');
    expect(renderFindings(checkFindings(good))).toContain('no expectations were given: checked that');
    const bad = await check(file('bad.csv', 'id,age,none\n1,5,\n1,5,\n'), null);
    const failed = bad.expectations.filter((one) => one.verdict === 'fail');
    expect(failed.map((one) => one.title)).toEqual([
      'non_null_share(none, above 0)',
      'unique(id, age, none)',
    ]);
  });

  it('tells a column of two types, and reads it as text for those who expect something of it', async () => {
    const rows = Array.from({ length: 20 }, (_, i) => `2024-01-${String(i + 1).padStart(2, '0')}`);
    const mixed = file(
      'mixed.csv',
      `day,n\n${[...rows, '2024-13-45'].map((day) => `${day},1`).join('\n')}\n`,
    );
    const plain = await check(mixed, null);
    expect(plain.expectations[0]).toMatchObject({ title: 'type(day)', verdict: 'fail' });
    expect(plain.expectations[0]?.reason).toContain('2024-13-45');
    const report = await check(mixed, [{ expect: 'date_format', column: 'day', format: '%Y-%m-%d' }]);
    expect(report.expectations[0]).toMatchObject({ verdict: 'fail', unexpected: { count: 1 } });
  });

  const wide = (columns: number, rows: number): Promise<string> =>
    withDuckDb({ directory }, async (session) => {
      const path = join(directory, `wide-${String(columns)}.parquet`);
      const names = Array.from({ length: columns }, (_, i) => `feature_of_a_long_name_${String(i)}`);
      await session.run(
        `COPY (SELECT ${names.map((name, i) => `range + ${String(i)}::DOUBLE AS ${name.padEnd(30, '_')}`).join(', ')} FROM range(${String(rows)})) TO '${path}' (FORMAT parquet)`,
      );
      return path;
    });

  it('compares the rows of 500 columns with long names', async () => {
    const report = await check(await wide(500, 20), null);
    expect(report).toMatchObject({ verdict: 'pass', counts: { pass: 502 } });
  });

  it('takes far fewer statements than there are columns', async () => {
    const location = await wide(1000, 2);
    await withDuckDb({ directory }, async (session) => {
      const opened = await openTestedFile(session, location, 'batch', {});
      const asked = vi.spyOn(session, 'userRows');
      const report = await checkFile(session, opened, null, () => null);
      expect(report.counts).toEqual({ pass: 1001, fail: 0, skipped: 0 });
      expect(asked.mock.calls.length).toBeLessThan(10);
    });
  });

  it('keeps the zeros of a column that is judged as text', async () => {
    const zips = file('zips.csv', 'zip,n\n01234,1\n56789,2\n');
    const pattern = { expect: 'matches', column: 'zip', pattern: '^[0-9]{5}$' };
    expect((await check(zips, [pattern])).verdict).toBe('pass');
    expect(
      textColumns([Expectation.parse(pattern), Expectation.parse({ expect: 'mean', column: 'zip' })]),
    ).toEqual([]);
  });

  it('reads Parquet and NDJSON, with a condition', async () => {
    const parquet = join(directory, 'p.parquet');
    await withDuckDb({ directory }, (session) =>
      session.run(
        `COPY (SELECT range AS n, range % 3 AS g FROM range(1000)) TO '${parquet}' (FORMAT parquet)`,
      ),
    );
    const wanted = [{ expect: 'between', column: 'n', max: 10, where: 'g = 1' }];
    expect((await check(parquet, wanted)).expectations[0]).toMatchObject({
      rows: 333,
      unexpected: { count: 329 },
    });
    const lines = file('n.ndjson', '{"n": 1, "g": 1}\n{"n": 20, "g": 1}\n');
    expect((await check(lines, wanted)).expectations[0]).toMatchObject({ rows: 2, unexpected: { count: 1 } });
  });
});

describe('the scan of a file', () => {
  it('shows the form of what it found and nothing else', async () => {
    const people = file(
      'people.csv',
      'id,mail,last_name\n1,ada@example.com,Lovelace\n2,bob@example.org,Smith\n',
    );
    const report = await scan(people);
    expect(report).toMatchObject({ schemaVersion: 1, verdict: 'pii' });
    for (const output of [
      renderFindings(scanFindings(report)),
      findingsPage(scanFindings(report)),
      JSON.stringify(report),
    ]) {
      expect(output).toContain('email_address');
      expect(output).not.toMatch(/ada|bob|Lovelace|Smith/);
    }
    expect(renderFindings(scanFindings(report))).toContain('1 of 3 columns holds personal data: mail');
  });

  it('allows columns that may hold it', async () => {
    const people = file('allowed.csv', 'id,mail\n1,ada@example.com\n');
    expect(await scan(people, ['mail'])).toMatchObject({ verdict: 'none' });
    await expect(scan(people, ['mial'])).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('did you mean "mail"?') as string,
    });
  });

  it('sees the zeros that numbers of CSV begin with', async () => {
    // Polish numbers of people who were born in the first decade of a century begin with a zero.
    const pesel = (i: number): string => {
      const digits = `0${String(1 + (i % 9))}2${String(1 + (i % 9))}1${String(i % 10)}${String(1000 + i)}`;
      const sum = [1, 3, 7, 9, 1, 3, 7, 9, 1, 3].reduce((n, weight, k) => n + weight * Number(digits[k]), 0);
      return `${digits}${String((10 - (sum % 10)) % 10)}`;
    };
    const rows = Array.from(
      { length: 200 },
      (_, i) => `${pesel(i)},${i === 77 ? 'NA' : pesel(i)},${String(i)}.5,${String(12_345_678 + i)}.25`,
    );
    const report = await scan(file('zeros.csv', `nr,gaps,half,price\n${rows.join('\n')}\n`));
    const kindsOf = (name: string): unknown[] =>
      report.columns.find((column) => column.name === name)?.kinds.map((one) => [one.kind, one.values]) ?? [];
    expect(kindsOf('nr')).toEqual([['pl_pesel', 200]]);
    expect(kindsOf('gaps')).toEqual([['pl_pesel', 199]]);
    expect([...kindsOf('half'), ...kindsOf('price')]).toEqual([]);
  });

  it('finds numbers with a blank after the comma or before it', async () => {
    const cards = file(
      'blanks.csv',
      'id, card,payment \n1, 4111111111111111,4111111111111111 \n2, 5500000000000004,5500000000000004 \n',
    );
    const report = await scan(cards);
    expect(report.columns.slice(1).map((column) => [column.verdict, column.piiValues])).toEqual([
      ['pii', 2],
      ['pii', 2],
    ]);
    const { verdict } = await check(cards, [{ expect: 'no_pii' }]);
    expect(verdict).toBe('fail');
  });

  it('finds nothing in plain data', async () => {
    const report = await scan(
      file('plain.csv', 'id,price,at\n1,2.5,2024-01-01 10:00:00\n2,3.5,2024-01-02 11:12:13\n'),
    );
    expect(report.verdict).toBe('none');
    expect(renderFindings(scanFindings(report))).toContain('no personal data found');
  });
});
