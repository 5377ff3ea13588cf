import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { EXIT } from '../../../src/cli/exit-codes.ts';
import { DriftReport } from '../../../src/contracts/reports/drift-report.ts';
import { readReference } from '../../unit/stats/reference-files.ts';
import { Cli } from './cli-fixture.ts';

type Cell = number | string | null;
interface Case {
  readonly name: string;
  readonly kind: 'numeric' | 'categorical';
  readonly reference: readonly Cell[];
  readonly current: readonly Cell[];
}
const { cases } = readReference<{ cases: Case[] }>('drift_cases.json');
const expected = readReference<{ cases: Record<string, any>[] }>('drift_expected.json').cases;

let cli: Cli;
beforeAll(() => (cli = new Cli({})));

// One empty column would be a file of blank lines, which hold no rows; the number keeps them.
const csv = (values: readonly Cell[]): string =>
  `i,x\n${values.map((v, i) => `${String(i % 7)},${String(v ?? '')}\n`).join('')}`;

async function drift(args: readonly string[]): Promise<{ code: number; report: DriftReport }> {
  const run = await cli.run(['drift', ...args, '--json']);
  expect(run.stderr).toBe('');
  return { code: run.code, report: DriftReport.parse(JSON.parse(run.stdout)) };
}

function near(actual: number | null | undefined, wanted: number, relative: number, what: string): void {
  const close = Math.abs((actual ?? NaN) - wanted) <= relative * Math.max(Math.abs(wanted), 1e-12);
  expect(close, `${what}: ${String(actual)} instead of ${String(wanted)}`).toBe(true);
}

describe('the measures of --json equal SciPy and Evidently', () => {
  it.each(cases.map((c, i) => [c.name, c, expected[i]!] as const))('%s', async (_name, c, e) => {
    const files = [cli.write('reference.csv', csv(c.reference)), cli.write('current.csv', csv(c.current))];
    const type = c.kind === 'categorical' ? ['--type', 'x=categorical'] : [];
    const { report } = await drift([...files, '--columns', 'x', ...type]);
    const [column] = report.columns;
    expect(column).toMatchObject({ name: 'x', kind: c.kind });
    const { measures } = column!;
    if (c.kind === 'categorical') {
      if (e.psi_eps1e4 === undefined) return expect(measures.psi).toBeNull();
      near(measures.psi, e.psi_eps1e4, 1e-9, 'psi');
      near(measures.js_distance, e.js_distance_base_2, 1e-9, 'js');
      if (e.chi2_contingency?.statistic === undefined) return;
      near(measures.chi_square?.statistic, e.chi2_contingency.statistic, 1e-9, 'chi square');
      near(measures.chi_square?.p_value, e.chi2_contingency.pvalue, 1e-6, 'chi square p');
      return;
    }
    const binned = e.quantile10_left_closed;
    if (!binned) {
      expect(measures).toMatchObject({ psi: null, ks: null, wasserstein_normed: null });
      expect(column!.measure_reasons.ks).toMatch(/no usable value/);
      return;
    }
    near(measures.psi, binned.psi_eps1e4, 1e-9, 'psi');
    near(measures.js_distance, binned.js_distance_base_2, 1e-9, 'js');
    near(measures.l_infinity, binned.l_infinity, 1e-9, 'l∞');
    near(measures.tvd, binned.total_variation, 1e-9, 'tvd');
    near(measures.ks?.statistic, e.ks_auto.statistic, 1e-9, 'ks');
    near(measures.ks?.p_value, e.ks_auto.pvalue, 1e-6, 'ks p');
    near(measures.wasserstein_normed, e.wasserstein_normed_evidently.score, 1e-9, 'wasserstein');
  });
});

const numbers = (n: number, shift = 0): string =>
  `id,x,c,at\n${Array.from({ length: n }, (_, i) => `${String(i)},${String(((i * 7919) % 1000) / 100 + shift)},${'abc'[i % 3]!},2026-01-01T00:00:0${String(i % 10)}Z\n`).join('')}`;

