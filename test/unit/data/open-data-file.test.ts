import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDataFile } from '../../../src/data/data-file/open-data-file.ts';
import type { DataFile, OpenDataFileOptions } from '../../../src/data/data-file/open-data-file.ts';
import type { SqlRow } from '../../../src/data/duckdb.ts';
import { withDuckDb } from '../../../src/data/duckdb.ts';
import { quoteValue } from '../../../src/data/sql-text.ts';

let folder: string;
let scratch: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'perennial-data-file-'));
  scratch = join(folder, 'scratch');
  mkdirSync(join(folder, 'folder'));
  await withDuckDb({ directory: scratch }, (session) =>
    session.run(
      `COPY (SELECT range AS n, range % 3 = 0 AS flag, 'c' || range % 5 AS c FROM range(5000)) TO ${quoteValue(join(folder, 'whole.parquet'))} (FORMAT parquet)`,
    ),
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

const noS3 = () => {
  throw new Error('no S3 is needed');
};

async function open(
  name: string,
  content: string | Buffer | null,
  options: Partial<OpenDataFileOptions> = {},
): Promise<DataFile & { readonly data: readonly SqlRow[] }> {
  const path = join(folder, name);
  if (content !== null) writeFileSync(path, content);
  return withDuckDb({ directory: scratch }, async (session) => {
    const file = await openDataFile(session, path, { as: 'data', s3: noS3, ...options });
    return { ...file, data: await session.rows('SELECT * FROM data LIMIT 5') };
  });
}

function earliest(name: string, column: string): Promise<unknown> {
  return withDuckDb({ directory: scratch }, async (session) => {
    await openDataFile(session, join(folder, name), { as: 'data', s3: noS3 });
    const [row] = await session.rows<{ least: unknown }>(`SELECT min("${column}") AS least FROM data`);
    return row?.least;
  });
}

const types = (file: DataFile) => Object.fromEntries(file.columns.map(({ name, type }) => [name, type]));

describe('a CSV file that nobody prepared', () => {
  it.each([
    ['+02:00', '2026-01-01T08:00:00Z'],
    ['-0530', '2026-01-01T15:30:00Z'],
    ['Z', '2026-01-01T10:00:00Z'],
    [' Europe/Berlin', '2026-01-01T09:00:00Z'],
  ])('heeds the offset %s of a time that first has one after 30,000 rows', async (offset, instant) => {
    const rows = Array.from({ length: 30_000 }, (_, i) => `${String(i)},2026-02-01 10:00:00,2026-02-01\n`);
    const csv = `id,at,day\n${rows.join('')}1,2026-01-01T10:00:00${offset},2026-02-01\n`;
    const file = await open('late.csv', csv);
    expect(types(file)).toEqual({ id: 'BIGINT', at: 'TIMESTAMP', day: 'DATE' });
    expect(await earliest('late.csv', 'at')).toEqual(new Date(instant));
  });

  it('takes a day with a time and an offset after 30,000 days for a time', async () => {
    const rows = Array.from({ length: 30_000 }, () => '1,2026-02-01\n');
    const file = await open('days.csv', `id,at\n${rows.join('')}1,2026-01-01T00:30:00+02:00\n`);
    expect(types(file)).toEqual({ id: 'BIGINT', at: 'TIMESTAMP' });
    expect(await earliest('days.csv', 'at')).toEqual(new Date('2025-12-31T22:30:00Z'));
  });

  it('leaves numbers as they are written where that is asked for', async () => {
    const csv = 'zip,gaps,at,x\n01234,007,2026-01-01,0.50\n56789,NA,2026-01-02,1.00\n';
    const file = await open('zips.csv', csv, { numbersAsText: true });
    expect(types(file)).toEqual({ zip: 'VARCHAR', gaps: 'VARCHAR', at: 'DATE', x: 'VARCHAR' });
    expect(file.data).toMatchObject([
      { zip: '01234', gaps: '007', x: '0.50' },
      { zip: '56789', gaps: null, x: '1.00' },
    ]);
  });

  it('says where text is among thousands of times', async () => {
    const rows = Array.from({ length: 30_000 }, () => '1,2026-02-01 10:00:00\n');
    await expect(open('soon.csv', `id,at\n${rows.join('')}1,soon\n`)).rejects.toMatchObject({
      code: 'DATA_FILE_MIXED_TYPES',
      message: expect.stringContaining('soon.csv:30002, column "at": holds "soon"') as string,
    });
  });

  it('opens with the types that its values bear out', async () => {
    const csv =
      'id,x,ok,day,at,code\n1,0.5,true,2026-01-01,2026-01-01T10:00:00+02:00,a\n2,,false,2026-01-02,2026-01-01T10:00:00Z,NA\n';
    const file = await open('plain.csv', csv);
    expect(file).toMatchObject({ format: 'csv', rows: 2, files: 1, table: 'data' });
    expect(types(file)).toEqual({
      id: 'BIGINT',
      x: 'DOUBLE',
      ok: 'BOOLEAN',
      day: 'DATE',
      at: 'TIMESTAMP',
      code: 'VARCHAR',
    });
    expect(file.data).toMatchObject([
      { x: 0.5, at: new Date('2026-01-01T08:00:00Z') },
      { x: null, code: 'NA' },
    ]);
  });

  it('takes markers of missing values for NULL among numbers, and infinities for numbers', async () => {
    const file = await open('markers.csv', 'x,y,z\n1,inf,NA\nNA,-inf,NaN\n3,,\n');
    expect(types(file)).toMatchObject({ x: 'DOUBLE', y: 'DOUBLE' });
    expect(file.data).toEqual([
      { x: 1, y: Infinity, z: null },
      { x: null, y: -Infinity, z: null },
      { x: 3, y: null, z: null },
    ]);
  });

  it('widens a type that a value far down needs', async () => {
    const numbers = Array.from({ length: 30_000 }, (_, i) => (i === 29_000 ? '0.5' : String(i)));
    expect(types(await open('wider.csv', `x\n${numbers.join('\n')}\n`))).toEqual({ x: 'DOUBLE' });
    const words = numbers.map((n, i) => (i > 25_000 ? `w${n}` : n));
    expect(types(await open('words.csv', `x\n${words.join('\n')}\n`))).toEqual({ x: 'VARCHAR' });
  });

  it('reads other separators, quotes, blank names, byte order marks, CRLF and gzip', async () => {
    expect(types(await open('semi.csv', '\uFEFF"a;b";c\r\n1;"x ""y"""\r\n'))).toEqual({
      'a;b': 'DOUBLE',
      c: 'VARCHAR',
    });
    expect(types(await open('tab.tsv', '\tb\n1\t2\n'))).toEqual({ unnamed_1: 'BIGINT', b: 'BIGINT' });
    expect(await open('zip.csv.gz', gzipSync('a\n1\n2\n'))).toMatchObject({ rows: 2, format: 'csv' });
  });

  it('keeps the text of columns that are declared as text', async () => {
    expect(await open('text.csv', 'zip\n01234\n99999\n', { text: ['zip'] })).toMatchObject({
      data: [{ zip: '01234' }, { zip: '99999' }],
    });
  });

  it('reads all files that a wildcard names, and names of files with brackets', async () => {
    writeFileSync(join(folder, 'part[1].csv'), 'a\n1\n');
    writeFileSync(join(folder, 'part[2].csv'), 'a\n2\n3\n');
    expect(await open('part*.csv', null)).toMatchObject({ rows: 3, files: 2 });
    expect(await open('part[1].csv', null)).toMatchObject({ rows: 1 });
  });

  it('takes a value of megabytes and thousands of columns', async () => {
    expect((await open('giant.csv', `a,b\n1,${'x'.repeat(5_000_000)}\n`)).rows).toBe(1);
    const names = Array.from({ length: 2_000 }, (_, i) => `c${String(i)}`);
    const file = await open('wide.csv', `${names.join(',')}\n${names.map((_, i) => i).join(',')}\n`);
    expect(file.columns).toHaveLength(2_000);
  });
});

describe('an NDJSON file that nobody prepared', () => {
  it('opens with its types, blank lines and new keys included', async () => {
    const file = await open(
      'plain.jsonl',
      '{"a":1,"s":"5"}\n\n{"a":1.5,"t":"2026-01-01T00:00:00Z","n":null}\n{"a":null,"l":[1]}\n',
    );
    expect(file).toMatchObject({ format: 'ndjson', rows: 3 });
    expect(types(file)).toEqual({ a: 'DOUBLE', s: 'VARCHAR', t: 'TIMESTAMP', n: 'VARCHAR', l: 'BIGINT[]' });
  });

  it('makes declared columns text', async () => {
    const file = await open('mixed-text.ndjson', '{"a":1}\n{"a":"x"}\n', { text: ['a'] });
    expect(file.data).toEqual([{ a: '1' }, { a: 'x' }]);
  });
});

it('opens Parquet, whatever it is called', async () => {
  expect(await open('whole.parquet', null)).toMatchObject({ format: 'parquet', rows: 5000 });
});

type Wrong = readonly [
  what: string,
  name: string,
  content: string | Buffer | null,
  code: string,
  message: RegExp,
];
const cutOff = (text: string): Buffer => {
  const packed = gzipSync(text);
  return packed.subarray(0, packed.length / 2);
};
const manyNumbers = Array.from(
  { length: 40 },
  (_, i) => `${String(i)},${i === 33 ? 'oops' : String(i)}`,
).join('\n');
const WRONG: readonly Wrong[] = [
  ['missing', 'gone.csv', null, 'DATA_FILE_NOT_FOUND', /no file .*gone\.csv/],
  ['a wildcard without a match', 'gone*.csv', null, 'DATA_FILE_NOT_FOUND', /no file matches .*gone\*\.csv/],
  ['a folder', 'folder', null, 'DATA_FILE_UNREADABLE', /is a folder/],
  ['empty', 'empty.csv', '', 'DATA_FILE_EMPTY', /empty\.csv is empty/],
  ['a blank header', 'blank.csv', '\n1\n', 'DATA_FILE_EMPTY', /blank\.csv:1: /],
  ['an unknown format', 'photo.png', 'png', 'DATA_FILE_FORMAT_UNKNOWN', /photo\.png: .*--format/],
  [
    'too few values in a row',
    'few.csv',
    'a,b\n1,2\n3\n',
    'DATA_FILE_MALFORMED',
    /few\.csv:3, column "b": the header has 2 columns, this row has 1/,
  ],
  [
    'too many values in a row',
    'many.csv',
    'a,b\n1,2\n3,4\n5,6,7\n',
    'DATA_FILE_MALFORMED',
    /many\.csv:4: the header has 2 columns, this row has 3/,
  ],
  [
    'an open quote',
    'quote.csv',
    'a,b\n1,"x\n2,y\n',
    'DATA_FILE_MALFORMED',
    /quote\.csv:2, column "b": .*unterminated quote/,
  ],
  [
    'another encoding',
    'latin.csv',
    Buffer.from([0x61, 0x0a, 0xff, 0xfe, 0x0a]),
    'DATA_FILE_MALFORMED',
    /latin\.csv:2, column "a": .*utf-8/,
  ],
  ['a column name twice', 'twice.csv', 'a,A\n1,2\n', 'DATA_FILE_MALFORMED', /twice\.csv:1: column 2 .*"A"/],
  [
    'text among numbers',
    'mixed.csv',
    `a,b\n\n${manyNumbers}\n`,
    'DATA_FILE_MIXED_TYPES',
    /mixed\.csv:36, column "b": holds "oops".* 39 of its 40 values are numbers/,
  ],
  [
    'text among times',
    'times.csv',
    `t\n${'2026-01-01T00:00:00Z\n'.repeat(20)}soon\n`,
    'DATA_FILE_MIXED_TYPES',
    /times\.csv:22, column "t": holds "soon"/,
  ],
  [
    'a torn line of JSON',
    'torn.ndjson',
    '{"a":1}\n{"a":2\n{"a":3}\n',
    'DATA_FILE_MALFORMED',
    /torn\.ndjson:2: /,
  ],
  ['a list as JSON', 'list.json', '[{"a":1}]', 'DATA_FILE_MALFORMED', /list\.json:1: is no JSON object/],
  [
    'mixed types of JSON',
    'mixed.ndjson',
    '{"a":1}\n\n{"a":"x"}\n{"a":3}\n',
    'DATA_FILE_MIXED_TYPES',
    /mixed\.ndjson:3, column "a": holds "x", a text/,
  ],
  [
    'a packed file that was cut off',
    'cut.csv.gz',
    cutOff(`a\n${Array.from({ length: 20_000 }, (_, i) => `${String(i)}\n`).join('')}`),
    'DATA_FILE_MALFORMED',
    /cut\.csv\.gz: is no whole gzip file: unexpected end of file/,
  ],
  [
    'packed JSON that was cut off',
    'cut.ndjson.gz',
    cutOff('{"a":1}\n'.repeat(20_000)),
    'DATA_FILE_MALFORMED',
    /cut\.ndjson\.gz: is no whole gzip file/,
  ],
  [
    'a name that promises a packed file',
    'plain.csv.gz',
    'a,b\n1,2\n',
    'DATA_FILE_MALFORMED',
    /plain\.csv\.gz: is no whole gzip file: incorrect header check/,
  ],
  [
    'no Parquet at all',
    'none.parquet',
    'a,b',
    'DATA_FILE_MALFORMED',
    /none\.parquet is no whole Parquet file/,
  ],
];

describe('a wrong data file is refused by name and row', () => {
  it.each(WRONG)('%s', async (_what, name, content, code, message) => {
    await expect(open(name, content)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
    expect(readdirSync(scratch)).toEqual([]);
  });
});
