import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { withDuckDb } from '../../../src/data/duckdb.ts';
import type { SqlRow } from '../../../src/data/duckdb.ts';
import type { FileSegment } from '../../../src/data/file-segment.ts';
import { readSegment } from '../../../src/data/read-segment.ts';
import type { FileFormat } from '../../../src/data/read-segment.ts';

const directory = mkdtempSync(join(tmpdir(), 'perennial-segments-'));
afterAll(() => rmSync(directory, { recursive: true }));

interface Content {
  readonly format: FileFormat;
  readonly content: string | Buffer | { readonly sql: string };
  readonly columns?: Readonly<Record<string, string>>;
  /** That a dataset has by inference. */
  readonly inferred?: Readonly<Record<string, string>>;
  readonly linesBefore?: number;
  readonly memoryMb?: number;
}

/** The rows as text and the types of the columns, or the problems. */
async function read({ format, content, columns, inferred, linesBefore = 0, memoryMb = 256 }: Content) {
  return withDuckDb({ directory, threads: 1, memoryMb }, async (session) => {
    const path = join(session.directory, 'segment');
    if (typeof content === 'object' && 'sql' in content)
      await session.run(`COPY (${content.sql}) TO '${path}' (FORMAT parquet)`);
    else writeFileSync(path, content);
    const file = { uri: `f.${format}`, size: 0, stamp: '' };
    const segment = { file, path, linesBefore } as FileSegment;
    const wanted = {
      columns: Object.entries(columns ?? inferred ?? {}).map(([name, type]) => ({ name, type })),
      mayGrow: columns === undefined,
    };
    const reading = await readSegment(session, segment, format, wanted, 'batch');
    if (reading.kind === 'unreadable') return reading.problems;
    const rows = await session.rows<SqlRow>('SELECT COLUMNS(*)::VARCHAR FROM batch');
    return { types: reading.columns.map((c) => c.type), rows };
  });
}

