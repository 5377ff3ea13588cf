import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDataFile } from '../../../src/data/data-file/open-data-file.ts';
import type { DataFile } from '../../../src/data/data-file/open-data-file.ts';
import { compareColumns } from '../../../src/data/drift/compare-columns.ts';
import type { ComparedColumn } from '../../../src/data/drift/compare-columns.ts';
import { compareRows } from '../../../src/data/drift/compare-rows.ts';
import type { ColumnKind } from '../../../src/data/drift/column-kind.ts';
import { pairColumns } from '../../../src/data/drift/pair-columns.ts';
import type { PairedColumn } from '../../../src/data/drift/pair-columns.ts';
import { withDuckDb } from '../../../src/data/duckdb.ts';
import type { DuckDbSession } from '../../../src/data/duckdb.ts';
import { assessColumnDrift, columnMeasures, normalQuantile, seededRandom } from '../../../src/stats/index.ts';
import type { ColumnDriftInput } from '../../../src/stats/index.ts';

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'perennial-compare-'))));
afterAll(() => rmSync(folder, { recursive: true }));

type Value = number | string | boolean | null;
type Table = Record<string, readonly Value[]>;

function write(name: string, table: Table): string {
  const names = Object.keys(table);
  const rows = table[names[0]!]!.map((_, i) => names.map((n) => String(table[n]![i] ?? '')).join(','));
  const path = join(folder, name);
  writeFileSync(path, `${names.join(',')}\n${rows.join('\n')}\n`);
  return path;
}

type Opened = [session: DuckDbSession, reference: DataFile, current: DataFile, columns: PairedColumn[]];

async function withPaired<T>(
  paths: readonly string[],
  work: (...opened: Opened) => Promise<T>,
  kinds: Record<string, ColumnKind> = {},
): Promise<T> {
  const s3 = () => {
    throw new Error('no S3 is needed');
  };
  return withDuckDb({ directory: folder, memoryMb: 450 }, async (session) => {
    const text = Object.keys(kinds).filter((name) => kinds[name] === 'categorical');
    const left = await openDataFile(session, paths[0]!, { as: 'reference', s3, text });
    const right = await openDataFile(session, paths[1]!, { as: 'current', s3, text });
    return work(session, left, right, await pairColumns(session, left, right, { kinds }));
  });
}

function compare(reference: Table, current: Table): Promise<ComparedColumn[]> {
  return compareFiles([write('reference.csv', reference), write('current.csv', current)]);
}

function compareFiles(
  paths: readonly string[],
  kinds: Record<string, ColumnKind> = {},
): Promise<ComparedColumn[]> {
  return withPaired(
    paths,
    async (...opened) => {
      const found: ComparedColumn[] = [];
      for await (const column of compareColumns(...opened, {})) found.push(column);
      return found;
    },
    kinds,
  );
}

const random = seededRandom(7);
const uniform = (): number => (random.below(2 ** 31) + 0.5) / 2 ** 31;
const normal = (): number => normalQuantile(uniform());
const many = (n: number, draw: () => Value): Value[] => Array.from({ length: n }, draw);