describe('perennial drift', () => {
  beforeAll(() => {
    cli.write('a.csv', numbers(2000));
    cli.write('copy.csv', numbers(2000));
    cli.write('b.csv', numbers(2000, 5));
  });

  it('ends with 0 without drift and with 1 with drift, and says so to people', async () => {
    const same = await cli.run(['drift', 'a.csv', 'copy.csv']);
    expect(same).toMatchObject({ code: EXIT.ok, stderr: '' });
    expect(same.stdout).toMatch(/no drift in 4 judged columns\nthe dataset as a whole: stable, for 0 of 4/);
    const moved = await cli.run(['drift', 'a.csv', 'b.csv', '--columns', 'x,c']);
    expect(moved.code).toBe(EXIT.breach);
    expect(moved.stdout).toMatch(/drifted\s+x\s+numeric/);
    const kinds = (await drift(['a.csv', 'copy.csv'])).report.columns.map(({ kind }) => kind);
    expect(kinds).toEqual(['numeric', 'numeric', 'categorical', 'timestamp']);
  });

  it('warns of the same file twice, under whatever name, which no canary can be', async () => {
    symlinkSync(join(cli.folder, 'a.csv'), join(cli.folder, 'link.csv'));
    for (const again of ['a.csv', './a.csv', join(cli.folder, 'a.csv'), 'link.csv']) {
      const run = await cli.run(['drift', 'a.csv', again, '--json']);
      expect(DriftReport.parse(JSON.parse(run.stdout)).dataset.verdict).toBe('stable');
      expect(run).toMatchObject({
        code: EXIT.ok,
        stderr: `warning: reference and current are the same file, ${again}: it can't drift\n`,
      });
      const canary = await cli.run(['canary', 'a.csv', again, '--metric', 'x']);
      expect(canary.stderr).toContain(`control and canary are the same file, ${again}; name two`);
    }
  });

  it('reports a rate of missing values that moved apart from the values', async () => {
    cli.write('holes.csv', numbers(2000).replaceAll(/,([\d.]+),a,/g, ',,a,'));
    const { code, report } = await drift(['a.csv', 'holes.csv', '--columns', 'x']);
    expect(report.columns[0]).toMatchObject({ missing_drifted: true, missing: { reference: 0 } });
    expect(code).toBe(EXIT.breach);
  });

  it('obeys method, threshold and share', async () => {
    const args = ['a.csv', 'b.csv', '--exclude', 'id'];
    const { report } = await drift([...args, '--method', 'ks', '--threshold', '0.9']);
    expect(report.columns[0]).toMatchObject({ method: 'ks', threshold: 0.9, verdict: 'stable' });
    expect((await drift([...args, '--fail-on', 'dataset'])).code).toBe(EXIT.ok);
    expect((await drift([...args, '--fail-on', 'dataset', '--share', '0.3'])).code).toBe(EXIT.breach);
  });

  it('binds by the threshold only the measures of the method', async () => {
    cli.write('us.csv', `n,country\n${'1,US\n2,US\n'.repeat(100)}`);
    cli.write('br.csv', `n,country\n${'1,BR\n2,BR\n'.repeat(100)}`);
    const args = ['us.csv', 'br.csv', '--threshold', '1'];
    const country = async (method: string): Promise<unknown> =>
      (await drift([...args, '--method', method])).report.columns[1];
    expect(await country('wasserstein_normed')).toMatchObject({ method: 'js_distance', verdict: 'drifted' });
    expect(await country('js_distance')).toMatchObject({ threshold: 1, verdict: 'stable' });
    expect(await country('auto')).toMatchObject({ threshold: 1, verdict: 'stable' });
  });

  it('sees with --multivariate that a correlation has gone', async () => {
    const pairs = (turned: boolean): string => {
      const row = (i: number): string => {
        const x = i % 97;
        return `${String(x)},${String((turned ? 96 - x : x) + ((i * 31) % 11))}\n`;
      };
      return `x,y\n${Array.from({ length: 1000 }, (_, i) => row(i)).join('')}`;
    };
    cli.write('up.csv', pairs(false));
    cli.write('turned.csv', pairs(true));
    const { code, report } = await drift(['up.csv', 'turned.csv', '--multivariate']);
    expect(report.columns.map(({ verdict }) => verdict)).toEqual(['stable', 'stable']);
    expect(report.multivariate).toMatchObject({ method: 'domain_classifier', verdict: 'drifted' });
    expect(code).toBe(EXIT.breach);
  });

  it('writes a page that needs nothing but itself', async () => {
    for (const name of ['script.csv', 'script2.csv'])
      cli.write(name, numbers(100).replace('id,x,c', 'id,x,<script>alert(1)</script>'));
    await cli.run(['drift', 'script.csv', 'script2.csv', '--html', 'page.html']);
    const page = readFileSync(join(cli.folder, 'page.html'), 'utf8');
    expect(page.match(/<svg/g)).toHaveLength(4);
    expect(page).not.toMatch(/<script|https?:|<link|@import/);
  });

  it('compares ten thousand columns, and one giant category', async () => {
    const names = Array.from({ length: 10_000 }, (_, i) => `c${String(i)}`);
    const row = (k: number): string => names.map((_, i) => (i * k) % 10).join(',');
    for (const name of ['wide.csv', 'wide2.csv'])
      cli.write(name, `${names.join(',')}\n${row(1)}\n${row(3)}\n`);
    const wide = await cli.run(['drift', 'wide.csv', 'wide2.csv']);
    // No data is no pass.
    expect(wide).toMatchObject({ code: EXIT.usage, stderr: '' });
    expect(wide.stdout).toMatch(/none of 10,000 columns could be judged/);
    for (const name of ['giant.csv', 'giant2.csv'])
      cli.write(name, `c\n${'x'.repeat(3_000_000)}\n${'y\n'.repeat(50)}`);
    expect((await drift(['giant.csv', 'giant2.csv'])).report.columns[0]?.verdict).toBe('stable');
  });

  it('says insufficient_data for all-null, empty and tiny columns', async () => {
    for (const name of ['null.csv', 'null2.csv']) cli.write(name, `x,y\n${'1,\n'.repeat(50)}`);
    for (const name of ['none.csv', 'none2.csv']) cli.write(name, 'x,y\n');
    for (const [a, b] of [
      ['null.csv', 'null2.csv'],
      ['null.csv', 'none.csv'],
      ['none.csv', 'none2.csv'],
    ] as const) {
      const { code, report } = await drift([a, b]);
      const y = report.columns[1];
      if (report.dataset.verdict === 'insufficient_data') expect(code).toBe(EXIT.usage);
      expect(y).toMatchObject({ verdict: 'insufficient_data', value: null, measures: { psi: null } });
    }
  });
});