describe('reading a segment of a file', () => {
  const columns = { a: 'VARCHAR', n: 'INTEGER' };

  it.each([
    ['a line null', '{"a":"x"}\n{}\nnull\n', 'f.ndjson:13: is no JSON object: null'],
    [
      'half of a surrogate pair',
      '{"a":"x"}\n{"a":"\\ud800"}\n',
      'f.ndjson:12: holds half of a surrogate pair: {"a":"\\ud800"}',
    ],
    [
      'bytes of another encoding',
      Buffer.from('{"a":"x"}\n{"a":"M\xfcnchen"}\n', 'latin1'),
      'f.ndjson:12: holds bytes that are no UTF-8',
    ],
    [
      'a text with a line separator beside a torn line',
      '{"a":"x\u2028y"}\n{"a":\n',
      'f.ndjson:12: is no JSON object: {"a":',
    ],
    [
      'a line longer than any that is taken',
      `{"a":"x"}\n${'x'.repeat(17 * 2 ** 20)}\n`,
      'f.ndjson:12: is longer than 16777216 bytes: xxx',
    ],
    ['a key that is there twice', '{"a":"x"}\n{"a":1,"a":2}\n', 'in line 12'],
  ])('names the line in the whole file of %s', async (_what, content, problem) => {
    const problems = await read({ format: 'ndjson', content, columns, linesBefore: 10 });
    expect(problems).toEqual([expect.stringContaining(problem)]);
  });

  it('names the line on which a record of CSV begins, also after fields of several lines', async () => {
    const content = 'a,n\n"one\n""two""\n\nthree",1\n\n"y",many\n';
    expect(await read({ format: 'csv', content, columns })).toEqual([
      'f.csv:7: column "n" holds "many", which is no INTEGER',
    ]);
  });

  it.each(['a,a\n1,2\n', 'a,A\n1,2\n'])('refuses names that occur twice: %j', async (content) => {
    for (const wanted of [undefined, { a: 'INTEGER' }]) {
      const problems = await read({ format: 'csv', content, ...(wanted && { columns: wanted }) });
      expect(problems).toEqual([expect.stringContaining('a column name occurs twice')]);
    }
  });

  it('refuses to infer columns from keys that differ in nothing but case', async () => {
    const problems = await read({ format: 'ndjson', content: '{"id":1,"ID":2}\n' });
    expect(problems).toEqual([expect.stringContaining('in nothing but case')]);
  });

  it('takes blank lines for no rows, also where it infers', async () => {
    expect(await read({ format: 'ndjson', content: '\n\n' })).toMatchObject({ types: [] });
  });

  it('refuses lines that are no objects, also where it infers', async () => {
    expect(await read({ format: 'ndjson', content: '1\n2\n' })).toEqual([
      'f.ndjson:1: is no JSON object: 1',
      'f.ndjson:2: is no JSON object: 2',
    ]);
  });

  it('keeps as text what it infers as a date or boolean in a spelling that is not ours', async () => {
    const content = 'us,eu,yes,n\n12/31/2025,31.12.2025,yes,1\n';
    expect(await read({ format: 'csv', content })).toEqual({
      types: ['VARCHAR', 'VARCHAR', 'VARCHAR', 'BIGINT'],
      rows: [{ us: '12/31/2025', eu: '31.12.2025', yes: 'yes', n: '1' }],
    });
  });

  it.each([
    ['1.5::DECIMAL(5, 2)', 'INTEGER', 'f.parquet:1: column "x" holds "1.50", which is no INTEGER'],
    ['5', 'BOOLEAN', 'f.parquet:1: column "x" holds "5", which is no BOOLEAN'],
  ])('does not round or reinterpret: %s is no %s', async (value, type, problem) => {
    const content = { sql: `SELECT ${value} AS x` };
    expect(await read({ format: 'parquet', content, columns: { x: type } })).toEqual([problem]);
  });

  it.each([
    ['BIGINT[]', '{"x":[1,2]}\n{"x":[1.5]}\n', 'holds "[1.5]", which is no BIGINT[]'],
    ['INTEGER[]', '{"x":[1,null]}\n{"x":[3000000000]}\n', 'holds "[3000000000]", which is no INTEGER[]'],
    ['BOOLEAN[]', '{"x":[true,null]}\n{"x":[1]}\n', 'holds "[1]", which is no BOOLEAN[]'],
  ])('does not round or reinterpret what lists of type %s hold', async (type, content, problem) => {
    for (const wanted of [{ columns: { x: type } }, { inferred: { x: type } }])
      expect(await read({ format: 'ndjson', content, ...wanted })).toEqual([
        `f.ndjson:2: column "x" ${problem}`,
      ]);
    const [good = ''] = content.split('\n');
    const text = JSON.stringify((JSON.parse(good) as { x: unknown }).x)
      .replace(',', ', ')
      .replace('null', 'NULL');
    expect(await read({ format: 'ndjson', content: good, columns: { x: type } })).toEqual({
      types: [type],
      rows: [{ x: text }],
    });
  });

  it.each(['[1.5, 2.0]', '[1.5]::DECIMAL(5, 2)[]', "['1.5']"])(
    'does not round what lists of Parquet hold: %s',
    async (value) => {
      const content = { sql: `SELECT [2.0]::DOUBLE[] AS y, ${value} AS x` };
      expect(await read({ format: 'parquet', content, columns: { x: 'BIGINT[]', y: 'BIGINT[]' } })).toEqual([
        expect.stringMatching(/^f\.parquet:1: column "x" holds "\[1\.50?\b.*\]", which is no BIGINT\[\]$/),
      ]);
    },
  );

  it.each(['01220', '-007', '+00'])(
    'takes %s for no number where nobody said that it is one',
    async (value) => {
      const content = `n,x\n1,0\n2,-5\n3,${value}\n`;
      expect(await read({ format: 'csv', content, inferred: { n: 'BIGINT', x: 'BIGINT' } })).toEqual([
        `f.csv:4: column "x" holds "${value}", which is no BIGINT with its leading zero; declare the source's columns to take it for one`,
      ]);
      expect(await read({ format: 'csv', content, columns: { n: 'BIGINT', x: 'BIGINT' } })).toMatchObject({
        types: ['BIGINT', 'BIGINT'],
      });
      expect(await read({ format: 'csv', content })).toMatchObject({
        types: ['BIGINT', 'VARCHAR'],
        rows: [{ x: '0' }, { x: '-5' }, { x: value }],
      });
    },
  );

  it('takes a decimal without fraction for an integer', async () => {
    const content = { sql: 'SELECT 2.00::DECIMAL(5, 2) AS x' };
    expect(await read({ format: 'parquet', content, columns: { x: 'INTEGER' } })).toMatchObject({
      rows: [{ x: '2' }],
    });
  });

  it('does not blame the file for a machine without memory', async () => {
    const content = '{"a":"x"}\n'.repeat(10);
    await expect(read({ format: 'ndjson', content, columns, memoryMb: 10 })).rejects.toThrow('Out of Memory');
  });
});