/** Shapes that a grid of intervals could get wrong: [reference, current]. */
const NUMERIC: Record<string, readonly [() => Value, () => Value]> = {
  same: [normal, normal],
  shift: [normal, () => 0.1 + normal()],
  spread: [normal, () => 1.2 * normal()],
  offset: [() => 1e9 + normal(), () => 1e9 + 0.5 + normal()],
  lognormal: [() => Math.exp(3 * normal()), () => 1.1 * Math.exp(3 * normal())],
  cauchy: [() => normal() / normal(), () => 0.3 + normal() / normal()],
  clusters: [
    () => (uniform() < 0.5 ? 0 : 1) + 1e-7 * normal(),
    () => (uniform() < 0.4 ? 0 : 1) + 1e-7 * normal(),
  ],
  zeros: [() => (uniform() < 0.9 ? 0 : Math.abs(normal())), () => (uniform() < 0.8 ? 0 : Math.abs(normal()))],
  integers: [() => Math.floor(40 * uniform()), () => Math.floor(42 * uniform())],
  counts: [() => Math.floor(Math.exp(2 * normal())), () => Math.floor(Math.exp(2.1 * normal()))],
  constant: [() => 5, () => 5],
  constants: [() => 5, () => 7],
  apart: [normal, () => 50 + normal()],
  holes: [
    () => (uniform() < 0.1 ? null : uniform() < 0.01 ? Infinity : normal()),
    () => (uniform() < 0.2 ? null : normal()),
  ],
  outlier: [() => (uniform() < 1e-4 ? 1e12 : normal()), normal],
  rare: [normal, () => (uniform() < 0.999 ? null : normal())],
  tiny: [() => 1e-300 * normal(), () => 1.1e-300 * normal()],
  huge: [() => 1e200 * normal(), () => 1.1e200 * normal()],
};
const CATEGORIES: Record<string, readonly [() => Value, () => Value]> = {
  few: [() => 'abcde'[random.below(5)]!, () => 'abcdez'[random.below(6)]!],
  flag: [() => uniform() < 0.5, () => uniform() < 0.52],
  zipf: [
    () => `item ${String(Math.floor(Math.exp(8 * uniform())))}`,
    () => `item ${String(Math.floor(Math.exp(8.1 * uniform())))}`,
  ],
  ids: [() => `id${String(random.below(2 ** 31))}`, () => `id${String(random.below(2 ** 31))}`],
  one: [() => 'x', () => 'x'],
};

const draw = (shapes: typeof NUMERIC, side: 0 | 1, rows: number): Table =>
  Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, many(rows, shape[side])]));

function expectNear(actual: unknown, expected: unknown, path: string, relative = 1e-9): void {
  if (typeof expected === 'number') {
    const tolerance = relative * Math.max(Math.abs(expected), 1e-12);
    expect(
      Math.abs((actual as number) - expected),
      `${path}: ${String(actual)} ≠ ${String(expected)}`,
    ).toBeLessThanOrEqual(tolerance);
  } else if (typeof expected === 'object' && expected !== null) {
    for (const [key, part] of Object.entries(expected))
      expectNear((actual as Record<string, unknown>)[key], part, `${path}.${key}`, relative);
  } else expect(actual, path).toEqual(expected);
}

function expectAsRaw(found: ComparedColumn, input: ColumnDriftInput): void {
  const { mann_whitney: _u, two_proportion_z: _z, reasons: _reasons, ...measures } = columnMeasures(input);
  expectNear(found.measures, measures, found.column.name);
  const raw = assessColumnDrift(input);
  const { kind, method, missing } = raw;
  expect(found.verdict).toMatchObject({ kind, method, missing });
  // The means of the cells on which many rows are judged lose digits next to a large offset, in either way.
  expectNear(found.verdict?.value, raw.value, `${found.column.name}.value`, 1e-7);
  expectNear(found.verdict?.threshold, raw.threshold, `${found.column.name}.threshold`, 1e-7);
}

describe.each([
  ['few rows', 60, 90],
  ['many rows', 12_000, 9_000],
  ['many rows against few', 20_000, 300],
])('sums of the database equal the raw values: %s', (_what, n, m) => {
  it('for numbers of every shape', async () => {
    const tables = [draw(NUMERIC, 0, n), draw(NUMERIC, 1, m)] as const;
    const found = await compare(...tables);
    expect(found.map(({ column }) => column.name)).toEqual(Object.keys(NUMERIC));
    for (const one of found) {
      const { name } = one.column;
      const reference = tables[0][name] as (number | null)[];
      expectAsRaw(one, { kind: 'numeric', reference, current: tables[1][name] as (number | null)[] });
    }
  });

  it('for categories of every number', async () => {
    const tables = [draw(CATEGORIES, 0, n), draw(CATEGORIES, 1, m)] as const;
    for (const one of await compare(...tables)) {
      const { name } = one.column;
      const kind = one.column.kind as 'categorical' | 'boolean';
      expectAsRaw(one, { kind, reference: tables[0][name]!, current: tables[1][name]! });
    }
  });
});

it('finds nothing between a table and itself, whatever its size', async () => {
  const table = { x: many(9_000, normal), c: many(9_000, CATEGORIES.zipf![0]) };
  for (const { measures, verdict } of await compare(table, table)) {
    expect(measures).toMatchObject({ psi: 0, js_distance: 0, tvd: 0 });
    expect(verdict?.kind).toBe('stable');
  }
});