type Wrong = readonly [what: string, args: string, code: string, message: RegExp];
const WRONG: readonly Wrong[] = [
  ['a file that is missing', 'a.csv gone.csv', 'DATA_FILE_NOT_FOUND', /gone\.csv/],
  ['one file', 'a.csv', 'USAGE', /current/],
  ['a ragged file', 'a.csv ragged.csv', 'DATA_FILE_MALFORMED', /ragged\.csv:3/],
  ['mixed types', 'a.csv mixed.csv', 'DATA_FILE_MIXED_TYPES', /mixed\.csv:22, column "x": holds "oops"/],
  [
    'other columns',
    'a.csv other.csv',
    'DATA_COLUMNS_DIFFER',
    /a\.csv has no "z"; other\.csv has no "c", "at".*--exclude z,c,at/,
  ],
  [
    'another type',
    'a.csv words.csv',
    'DATA_COLUMNS_DIFFER',
    /words\.csv, row 1, column "x": holds "one" \(VARCHAR\)/,
  ],
  ['a truncated Parquet file', 'a.csv cut.parquet', 'DATA_FILE_MALFORMED', /cut\.parquet/],
  ['a column that is not there', 'a.csv a.csv --columns idd', 'DATA_COLUMN_UNKNOWN', /did you mean "id"/],
  ['nothing left', 'a.csv a.csv --exclude id,x,c,at', 'USAGE', /no column is left/],
  [
    'a type that does not hold',
    'a.csv a.csv --type c=numeric',
    'DATA_COLUMNS_DIFFER',
    /row 1, column "c": holds "a", which is not numeric/,
  ],
  ['an unknown kind', 'a.csv a.csv --type c=colour', 'USAGE', /categorical/],
  ['an unknown method', 'a.csv a.csv --method guess', 'USAGE', /psi/],
  ['a threshold below zero', 'a.csv a.csv --threshold -1', 'USAGE', /above 0/],
  ['an alpha that is none', 'a.csv a.csv --alpha 2', 'USAGE', /0\.5/],
  ['an address without a key', 's3://bucket a.csv', 'DATA_FILE_UNREADABLE', /s3:\/\/bucket\/folder/],
  ['a page that can not be written', 'a.csv a.csv --html no/such/page.html', 'USAGE', /--html/],
];

describe('a wrong input ends with 2, one coded error and its place', () => {
  beforeAll(() => {
    cli.write('ragged.csv', 'id,x,c,at\n1,2,a,2026-01-01\n1,2\n');
    cli.write('mixed.csv', `id,x,c,at\n${'1,2,a,2026-01-01\n'.repeat(20)}1,oops,a,2026-01-01\n`);
    cli.write('other.csv', 'id,x,z\n1,2,3\n');
    cli.write('words.csv', 'id,x,c,at\n1,one,a,2026-01-01\n2,two,b,2026-01-01\n');
    cli.write('cut.parquet', 'PAR1 and no more than that');
  });

  it.each(WRONG)('%s', async (_what, args, code, message) => {
    const run = await cli.run(['drift', ...args.split(' ')]);
    expect(run.stderr).toMatch(new RegExp(`^error ${code}: \\S`));
    expect(run.stderr).toMatch(message);
    expect(run).toMatchObject({ code: EXIT.usage, stdout: '' });
    expect(run.stderr).not.toMatch(/^\s+at |node_modules|duckdb-/m);
  });
});
