import { appendFile, copyFile, mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { withDuckDb } from '../../../src/data/duckdb.ts';
import { createFileAccess } from '../../../src/data/file-listing.ts';
import type { FileAccess } from '../../../src/data/file-listing.ts';
import { ingestFiles } from '../../../src/data/ingest-files.ts';
import type { FilesPosition, FilesSource } from '../../../src/data/ingest-files.ts';
import { readSourceState, withSourceHold } from '../../../src/registry/datasets.ts';
import { loadSpecRecord } from '../../../src/registry/specs.ts';
import { createDataWorld, ENVIRONMENT, MODEL } from './data-world.ts';
import type { DataWorld } from './data-world.ts';

let world: DataWorld;
beforeAll(async () => {
  world = await createDataWorld();
});
afterAll(() => world.close());

const clicks = {
  type: 'files',
  uri: 'log/*.ndjson',
  format: 'ndjson',
  columns: { id: 'VARCHAR', n: 'INTEGER', ok: 'BOOLEAN', at: 'TIMESTAMP', tags: 'VARCHAR[]' },
} as const;

describe('ingesting files', () => {
  let revision: number;
  beforeEach(async () => {
    await world.db.query(
      'DELETE FROM source_states; DELETE FROM quarantined_batches; DELETE FROM dataset_versions',
    );
    await rm(join(world.directory, 'log'), { recursive: true, force: true });
    await mkdir(join(world.directory, 'log'));
    revision = await world.apply({ sources: { clicks } });
  });
  const ingest = () => world.call('ingestSource', { source: 'clicks', specRevision: revision });
  const ingestThrough = async (wrap: (files: FileAccess) => FileAccess) => {
    const key = { model: MODEL, environment: ENVIRONMENT };
    const ref = { ...key, source: 'clicks' };
    const { spec } = await loadSpecRecord(world.db, { ...key, specRevision: revision });
    const files = createFileAccess({
      baseDirectory: world.directory,
      s3: world.s3,
      directories: null,
      closed: [],
    });
    const deps = {
      store: world.store,
      duckdb: { directory: join(world.directory, 'scratch') },
      signal: new AbortController().signal,
      nowMs: world.clock.nowMs,
    };
    return withSourceHold(world.db, ref, async (hold) => {
      const { dataset, manifest, position } = await readSourceState(hold.connection, ref);
      const before = {
        dataset: dataset !== null && manifest ? { digest: dataset, manifest } : null,
        position: (position as { position: FilesPosition } | null)?.position ?? null,
      };
      const source = spec.sources.clicks as FilesSource;
      const keep = (next: unknown, outcome: unknown) => ({ position: next, call: { key: '', outcome } });
      return (await ingestFiles(deps, hold, ref, source, wrap(files), before, keep)).outcome;
    });
  };
  /** A reading in which something happens between the listing of the files and their reading. */
  const ingestWhile = (happens: () => Promise<unknown>) =>
    ingestThrough((files) => ({
      ...files,
      async list(pattern) {
        const listed = await files.list(pattern);
        await happens();
        return listed;
      },
    }));
  /** A reading from a file system that keeps no times of birth. */
  const ingestUndated = () => {
    const identities = new Map<string, string>();
    return ingestThrough((files) => ({
      async list(pattern) {
        const listed = await files.list(pattern);
        return listed.map(({ identity = '', ...file }) => {
          identities.set(file.uri, identity);
          return { ...file, identity: identity.split(':')[0] ?? '' };
        });
      },
      read: (file, from, to) => files.read({ ...file, identity: identities.get(file.uri) ?? '' }, from, to),
    }));
  };
  const path = (name: string) => join(world.directory, 'log', name);
  const line = (id: string, more = {}) =>
    `${JSON.stringify({ id, n: 1, at: '2026-01-01T00:00:00Z', ...more })}\n`;
  const ids = async () => (await world.query('clicks', 'SELECT id FROM d')).map((row) => row.id);

  it('reads each line of growing files once, in the order of names, and leaves an unfinished line for later', async () => {
    await writeFile(path('2.ndjson'), line('b'));
    await writeFile(path('1.ndjson'), `${line('a')}{"id":"c","n`);
    expect(await ingest()).toMatchObject({ newRows: 2, rows: 2, quarantined: [] });
    expect(await ids()).toEqual(['a', 'b']);
    expect(await ingest()).toMatchObject({ newRows: 0 });
    await appendFile(path('1.ndjson'), '":2}\n\n' + line('d'));
    expect(await ingest()).toMatchObject({ newRows: 2, rows: 4, quarantined: [] });
    expect(await ids()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('takes a whole last line without newline, once', async () => {
    await writeFile(path('1.ndjson'), line('a').trimEnd());
    expect(await ingest()).toMatchObject({ newRows: 1 });
    await appendFile(path('1.ndjson'), `\n${line('b')}`);
    expect(await ingest()).toMatchObject({ newRows: 1, rows: 2 });
  });

  it('converts offsets to UTC and keeps lists', async () => {
    await writeFile(
      path('1.ndjson'),
      line('a', { at: '2026-01-01T02:00:00+02:00', tags: ['x', 'y'], ok: true }),
    );
    await ingest();
    expect(await world.query('clicks', 'SELECT * FROM d')).toEqual([
      { id: 'a', n: 1, ok: true, at: new Date('2026-01-01T00:00:00Z'), tags: ['x', 'y'] },
    ]);
  });

  it('sets a segment with wrong values aside, naming file and line, and goes on with the next', async () => {
    await writeFile(path('1.ndjson'), line('a'));
    await ingest();
    await appendFile(path('1.ndjson'), `\n${line('b')}${line('c', { n: 1.5 })}${line('d', { ok: 'yes' })}`);
    await writeFile(path('2.ndjson'), line('e'));
    const result = await ingest();
    expect(result).toMatchObject({ newRows: 1, rows: 2 });
    expect(result.quarantined[0]?.failures).toEqual([
      `${path('1.ndjson')}:4: column "n" holds "1.5", which is no INTEGER`,
      `${path('1.ndjson')}:5: column "ok" holds "yes", which is no BOOLEAN`,
    ]);
    await appendFile(path('1.ndjson'), line('f'));
    expect(await ingest()).toMatchObject({ newRows: 1, quarantined: [] });
    expect(await ids()).toEqual(['a', 'e', 'f']);
    const { rows } = await world.db.query<{ blob: string }>('SELECT blob FROM quarantined_batches');
    expect((await world.store.readBytes(rows[0]?.blob ?? '')).toString()).toContain('"id":"b"');
  });

  it('sets malformed lines aside by line', async () => {
    await writeFile(path('1.ndjson'), `${line('a')}{"id": oops}\n[1]\n${line('b')}`);
    const result = await ingest();
    expect(result.quarantined[0]?.failures).toEqual([
      `${path('1.ndjson')}:2: is no JSON object: {"id": oops}`,
      `${path('1.ndjson')}:3: is no JSON object: [1]`,
    ]);
    expect(result.dataset).toBeNull();
  });

  it('sets a torn last line aside once nobody has written to the file for long', async () => {
    await writeFile(path('1.ndjson'), `${line('a')}{"id":"torn`);
    const longAgo = new Date(Date.now() - 3_600_000);
    await utimes(path('1.ndjson'), longAgo, longAgo);
    expect(await ingest()).toMatchObject({ newRows: 1, quarantined: [] });
    expect((await ingest()).quarantined[0]?.failures[0]).toContain('torn line: {"id":"torn');
    expect(await ingest()).toMatchObject({ newRows: 0, quarantined: [] });
    await appendFile(path('1.ndjson'), `"}\n${line('b')}${line('c')}`);
    expect(await ingest()).toMatchObject({ newRows: 3, quarantined: [] });
    expect(await ids()).toEqual(['a', 'torn', 'b', 'c']);
  });

  it('goes on after a torn line that another writer wrote behind, and waits for one that grows', async () => {
    const longAgo = new Date(Date.now() - 3_600_000);
    for (const name of ['1.ndjson', '2.ndjson']) {
      await writeFile(path(name), '{"id":"torn');
      await utimes(path(name), longAgo, longAgo);
    }
    expect((await ingest()).quarantined).toHaveLength(2);
    await appendFile(path('1.ndjson'), line('a'));
    await appendFile(path('2.ndjson'), ' or ');
    expect(await ingest()).toMatchObject({ newRows: 1, quarantined: [] });
    await appendFile(path('2.ndjson'), 'not"}\n');
    expect(await ingest()).toMatchObject({ newRows: 1, quarantined: [] });
    expect(await ids()).toEqual(['a', 'torn or not']);
  });

  it('notices a file that was replaced or cut after it had been read', async () => {
    await writeFile(path('1.ndjson'), line('a') + line('b'));
    await ingest();
    await writeFile(path('1.ndjson'), line('x'));
    expect((await ingest()).quarantined[0]?.failures[0]).toContain('shrank from');
    await writeFile(path('1.ndjson'), line('y') + line('z') + line('z'));
    expect((await ingest()).quarantined[0]?.failures[0]).toContain('was replaced');
    expect(await ids()).toEqual(['a', 'b']);
  });

  it('notices a file that was replaced by a longer one with the same beginning', async () => {
    await writeFile(path('1.ndjson'), line('a'));
    await ingest();
    await appendFile(path('1.ndjson'), line('b'));
    await ingest();
    await writeFile(path('1.ndjson'), line('a') + line('x') + line('y'));
    expect((await ingest()).quarantined[0]?.failures[0]).toContain('was replaced');
  });

  it.each([
    ['zeros, as a crash leaves them', '\0\0\0\0\n', 'is no JSON object: \uFFFD\uFFFD\uFFFD\uFFFD'],
    [
      'a value that is cut within a character',
      line('b', { n: `${'x'.repeat(79)}😀` }),
      'which is no INTEGER',
    ],
    ['a line that is cut within a character', `${'x'.repeat(79)}😀\n`, 'is no JSON object: x'],
  ])(
    'sets aside what PostgreSQL could not keep in a message, and goes on: %s',
    async (_what, bad, reason) => {
      await writeFile(path('1.ndjson'), line('a'));
      await ingest();
      await appendFile(path('1.ndjson'), bad);
      await writeFile(path('2.ndjson'), line('c'));
      const result = await ingest();
      expect(result).toMatchObject({ newRows: 1, rows: 2 });
      expect(result.quarantined[0]?.failures[0]).toContain(reason);
    },
  );

  it('follows a log that is rotated by renaming', async () => {
    await writeFile(path('log.ndjson'), line('a'));
    await ingest();
    await appendFile(path('log.ndjson'), line('b'));
    await rename(path('log.ndjson'), path('log.1.ndjson'));
    await writeFile(path('log.ndjson'), line('c'));
    expect(await ingest()).toMatchObject({ newRows: 2, quarantined: [] });
    await rename(path('log.1.ndjson'), path('log.2.ndjson'));
    await rename(path('log.ndjson'), path('log.1.ndjson'));
    await writeFile(path('log.ndjson'), line('d'));
    expect(await ingest()).toMatchObject({ newRows: 1, quarantined: [] });
    expect(await ids()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('follows a rotated log also where files have no time of birth', async () => {
    await writeFile(path('log.ndjson'), line('a'));
    await ingestUndated();
    await appendFile(path('log.ndjson'), line('b'));
    await rename(path('log.ndjson'), path('log.1.ndjson'));
    await writeFile(path('log.ndjson'), line('c'));
    expect(await ingestUndated()).toEqual({ newRows: 2, quarantined: [] });
    expect((await ids()).sort()).toEqual(['a', 'b', 'c']);
  });

  it('reads what was added to rotated logs before the new one, the oldest first', async () => {
    const sources = { clicks: { ...clicks, uri: 'log/app.log*', primaryKey: ['id'] } };
    revision = await world.apply({ sources });
    await writeFile(path('app.log.1'), line('a', { n: 1 }) + line('b', { n: 1 }));
    await writeFile(path('app.log'), line('a', { n: 2 }));
    await ingest();
    await appendFile(path('app.log.1'), line('b', { n: 2 }));
    const earlier = new Date(Date.now() - 60_000);
    await utimes(path('app.log.1'), earlier, earlier);
    await appendFile(path('app.log'), line('a', { n: 3 }) + line('b', { n: 3 }));
    await rename(path('app.log.1'), path('app.log.2'));
    await rename(path('app.log'), path('app.log.1'));
    await writeFile(path('app.log'), line('a', { n: 4 }));
    expect(await ingest()).toMatchObject({ newRows: 4, quarantined: [] });
    expect(await world.query('clicks', 'SELECT id, n FROM d ORDER BY id')).toEqual([
      { id: 'a', n: 4 },
      { id: 'b', n: 3 },
    ]);
  });

  it('reads on a log that is rotated while it is read', async () => {
    await writeFile(path('log.ndjson'), line('a'));
    await ingest();
    await appendFile(path('log.ndjson'), line('b'));
    const rotated = await ingestWhile(async () => {
      await rename(path('log.ndjson'), path('log.1.ndjson'));
      await writeFile(path('log.ndjson'), line('c') + line('d') + line('e'));
    });
    expect(rotated.quarantined).toEqual([]);
    expect(await ingest()).toMatchObject({ quarantined: [] });
    expect((await ids()).sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('goes on without a file that is removed while it is read', async () => {
    await writeFile(path('1.ndjson'), line('a'));
    await writeFile(path('2.ndjson'), line('b'));
    const removed = await ingestWhile(() => rm(path('1.ndjson')));
    expect(removed).toEqual({ newRows: 1, quarantined: [] });
  });

  it('reads a file once that a link beside it names too, also when the link moves on', async () => {
    await writeFile(path('log-1.ndjson'), line('a'));
    await symlink('log-1.ndjson', path('current.ndjson'));
    expect(await ingest()).toMatchObject({ newRows: 1, quarantined: [] });
    await appendFile(path('log-1.ndjson'), line('b'));
    await writeFile(path('log-2.ndjson'), line('c'));
    await rm(path('current.ndjson'));
    await symlink('log-2.ndjson', path('current.ndjson'));
    expect(await ingest()).toMatchObject({ newRows: 2, quarantined: [] });
    expect(await ids()).toEqual(['a', 'b', 'c']);
  });

  it('reads a file with the content of another as a file of its own', async () => {
    await writeFile(path('1.ndjson'), line('a'));
    await ingest();
    await copyFile(path('1.ndjson'), path('2.ndjson'));
    await rm(path('1.ndjson'));
    expect(await ingest()).toMatchObject({ newRows: 1, rows: 2, quarantined: [] });
  });

  it('leaves files unread while the spec contradicts the dataset, and reads them once it is mended', async () => {
    await writeFile(path('1.ndjson'), line('a'));
    await ingest();
    const right = revision;
    const columns = { ...clicks.columns, n: 'DOUBLE' as const };
    revision = await world.apply({ sources: { clicks: { ...clicks, columns } } });
    await writeFile(path('2.ndjson'), line('b'));
    expect((await ingest()).quarantined[0]?.failures[0]).toContain('column "n" is DOUBLE');
    expect(await ingest()).toMatchObject({ newRows: 0, rows: 1 });
    revision = right;
    expect(await ingest()).toMatchObject({ newRows: 1, rows: 2, quarantined: [] });
  });

  it('judges each file by the expectations, against what is there and what came before it', async () => {
    const expectations = [{ expect: 'unique' as const, columns: ['id'] }];
    revision = await world.apply({ sources: { clicks: { ...clicks, expectations } } });
    await writeFile(path('1.ndjson'), line('a'));
    await writeFile(path('2.ndjson'), line('a') + line('b'));
    await writeFile(path('3.ndjson'), line('c'));
    const result = await ingest();
    expect(result).toMatchObject({ newRows: 2, rows: 2 });
    expect(result.quarantined).toMatchObject([
      {
        rows: 2,
        failures: [
          `${path('2.ndjson')}:1: unique(id): 1 value occurs more than once, in 1 of 2 rows, such as a`,
        ],
      },
    ]);
  });

  it.each(['ndjson', 'csv'] as const)('takes a mended %s file under its own name', async (format) => {
    const text = (id: string, n: number) =>
      format === 'csv' ? `id,n\n${id},${String(n)}\n` : line(id, { n });
    const columns = { id: 'VARCHAR', n: 'INTEGER' } as const;
    const expectations = [{ expect: 'between' as const, column: 'n', max: 5 }];
    const sources = { clicks: { ...clicks, uri: `log/*.${format}`, format, columns, expectations } };
    revision = await world.apply({ sources });
    await writeFile(path(`1.${format}`), text('a', 9));
    expect((await ingest()).quarantined).toHaveLength(1);
    await writeFile(path(`1.${format}`), text('a', 4));
    expect(await ingest()).toMatchObject({ newRows: 1, quarantined: [] });
    await writeFile(path(`1.${format}`), text('b', 4));
    expect((await ingest()).quarantined).toHaveLength(1);
    expect(await ids()).toEqual(['a']);
  });

  it('takes all of a long file that was mended by making it longer, and of one that grew the new lines', async () => {
    const lines = (n: unknown) =>
      Array.from({ length: 200 }, (_, i) => line(String(i), i === 149 ? { n } : {})).join('');
    await writeFile(path('1.ndjson'), lines('x'));
    await writeFile(path('2.ndjson'), lines('x'));
    expect((await ingest()).quarantined).toHaveLength(2);
    await writeFile(path('1.ndjson'), lines(1_000_000));
    await appendFile(path('2.ndjson'), line('new'));
    expect(await ingest()).toMatchObject({ newRows: 201, quarantined: [] });
  });

  it('takes rows that a file of nothing but a header gets later, and does not mind a file that is only touched', async () => {
    const columns = { id: 'VARCHAR', n: 'INTEGER' } as const;
    const sources = { clicks: { ...clicks, uri: 'log/*.csv', format: 'csv' as const, columns } };
    revision = await world.apply({ sources });
    await writeFile(path('1.csv'), 'id,n\n');
    expect(await ingest()).toMatchObject({ newRows: 0, quarantined: [] });
    await appendFile(path('1.csv'), 'a,1\n');
    expect(await ingest()).toMatchObject({ newRows: 1, quarantined: [] });
    const longAgo = new Date(Date.now() - 3_600_000);
    await utimes(path('1.csv'), longAgo, longAgo);
    expect(await ingest()).toMatchObject({ newRows: 0, rows: 1, quarantined: [] });
  });

  it('lets the newest line of a key win', async () => {
    revision = await world.apply({ sources: { clicks: { ...clicks, primaryKey: ['id'] } } });
    await writeFile(path('1.ndjson'), line('a', { n: 1 }) + line('a', { n: 2 }));
    expect(await ingest()).toMatchObject({ newRows: 2, rows: 1 });
    await appendFile(path('1.ndjson'), line('b') + line('a', { n: 3 }));
    expect(await ingest()).toMatchObject({ newRows: 2, rows: 2 });
    expect(await world.query('clicks', 'SELECT id, n FROM d ORDER BY id')).toEqual([
      { id: 'a', n: 3 },
      { id: 'b', n: 1 },
    ]);
  });

  it('keeps every row without a whole key: none replaces another', async () => {
    revision = await world.apply({ sources: { clicks: { ...clicks, primaryKey: ['id', 'n'] } } });
    await writeFile(path('1.ndjson'), line('a') + line('a', { n: null }) + line('a', { n: null }));
    expect(await ingest()).toMatchObject({ newRows: 3, rows: 3 });
    await appendFile(path('1.ndjson'), line('a') + line('a', { n: null }));
    expect(await ingest()).toMatchObject({ newRows: 2, rows: 4 });
    expect(await world.query('clicks', 'SELECT count(*) AS n FROM d')).toEqual([{ n: 4 }]);
  });

  it('sets keys aside that a number can not tell apart', async () => {
    const { columns: _, ...inferred } = clicks;
    revision = await world.apply({ sources: { clicks: { ...inferred, primaryKey: ['id'] } } });
    await writeFile(path('1.ndjson'), '{"id":18446744073709551614}\n{"id":18446744073709551615}\n');
    expect((await ingest()).quarantined[0]?.failures[0]).toContain(
      'primaryKey "id" holds 2 numbers beyond 2^53',
    );
  });

  it('says that a column of the primary key is missing', async () => {
    revision = await world.apply({ sources: { clicks: { ...clicks, primaryKey: ['idd'] } } });
    await writeFile(path('1.ndjson'), line('a'));
    await expect(ingest()).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE' });
    await expect(ingest()).rejects.toThrow('did you mean "id"?');
  });

  it.each(['file_row_number', '__perennial_part'])(
    'keeps rows by key beside a column called %s',
    async (name) => {
      const columns = { id: 'VARCHAR', [name]: 'INTEGER' } as const;
      revision = await world.apply({ sources: { clicks: { ...clicks, columns, primaryKey: ['id'] } } });
      const row = (value: number) => `${JSON.stringify({ id: 'a', [name]: value })}\n`;
      await writeFile(path('1.ndjson'), row(1) + row(2));
      await ingest();
      await appendFile(path('1.ndjson'), row(3));
      expect(await ingest()).toMatchObject({ rows: 1 });
      expect(await world.query('clicks', 'SELECT * FROM d')).toEqual([{ id: 'a', [name]: 3 }]);
    },
  );

  it.each([
    [{ expect: 'no_rows' as const, name: 'ends', sql: 'SELECT * FROM batch' }, '"at":"infinity"'],
    [{ expect: 'unique' as const, columns: ['at'] }, 'such as infinity'],
    [{ expect: 'fresh' as const, column: 'at', maxAge: '1d' }, 'no value to tell the age by'],
  ])('judges times without end by $expect', async (expectation, reason) => {
    revision = await world.apply({ sources: { clicks: { ...clicks, expectations: [expectation] } } });
    await writeFile(path('1.ndjson'), line('a', { at: 'infinity' }) + line('b', { at: 'infinity' }));
    expect((await ingest()).quarantined[0]?.failures[0]).toContain(reason);
  });

  it('infers types from the first batch and keeps them', async () => {
    const { columns: _, ...inferred } = clicks;
    revision = await world.apply({ sources: { clicks: inferred } });
    await writeFile(path('1.ndjson'), line('a', { price: 1.5 }));
    await ingest();
    await writeFile(path('2.ndjson'), line('b', { price: 2, n: 'many' }));
    expect((await ingest()).quarantined[0]?.failures).toEqual([
      `${path('2.ndjson')}:1: column "n" holds "many", which is no BIGINT`,
    ]);
    const types = await world.query(
      'clicks',
      'SELECT typeof(n) AS n, typeof("at") AS t, typeof(price) AS p FROM d',
    );
    expect(types).toEqual([{ n: 'BIGINT', t: 'TIMESTAMP', p: 'DOUBLE' }]);
  });

  it('takes on a column that a later batch has first', async () => {
    const { columns: _, ...inferred } = clicks;
    const expectations = [{ expect: 'not_null' as const, column: 'id' }];
    revision = await world.apply({ sources: { clicks: { ...inferred, expectations } } });
    await writeFile(path('1.ndjson'), '{"id":"a"}\n');
    await ingest();
    await appendFile(path('1.ndjson'), '{"id":"b","coupon":"X"}\n');
    await writeFile(path('2.ndjson'), '{"id":"c","coupon":"Y","price":1.5}\n');
    await writeFile(path('3.ndjson'), '{"id":"d"}\n');
    expect(await ingest()).toMatchObject({ newRows: 3, quarantined: [] });
    await writeFile(path('4.ndjson'), '{"id":"e","coupon":7,"price":"much"}\n');
    expect((await ingest()).quarantined[0]?.failures).toEqual([
      `${path('4.ndjson')}:1: column "price" holds "much", which is no DOUBLE`,
    ]);
    await writeFile(path('5.ndjson'), '{"id":"e","coupon":7}\n');
    expect(await ingest()).toMatchObject({ newRows: 1, quarantined: [] });
    expect(await world.query('clicks', 'SELECT * FROM d ORDER BY id')).toEqual([
      { id: 'a', coupon: null, price: null },
      { id: 'b', coupon: 'X', price: null },
      { id: 'c', coupon: 'Y', price: 1.5 },
      { id: 'd', coupon: null, price: null },
      { id: 'e', coupon: '7', price: null },
    ]);
  });

  it('refuses a key that differs from a column in nothing but case', async () => {
    const { columns: _, ...inferred } = clicks;
    revision = await world.apply({ sources: { clicks: inferred } });
    await writeFile(path('1.ndjson'), '{"id":"a"}\n');
    await writeFile(path('2.ndjson'), '{"ID":"b"}\n');
    expect((await ingest()).quarantined[0]?.failures[0]).toContain('"ID"');
  });

  it.each([
    ['a ragged row', 'id,n\na,1\nb,2,3\n', ':', 'Line: 3'],
    ['a wrong value', 'id,n\na,1\n\nb,x\n', ':4', 'column "n" holds "x", which is no INTEGER'],
    ['a missing column', 'id,nn\na,1\n', '', 'has no column "n"; did you mean "nn"?'],
  ])('reads CSV by the names in its header and refuses %s', async (_what, bad, place, reason) => {
    const columns = { n: 'INTEGER', id: 'VARCHAR' } as const;
    const sources = { clicks: { ...clicks, uri: 'log/*.csv', format: 'csv' as const, columns } };
    revision = await world.apply({ sources });
    await writeFile(path('1.csv'), 'id,extra,n\n"a,""x""",9,1\n');
    await writeFile(path('2.csv'), bad);
    const result = await ingest();
    expect(result).toMatchObject({ newRows: 1 });
    expect(await world.query('clicks', 'SELECT * FROM d')).toEqual([{ n: 1, id: 'a,"x"' }]);
    expect(result.quarantined[0]?.failures[0]).toContain(`${path('2.csv')}${place}`);
    expect(result.quarantined[0]?.failures[0]).toContain(reason);
  });

  it('reads Parquet once, sets a truncated file aside, and reads that again when it is whole', async () => {
    const sources = { clicks: { type: 'files', uri: 'log/*.parquet', format: 'parquet' } as const };
    revision = await world.apply({ sources });
    const scratch = { directory: join(world.directory, 'scratch') };
    await withDuckDb(scratch, (session) =>
      session.run(
        `COPY (SELECT i AS id, i::DECIMAL(9,2) AS price, TIMESTAMPTZ '2026-01-01 00:00:00+00' AS t FROM range(5) r(i)) TO '${path('1.parquet')}'`,
      ),
    );
    await writeFile(path('2.parquet'), 'PAR1 not whole');
    const result = await ingest();
    expect(result).toMatchObject({ newRows: 5 });
    expect(result.quarantined[0]?.failures[0]).toContain(path('2.parquet'));
    await withDuckDb(scratch, (session) =>
      session.run(
        `COPY (SELECT 9::BIGINT AS id, 1.5 AS price, TIMESTAMP '2026-01-02' AS t) TO '${path('2.parquet')}'`,
      ),
    );
    expect(await ingest()).toMatchObject({ newRows: 1, rows: 6, quarantined: [] });
    expect(await ingest()).toMatchObject({ newRows: 0 });
    await withDuckDb(scratch, (session) => session.run(`COPY (SELECT 1 AS id) TO '${path('1.parquet')}'`));
    expect((await ingest()).quarantined[0]?.failures[0]).toContain('was changed after it had been read');
    await withDuckDb(scratch, (session) =>
      session.run(
        `COPY (SELECT 2::BIGINT AS id, 1.5::DOUBLE AS price, TIMESTAMP '2026-01-02' AS t) TO '${path('1.parquet')}'`,
      ),
    );
    expect((await ingest()).quarantined).toHaveLength(1);
    expect(await ingest()).toMatchObject({ newRows: 0, rows: 6, quarantined: [] });
  });

  it('reads files on S3 as it reads local ones', async () => {
    const sources = { clicks: { ...clicks, uri: `s3://${world.bucket}/events/*.ndjson` } };
    revision = await world.apply({ sources });
    const put = (Key: string, Body: string) =>
      world.s3.send(new PutObjectCommand({ Bucket: world.bucket, Key, Body }));
    await put('events/1.ndjson', line('a'));
    await put('events/deep/9.ndjson', line('no'));
    expect(await ingest()).toMatchObject({ newRows: 1 });
    await put('events/1.ndjson', line('a') + line('b'));
    expect(await ingest()).toMatchObject({ newRows: 1, rows: 2 });
    expect(await ids()).toEqual(['a', 'b']);
    await put('events/1.ndjson', `${line('a') + line('b')}{"id":"torn`);
    expect((await ingest()).quarantined[0]?.failures[0]).toContain('torn line: {"id":"torn');
    await put('events/1.ndjson', `${line('a') + line('b')}{"id":"torn"}\n${line('c')}`);
    expect(await ingest()).toMatchObject({ newRows: 2, quarantined: [] });
    expect(await ids()).toEqual(['a', 'b', 'torn', 'c']);
  });

  it.each(['was written anew', 'was removed'])(
    'leaves a file on S3 for later that %s while it was read',
    async (what) => {
      const columns = { id: 'VARCHAR', n: 'INTEGER' } as const;
      const folder = `s3://${world.bucket}/${what.replaceAll(' ', '-')}`;
      const sources = { clicks: { ...clicks, uri: `${folder}/*.csv`, format: 'csv' as const, columns } };
      revision = await world.apply({ sources });
      const [Bucket, Key] = [world.bucket, `${what.replaceAll(' ', '-')}/1.csv`];
      const put = (Body: string) => world.s3.send(new PutObjectCommand({ Bucket, Key, Body }));
      await put('id,n\na,1\n');
      const read = await ingestWhile(() =>
        what === 'was removed'
          ? world.s3.send(new DeleteObjectCommand({ Bucket, Key }))
          : put('id,n\na,1\nb,2\n'),
      );
      expect(read).toEqual({ newRows: 0, quarantined: [] });
      await put('id,n\na,1\nb,2\n');
      expect(await ingest()).toMatchObject({ newRows: 2, quarantined: [] });
    },
  );

  it('says that a bucket is missing', async () => {
    revision = await world.apply({
      sources: { clicks: { ...clicks, uri: 's3://no-such-bucket-here/*.ndjson' } },
    });
    await expect(ingest()).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE' });
  });

  it('runs SQL expectations in a sandbox and refuses a spec that is wrong', async () => {
    await writeFile(path('1.ndjson'), line('a') + line('b'));
    const withSql = async (sql: string) => {
      const expectations = [{ expect: 'no_rows' as const, name: 'look', sql }];
      revision = await world.apply({ sources: { clicks: { ...clicks, expectations } } });
      return ingest();
    };
    await expect(withSql('SELECT * FROM batc')).rejects.toMatchObject({ code: 'SQL_INVALID' });
    await expect(withSql("SELECT * FROM read_text('/etc/passwd')")).rejects.toMatchObject({
      code: 'SQL_INVALID',
    });
    await expect(withSql('DELETE FROM batch')).rejects.toMatchObject({ code: 'SQL_INVALID' });
    const bad = await withSql("SELECT id FROM batch WHERE id = 'b'");
    expect(bad.quarantined[0]?.failures).toEqual([
      `${path('1.ndjson')}:1: no_rows(look): 1 rows, such as {"id":"b"}`,
    ]);
  });

  it('names the column that an expectation gets wrong', async () => {
    await writeFile(path('1.ndjson'), line('a'));
    const expectations = [{ expect: 'not_null' as const, column: 'idd' }];
    revision = await world.apply({ sources: { clicks: { ...clicks, expectations } } });
    await expect(ingest()).rejects.toMatchObject({ code: 'EXPECTATION_INVALID' });
    await expect(ingest()).rejects.toThrow('did you mean "id"?');
  });
});

describe('ingesting files whose columns were inferred', () => {
  it.each([
    ['ndjson', '{"x":[1,2]}\n', '{"x":[1.5]}\n', 'holds "[1.5]", which is no BIGINT[]'],
    ['csv', 'x\n1220\n', 'x\n01220\n', 'holds "01220", which is no BIGINT with its leading zero'],
  ] as const)('alters no later value of %s to fit', async (format, first, later, problem) => {
    const directory = join(world.directory, `inferred-${format}`);
    await mkdir(directory);
    const items = { type: 'files' as const, uri: `inferred-${format}/*.${format}`, format };
    const specRevision = await world.apply({ sources: { items } });
    const ingest = () => world.call('ingestSource', { source: 'items', specRevision });
    await world.db.query('DELETE FROM source_states');
    await writeFile(join(directory, `1.${format}`), first);
    expect(await ingest()).toMatchObject({ newRows: 1, quarantined: [] });
    await writeFile(join(directory, `2.${format}`), later);
    const { quarantined } = await ingest();
    expect(quarantined[0]?.failures).toEqual([expect.stringContaining(problem)]);
  });
});

describe('ingesting files whose rows refer to another source', () => {
  const customers = {
    type: 'files',
    uri: 'customers/*.ndjson',
    format: 'ndjson',
    columns: { id: 'VARCHAR' },
  } as const;
  const events = {
    type: 'files' as const,
    uri: 'events/*.ndjson',
    format: 'ndjson' as const,
    columns: { id: 'VARCHAR', who: 'VARCHAR' } as const,
    expectations: [{ expect: 'references' as const, column: 'who', source: 'customers', sourceColumn: 'id' }],
  };
  let revision: number;
  const apply = async (parts: object = {}) => {
    revision = await world.apply({ sources: { customers, events: { ...events, ...parts } } });
  };
  const ingest = (source: 'customers' | 'events') =>
    world.call('ingestSource', { source, specRevision: revision });
  const customer = (id: string) =>
    writeFile(join(world.directory, 'customers', `${id}.ndjson`), `{"id":"${id}"}\n`);
  const event = (name: string, id: string, who: string) =>
    appendFile(join(world.directory, 'events', `${name}.ndjson`), `${JSON.stringify({ id, who })}\n`);
  const ids = async () => (await world.query('events', 'SELECT id FROM d')).map((row) => row.id);
  beforeEach(async () => {
    await world.db.query(
      'DELETE FROM source_states; DELETE FROM quarantined_batches; DELETE FROM dataset_versions',
    );
    for (const folder of ['customers', 'events']) {
      await rm(join(world.directory, folder), { recursive: true, force: true });
      await mkdir(join(world.directory, folder));
    }
    await apply();
    await customer('ada');
    await ingest('customers');
  });

  it('takes them once the other source has what they refer to, whichever of the two is read first', async () => {
    await event('1', 'a', 'ada');
    await ingest('events');
    await customer('eve');
    await event('1', 'b', 'eve');
    expect(await ingest('events')).toMatchObject({ newRows: 0, quarantined: [] });
    await ingest('customers');
    await event('1', 'c', 'eve');
    expect(await ingest('events')).toMatchObject({ newRows: 2, quarantined: [] });
    expect(await ids()).toEqual(['a', 'b', 'c']);
    expect(await ingest('events')).toMatchObject({ newRows: 0, quarantined: [] });
  });

  it('waits for two readings, and then sets aside and tells what still refers to nobody', async () => {
    await event('0', '0', 'ada');
    await ingest('events');
    await event('1', 'a', 'nobody');
    await event('2', 'b', 'ada');
    expect(await ingest('events')).toMatchObject({ newRows: 1, quarantined: [] });
    expect(await ingest('events')).toMatchObject({ newRows: 0, quarantined: [] });
    expect(await ingest('events')).toMatchObject({
      quarantined: [
        { rows: 1, failures: [expect.stringContaining('references(who -> customers.id)') as string] },
      ],
    });
    expect(await ingest('events')).toMatchObject({ newRows: 0, quarantined: [] });
    await event('3', 'c', 'eve');
    expect(await ingest('events')).toMatchObject({ newRows: 0, quarantined: [] });
    await customer('eve');
    await ingest('customers');
    expect(await ingest('events')).toMatchObject({ newRows: 1, quarantined: [] });
    expect(await ids()).toEqual(['0', 'b', 'c']);
  });

  it('tells at once what a first reading finds, which has nothing to go on with', async () => {
    await event('1', 'a', 'nobody');
    expect((await ingest('events')).quarantined).toHaveLength(1);
  });

  it('does not wait where something else is wrong too', async () => {
    await event('0', '0', 'ada');
    await ingest('events');
    await apply({ expectations: [...events.expectations, { expect: 'not_null', column: 'id' }] });
    await writeFile(join(world.directory, 'events', '1.ndjson'), '{"id":null,"who":"nobody"}\n');
    const { quarantined } = await ingest('events');
    expect(quarantined[0]?.failures).toHaveLength(2);
  });

  it('lets what waits under a key be replaced by what comes after it, and not the other way round', async () => {
    await apply({ primaryKey: ['id'] });
    await event('1', 'a', 'ada');
    await ingest('events');
    await event('2', 'a', 'eve');
    await event('3', 'a', 'ada');
    await event('3', 'b', 'ada');
    expect(await ingest('events')).toMatchObject({ newRows: 0, quarantined: [] });
    await customer('eve');
    await ingest('customers');
    expect(await ingest('events')).toMatchObject({ newRows: 3, rows: 2, quarantined: [] });
    expect(await world.query('events', 'SELECT id, who FROM d ORDER BY id')).toEqual([
      { id: 'a', who: 'ada' },
      { id: 'b', who: 'ada' },
    ]);
  });
});