it('takes columns that are called what every object has', async () => {
  const table: Table = Object.fromEntries(
    ['__proto__', 'constructor', 'toString'].map((name) => [name, many(60, normal)]),
  );
  const found = await compare(table, table);
  expect(found.map(({ column, verdict }) => [column.name, column.kind, verdict?.kind])).toEqual(
    Object.keys(table).map((name) => [name, 'numeric', 'stable']),
  );
});

describe('the same numbers in columns of two types', () => {
  /** A file of 200 rows of a column `x`. */
  const store = async (name: string, value: string): Promise<string> => {
    const path = join(folder, name);
    const format = name.endsWith('parquet') ? 'parquet' : name.endsWith('csv') ? 'csv' : 'json';
    await withDuckDb({ directory: folder }, (session) =>
      session.run(`COPY (SELECT ${value} AS x FROM range(200)) TO '${path}' (FORMAT ${format})`),
    );
    return path;
  };
  const ids = 'range % 4';
  it.each([
    ['DOUBLE', 'a.parquet', `(${ids})::DOUBLE`],
    ['FLOAT', 'b.parquet', `(${ids})::FLOAT`],
    ['DECIMAL', 'c.parquet', `(${ids})::DECIMAL(9, 2)`],
    ['NDJSON with a fraction', 'd.ndjson', `(${ids})::DOUBLE`],
    ['CSV with a fraction', 'e.csv', `(${ids})::DOUBLE`],
  ])('are the same categories: BIGINT and %s', async (_, name, value) => {
    const paths = [await store('ids.parquet', ids), await store(name, value)];
    for (const files of [paths, paths.toReversed()]) {
      const [found] = await compareFiles(files, { x: 'categorical' });
      expect(found).toMatchObject({ measures: { tvd: 0 }, verdict: { kind: 'stable' } });
    }
  });

  it('are numbers where nothing is declared', async () => {
    const paths = [await store('ids.parquet', ids), await store('doubles.parquet', `(${ids})::DOUBLE`)];
    const [found] = await compareFiles(paths);
    expect(found).toMatchObject({
      column: { kind: 'numeric' },
      measures: { tvd: 0 },
      verdict: { kind: 'stable' },
    });
  });

  it('keep their own text beside text', async () => {
    const texts = await store('texts.parquet', `CASE WHEN range % 2 = 0 THEN '1.0' ELSE '1' END`);
    const [found] = await compareFiles([texts, texts], { x: 'categorical' });
    expect(found?.shown).toMatchObject({ categories: [{ reference: 100 }, { reference: 100 }] });
  });

  it.each([
    ['0 and 1', 'range % 2', 'boolean'],
    ['other numbers', 'range % 3', 'categorical'],
  ])('advises of true and false against %s what they can be compared as', async (_, value, kind) => {
    const paths = [await store('flags.parquet', 'range % 2 = 0'), await store('numbers.parquet', value)];
    await expect(compareFiles(paths)).rejects.toThrow(`--type x=${kind},`);
    if (kind === 'boolean') {
      const [found] = await compareFiles(paths, { x: 'boolean' });
      expect(found).toMatchObject({ measures: { tvd: 0 }, verdict: { kind: 'stable' } });
    }
  });
});

describe('whether a classifier tells the rows apart', () => {
  const ndjson = (name: string, row: () => object): string => {
    const path = join(folder, name);
    writeFileSync(path, Array.from({ length: 80 }, () => JSON.stringify(row())).join('\n'));
    return path;
  };
  it('is not judged where no column can be compared', async () => {
    const lists = ['left', 'right'].map((name) => ndjson(`${name}.ndjson`, () => ({ list: [normal()] })));
    expect(await withPaired(lists, (...opened) => compareRows(...opened, 0.005))).toMatchObject({
      verdict: 'insufficient_data',
      reason: 'no column has values that can be compared',
    });
  });
  it('says how many columns it has looked at where it has not at all', async () => {
    const row = (): object => Object.fromEntries(Array.from({ length: 201 }, (_, i) => [`c${String(i)}`, i]));
    const { reason } = await withPaired(
      [ndjson('wide.ndjson', row), ndjson('wide2.ndjson', row)],
      (...opened) => compareRows(...opened, 0.005),
    );
    expect(reason).toMatch(/p 1, by the first 200 of 201 columns$/);
  });
});
