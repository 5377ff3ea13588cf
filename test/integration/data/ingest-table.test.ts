import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDataWorld, ENVIRONMENT, MODEL } from './data-world.ts';
import type { DataWorld } from './data-world.ts';

let world: DataWorld;
beforeAll(async () => {
  world = await createDataWorld();
});
afterAll(() => world.close());

const orders = {
  type: 'postgres' as const,
  connection: 'SHOP_URL',
  table: 'orders',
  watermark: 'at',
  primaryKey: ['id'],
};

describe('ingesting a table', () => {
  let revision: number;
  beforeEach(async () => {
    await world.db.query(
      'DELETE FROM source_states; DELETE FROM quarantined_batches; DELETE FROM dataset_versions',
    );
    await world.shop.query(
      'DROP TABLE IF EXISTS orders; CREATE TABLE orders (id bigint PRIMARY KEY, at timestamptz, amount numeric(10,2), tags text[], paid boolean, note text)',
    );
    revision = await world.apply({ sources: { orders } });
  });
  const ingest = (options?: { activityId?: string; attempt?: number }) =>
    world.call('ingestSource', { source: 'orders', specRevision: revision }, options);
  const insert = (id: number, at: string, amount = 1) =>
    world.shop.query('INSERT INTO orders VALUES ($1, $2, $3, $4, true, $5)', [
      id,
      at,
      amount,
      ['a', 'b,"c'],
      `n\n${id}`,
    ]);

  it('preserves types: lists, UTC times, numbers, text with any character', async () => {
    await insert(9007199254740, '2026-01-01 10:00:00.123456+02', 12.34);
    const result = await ingest();
    expect(result).toMatchObject({ source: 'orders', rows: 1, newRows: 1, quarantined: [] });
    const [row] = await world.query('orders', 'SELECT *, "at"::VARCHAR AS text, typeof("at") AS t FROM d');
    expect(row).toMatchObject({
      id: 9007199254740,
      amount: 12.34,
      tags: ['a', 'b,"c'],
      paid: true,
      note: 'n\n9007199254740',
      text: '2026-01-01 08:00:00.123456',
      t: 'TIMESTAMP',
    });
  });

  it('neither loses nor doubles rows that share the watermark', async () => {
    await insert(1, '2026-01-01');
    await insert(2, '2026-01-02');
    expect((await ingest()).newRows).toBe(2);
    await insert(3, '2026-01-02');
    await insert(4, '2026-01-03');
    expect(await ingest()).toMatchObject({ newRows: 2, rows: 4 });
    expect(await ingest()).toMatchObject({ newRows: 0, rows: 4 });
    expect(await world.query('orders', 'SELECT id FROM d ORDER BY id')).toEqual(
      [1, 2, 3, 4].map((id) => ({ id })),
    );
  });

  it('reads rows that are committed late, below a watermark already read', async () => {
    const slow = new pg.Client({ connectionString: world.secrets.SHOP_URL });
    await slow.connect();
    try {
      await insert(1, '2026-01-01');
      await ingest();
      // It has not written yet, but its now() is fixed.
      await slow.query('BEGIN; SELECT now()');
      await insert(3, '2026-01-03');
      expect(await ingest()).toMatchObject({ newRows: 1 });
      await slow.query("INSERT INTO orders (id, at) VALUES (2, '2026-01-02')");
      await insert(4, '2026-01-04');
      expect(await ingest()).toMatchObject({ newRows: 1 });
      await slow.query('COMMIT');
      expect(await ingest()).toMatchObject({ newRows: 1, rows: 4 });
      expect(await ingest()).toMatchObject({ newRows: 0, rows: 4 });
    } finally {
      await slow.end();
    }
    const { rows } = await world.db.query('SELECT watermark FROM source_states');
    expect(rows).toMatchObject([{ watermark: { position: { watermark: '2026-01-04 00:00:00+00' } } }]);
  });

  it('reads rows that are committed late below the first reading', async () => {
    const slow = new pg.Client({ connectionString: world.secrets.SHOP_URL });
    await slow.connect();
    try {
      await slow.query("BEGIN; INSERT INTO orders (id, at) VALUES (1, '2026-01-01')");
      await insert(2, '2026-01-02');
      expect(await ingest()).toMatchObject({ newRows: 1, rows: 1 });
      expect(await ingest()).toMatchObject({ newRows: 0, rows: 1 });
      await slow.query('COMMIT');
      expect(await ingest()).toMatchObject({ newRows: 1, rows: 2 });
    } finally {
      await slow.end();
    }
  });

  it('leaves rows of a table without key until none can be committed below them, a minute at most', async () => {
    const { primaryKey: _, ...keyless } = orders;
    revision = await world.apply({ sources: { orders: keyless } });
    await insert(1, '2026-01-01');
    await ingest();
    const slow = new pg.Client({ connectionString: world.secrets.SHOP_URL });
    await slow.connect();
    try {
      await slow.query("BEGIN; INSERT INTO orders (id, at) VALUES (2, '2026-01-02')");
      await insert(3, '2026-01-03');
      expect(await ingest()).toMatchObject({ newRows: 0 });
      await world.shop.query('UPDATE orders SET amount = 9 WHERE id = 3');
      await slow.query('COMMIT');
      expect(await ingest()).toMatchObject({ newRows: 2, rows: 3 });
      await slow.query('BEGIN; SELECT now()');
      await insert(4, '2026-01-04');
      expect(await ingest()).toMatchObject({ newRows: 0 });
      world.clock.nowMs += 61_000;
      expect(await ingest()).toMatchObject({ newRows: 1, rows: 4 });
    } finally {
      await slow.end();
    }
  });

  it.each([
    ['with', orders],
    ['without', { ...orders, primaryKey: undefined }],
  ])(
    'reads rows %s a key that are stamped before a row already read and begin after it',
    async (_what, source) => {
      revision = await world.apply({ sources: { orders: source } });
      await insert(1, '2026-01-01 12:00:00.040');
      expect(await ingest()).toMatchObject({ newRows: 1 });
      await insert(2, '2026-01-01 12:00:00.000');
      expect(await ingest()).toMatchObject({ newRows: 1, rows: 2 });
      expect(await ingest()).toMatchObject({ newRows: 0, rows: 2 });
      await insert(3, '2026-01-01 12:30:00');
      expect(await ingest()).toMatchObject({ newRows: 1, rows: 3 });
      await insert(4, '2026-01-01 12:29:00.001');
      await insert(5, '2026-01-01 12:30:00');
      expect(await ingest()).toMatchObject({ newRows: 2, rows: 5 });
      expect(await ingest()).toMatchObject({ newRows: 0, rows: 5 });
      expect(await world.query('orders', 'SELECT id FROM d ORDER BY id')).toEqual(
        [1, 2, 3, 4, 5].map((id) => ({ id })),
      );
    },
  );

  it('takes no row of a table without key for another that was changed after it was read', async () => {
    const { primaryKey: _, ...keyless } = orders;
    revision = await world.apply({ sources: { orders: keyless } });
    await insert(1, '2026-01-01 12:00:00');
    await insert(2, '2026-01-01 12:00:30');
    await ingest();
    await world.shop.query('UPDATE orders SET amount = 9 WHERE id = 1');
    await insert(3, '2026-01-01 12:00:20');
    await insert(4, '2026-01-01 12:01:00');
    expect(await ingest()).toMatchObject({ newRows: 2, rows: 4 });
    expect(await world.query('orders', 'SELECT id FROM d ORDER BY id')).toEqual(
      [1, 2, 3, 4].map((id) => ({ id })),
    );
  });

  it('sees the transactions of an application that shares its URL, name included', async () => {
    const url = new URL(world.secrets.SHOP_URL ?? '');
    url.searchParams.set('application_name', 'shop');
    world.secrets.NAMED_URL = url.href;
    revision = await world.apply({ sources: { orders: { ...orders, connection: 'NAMED_URL' } } });
    const slow = new pg.Client({ connectionString: url.href });
    await slow.connect();
    try {
      await insert(1, '2026-01-01');
      await ingest();
      await slow.query("BEGIN; INSERT INTO orders (id, at) VALUES (2, '2026-01-02')");
      await insert(3, '2026-01-03');
      await ingest();
      await slow.query('COMMIT');
      expect(await ingest()).toMatchObject({ newRows: 1, rows: 3 });
    } finally {
      await slow.end();
    }
  });

  it('waits for a transaction that is prepared to be committed', async () => {
    await insert(1, '2026-01-01');
    await ingest();
    await world.shop.query(
      "BEGIN; INSERT INTO orders (id, at) VALUES (2, '2026-01-02'); PREPARE TRANSACTION 'late'",
    );
    await insert(3, '2026-01-03');
    await ingest();
    await world.shop.query("COMMIT PREPARED 'late'");
    expect(await ingest()).toMatchObject({ newRows: 1, rows: 3 });
  });

  it('counts a transaction as running where it could not see it: on a replica', async () => {
    const url = new URL(world.secrets.SHOP_URL ?? '');
    url.searchParams.set('options', '-c search_path=replica,public,pg_catalog');
    world.secrets.REPLICA_URL = url.href;
    await world.shop.query(
      'CREATE SCHEMA replica; CREATE FUNCTION replica.pg_is_in_recovery() RETURNS boolean RETURN true',
    );
    revision = await world.apply({ sources: { orders: { ...orders, connection: 'REPLICA_URL' } } });
    await insert(1, '2026-01-01');
    await ingest();
    await insert(3, '2026-01-03');
    expect(await ingest()).toMatchObject({ newRows: 1, rows: 2 });
    await insert(2, '2026-01-02');
    expect(await ingest()).toMatchObject({ newRows: 1, rows: 3 });
    expect(await ingest()).toMatchObject({ newRows: 0, rows: 3 });
  });

  it('keeps equal rows of a table without key as often as they occur', async () => {
    await world.shop.query('DROP TABLE orders; CREATE TABLE orders (id int, at int)');
    const { primaryKey: _, ...keyless } = orders;
    revision = await world.apply({ sources: { orders: keyless } });
    await world.shop.query('INSERT INTO orders VALUES (1, 5), (1, 5)');
    expect(await ingest()).toMatchObject({ newRows: 2, rows: 2 });
    await world.shop.query('INSERT INTO orders VALUES (1, 5), (2, 5)');
    expect(await ingest()).toMatchObject({ newRows: 2, rows: 4 });
    expect(await world.query('orders', 'SELECT id, count(*) AS n FROM d GROUP BY id ORDER BY id')).toEqual([
      { id: 1, n: 3 },
      { id: 2, n: 1 },
    ]);
  });

  it('replaces rows by primary key', async () => {
    await insert(1, '2026-01-01', 1);
    await insert(2, '2026-01-01', 1);
    await ingest();
    await world.shop.query("UPDATE orders SET amount = 7, at = '2026-02-01' WHERE id = 1");
    expect(await ingest()).toMatchObject({ newRows: 1, rows: 2 });
    expect(await world.query('orders', 'SELECT id, amount FROM d ORDER BY id')).toEqual([
      { id: 1, amount: 7 },
      { id: 2, amount: 1 },
    ]);
  });

  it('reads a table without watermark anew, and makes no version when it has not changed', async () => {
    const { watermark: _, ...whole } = orders;
    revision = await world.apply({ sources: { orders: whole } });
    await insert(2, '2026-01-02');
    await insert(1, '2026-01-01');
    const first = await ingest();
    expect(first).toMatchObject({ newRows: 2, rows: 2 });
    expect(await ingest()).toMatchObject({ dataset: first.dataset, newRows: 0 });
    await world.shop.query('DELETE FROM orders WHERE id = 2');
    expect(await ingest()).toMatchObject({ rows: 1 });
  });

  it('quarantines a batch with offending values, keeps the last good dataset, and heals with the source', async () => {
    const sources = {
      orders: { ...orders, expectations: [{ expect: 'between' as const, column: 'amount', min: 0 }] },
    };
    revision = await world.apply({ sources });
    await insert(1, '2026-01-01');
    const good = await ingest();
    await insert(2, '2026-01-02', -5);
    await insert(3, '2026-01-03', 3);
    const bad = await ingest();
    expect(bad.dataset).toBe(good.dataset);
    expect(bad.quarantined).toHaveLength(1);
    expect(bad.quarantined[0]).toMatchObject({
      rows: 2,
      failures: ['between(amount, at least 0): 1 of 2 rows, such as -5'],
    });
    const again = await ingest();
    expect(again.quarantined[0]?.batchId).toBe(bad.quarantined[0]?.batchId);
    const { rows } = await world.db.query('SELECT blob FROM quarantined_batches');
    expect(rows).toHaveLength(1);
    expect(await world.store.has((rows[0] as { blob: string }).blob)).toBe(true);
    await world.shop.query('UPDATE orders SET amount = 5 WHERE id = 2');
    expect(await ingest()).toMatchObject({ newRows: 2, rows: 3, quarantined: [] });
  });

  it('sets what stands still aside once a day and fault, however many rows wait behind it', async () => {
    const positive = { expect: 'between' as const, column: 'amount', min: 0 };
    revision = await world.apply({ sources: { orders: { ...orders, expectations: [positive] } } });
    await insert(1, '2026-01-01');
    await ingest();
    await insert(2, '2026-01-02', -5);
    const bad = await ingest();
    await insert(3, '2026-01-03');
    await insert(4, '2026-01-04', -6);
    const later = await ingest();
    expect(later.quarantined).toMatchObject([
      { batchId: bad.quarantined[0]?.batchId, rows: 3, failures: [expect.stringContaining('2 of 3 rows')] },
    ]);
    const setAside = async (): Promise<{ rows: number }[]> => {
      const { rows } = await world.db.query<{ rows: number }>(
        'SELECT rows FROM quarantined_batches ORDER BY rows',
      );
      return rows;
    };
    expect(await setAside()).toEqual([{ rows: 1 }]);

    const today = world.clock.nowMs;
    world.clock.nowMs += 86_400_000;
    await ingest();
    await ingest();
    world.clock.nowMs = today;
    expect(await setAside()).toEqual([{ rows: 1 }, { rows: 3 }]);

    // The same title, of other rows.
    const expectations = [positive, { ...positive, where: 'id > 1' }];
    revision = await world.apply({ sources: { orders: { ...orders, expectations } } });
    expect((await ingest()).quarantined[0]?.failures).toHaveLength(2);
    expect(await setAside()).toHaveLength(3);
  });

  it('records dataset, position and audit event together', async () => {
    await insert(1, '2026-01-01');
    const { dataset } = await ingest();
    const { rows } = await world.db.query(
      "SELECT data FROM audit_events WHERE action = 'dataset.ingested' AND model = $1 AND environment = $2 ORDER BY seq DESC LIMIT 1",
      [MODEL, ENVIRONMENT],
    );
    expect(rows[0]).toMatchObject({ data: { source: 'orders', dataset, rows: 1, newRows: 1, parent: null } });
    const state = await world.db.query('SELECT event_time_max FROM source_states');
    expect(state.rows).toEqual([{ event_time_max: new Date('2026-01-01T00:00:00Z') }]);
  });

  it('takes a row dated in the future for no newer than it is read', async () => {
    const newest = async (): Promise<number> => {
      const { rows } = await world.db.query<{ at: Date }>('SELECT event_time_max AS at FROM source_states');
      return rows[0]!.at.getTime();
    };
    const { watermark: _, ...whole } = orders;
    revision = await world.apply({ sources: { orders: whole } });
    await insert(1, '2026-01-01');
    await insert(2, '2099-12-31');
    await ingest();
    expect(await newest()).toBe(Date.parse('2026-01-01T00:00:00Z'));
    // As a build before this rule left it.
    await world.db.query("UPDATE source_states SET event_time_max = '2099-12-31'");
    await insert(3, new Date(world.clock.nowMs + 9 * 3_600_000).toISOString());
    await ingest();
    expect(await newest()).toBe(world.clock.nowMs);
  });

  it('gives the answer of an attempt that committed but was killed before it answered', async () => {
    await insert(1, '2026-01-01');
    const first = await ingest({ activityId: 'a' });
    expect(await ingest({ activityId: 'a', attempt: 2 })).toEqual(first);
    expect(await ingest({ activityId: 'b' })).toMatchObject({ newRows: 0 });
  });

  it('lets two readers of one source take turns', async () => {
    for (let id = 1; id <= 50; id += 1) await insert(id, `2026-01-${String((id % 28) + 1).padStart(2, '0')}`);
    const results = await Promise.all([ingest(), ingest(), ingest()]);
    expect(results.map((r) => r.newRows).sort()).toEqual([0, 0, 50]);
    expect(new Set(results.map((r) => r.dataset)).size).toBe(1);
    expect(await world.query('orders', 'SELECT count(*) AS n FROM d')).toEqual([{ n: 50 }]);
  });

  it('refuses rows without a watermark, which it could never read again', async () => {
    await world.shop.query('INSERT INTO orders (id) VALUES (1)');
    expect((await ingest()).quarantined[0]?.failures[0]).toContain('watermark "at" is null in 1 rows');
  });

  it.each(['timestamptz', 'date', 'float8', 'numeric'])(
    'refuses a watermark of type %s that no later one exceeds',
    async (type) => {
      const value =
        type === 'float8' || type === 'numeric'
          ? ['1', 'NaN', '2']
          : ['2026-01-01', 'infinity', '2026-01-02'];
      await world.shop.query(
        `DROP TABLE orders; CREATE TABLE orders (id int, at ${type}); INSERT INTO orders VALUES (1, '${value[0]!}'), (2, '${value[1]!}')`,
      );
      expect((await ingest()).quarantined[0]?.failures[0]).toContain(
        'watermark "at" is infinite or NaN in 1 rows',
      );
      await world.shop.query(
        `DELETE FROM orders WHERE id = 2; INSERT INTO orders VALUES (3, '${value[2]!}')`,
      );
      expect(await ingest()).toMatchObject({ newRows: 2, quarantined: [] });
    },
  );

  it('neither loses nor doubles rows that share the watermark when the table gets a column', async () => {
    await world.shop.query(
      "DROP TABLE orders; CREATE TABLE orders (id int, at date); INSERT INTO orders VALUES (1, '2026-01-01'), (2, '2026-01-01')",
    );
    const { primaryKey: _, ...keyless } = orders;
    revision = await world.apply({ sources: { orders: keyless } });
    await ingest();
    await world.shop.query(
      "ALTER TABLE orders ADD COLUMN city text DEFAULT 'Bonn'; INSERT INTO orders VALUES (3, '2026-01-01', 'Rome')",
    );
    expect(await ingest()).toMatchObject({ newRows: 1, rows: 3 });
    expect(await ingest()).toMatchObject({ newRows: 0, rows: 3 });
    await world.shop.query("INSERT INTO orders VALUES (3, '2026-01-01', 'Rome'), (4, '2026-01-02', 'Rome')");
    expect(await ingest()).toMatchObject({ newRows: 2, rows: 5 });
  });

  it('notices a column that was renamed or dropped, and goes on once the spec says what is wanted', async () => {
    await insert(1, '2026-01-01');
    await ingest();
    await world.shop.query('ALTER TABLE orders RENAME COLUMN note TO remark');
    await insert(2, '2026-01-02');
    expect((await ingest()).quarantined[0]?.failures).toEqual([
      'column "note" is not in orders any more; name the columns that are still wanted in the source\'s columns, or give it a new name',
    ]);
    revision = await world.apply({ sources: { orders: { ...orders, columns: ['amount'] } } });
    expect(await ingest()).toMatchObject({ newRows: 1, rows: 2, quarantined: [] });
  });

  it('takes a column whose name changes its capitals for the same', async () => {
    await insert(1, '2026-01-01');
    await ingest();
    await world.shop.query('ALTER TABLE orders RENAME COLUMN note TO "Note"');
    await insert(2, '2026-01-02');
    expect(await ingest()).toMatchObject({ newRows: 1, rows: 2, quarantined: [] });
    expect(await world.query('orders', 'SELECT note FROM d ORDER BY id')).toEqual([
      { note: 'n\n1' },
      { note: 'n\n2' },
    ]);
  });

  it('keeps years before the first, also as watermark', async () => {
    await world.shop.query(
      "DROP TABLE orders; CREATE TABLE orders (id int, at date, t timestamptz); INSERT INTO orders VALUES (1, '0044-03-15 BC', '0001-12-31 18:09:24 BC')",
    );
    const { primaryKey: _, ...keyless } = orders;
    revision = await world.apply({ sources: { orders: keyless } });
    expect(await ingest()).toMatchObject({ newRows: 1 });
    expect(await ingest()).toMatchObject({ newRows: 0, rows: 1 });
    expect(await world.query('orders', 'SELECT year("at") AS year, t::VARCHAR AS t FROM d')).toEqual([
      { year: -43, t: '0001-12-31 (BC) 18:09:24' },
    ]);
  });

  it.each([
    ['a number beyond every DOUBLE', 'CREATE TABLE orders AS SELECT 1e400::numeric AS at', 'out of range'],
    ['a list of lists', "CREATE TABLE orders AS SELECT 1 AS at, '{{1},{2}}'::int[] AS n", 'what it holds'],
    ['names that differ in capitals', 'CREATE TABLE orders (at int, "AT" int)', 'what it holds'],
  ])('says by code that a table can not be kept: %s', async (_what, sql, text) => {
    await world.shop.query(`DROP TABLE orders; ${sql}`);
    const { primaryKey: _key, ...keyless } = orders;
    revision = await world.apply({ sources: { orders: keyless } });
    const failure = (await ingest().catch((error: unknown) => error)) as Error & { code: string };
    expect(failure.code).toBe('SOURCE_UNREADABLE');
    expect(failure.message).toContain(text);
  });

  it('notices a changed type', async () => {
    await insert(1, '2026-01-01');
    await ingest();
    await world.shop.query(
      "ALTER TABLE orders ALTER COLUMN paid TYPE text; UPDATE orders SET at = '2026-03-01'",
    );
    expect((await ingest()).quarantined[0]?.failures[0]).toContain(
      'column "paid" is VARCHAR, in the dataset it is BOOLEAN',
    );
  });

  it('takes on a new column', async () => {
    await insert(1, '2026-01-01');
    await ingest();
    await world.shop.query(
      "ALTER TABLE orders ADD COLUMN city text; INSERT INTO orders (id, at, city) VALUES (2, '2026-01-02', 'Bonn')",
    );
    expect(await ingest()).toMatchObject({ rows: 2, quarantined: [] });
    expect(await world.query('orders', 'SELECT id, city FROM d ORDER BY id')).toEqual([
      { id: 1, city: null },
      { id: 2, city: 'Bonn' },
    ]);
  });

  it('judges a new column beside rows that do not have it', async () => {
    await insert(1, '2026-01-01');
    await ingest();
    const expectations = [{ expect: 'unique' as const, columns: ['city'] }];
    revision = await world.apply({ sources: { orders: { ...orders, expectations } } });
    await world.shop.query(
      "ALTER TABLE orders ADD COLUMN city text; INSERT INTO orders (id, at, city) VALUES (2, '2026-01-02', 'Bonn')",
    );
    expect(await ingest()).toMatchObject({ rows: 2, quarantined: [] });
    await world.shop.query("INSERT INTO orders (id, at, city) VALUES (3, '2026-01-03', 'Bonn')");
    expect((await ingest()).quarantined[0]?.failures[0]).toContain('unique(city)');
  });

  it.each([
    ['a table', { table: 'oders' }, 'SOURCE_UNREADABLE', 'did you mean "orders"'],
    ['a watermark', { watermark: 'att' }, 'SOURCE_UNREADABLE', 'did you mean "at"'],
    ['a variable', { connection: 'NOT_SET' }, 'SOURCE_UNREADABLE', 'NOT_SET'],
    ['a server', { connection: 'AWAY' }, 'DEPENDENCY_UNAVAILABLE', 'ECONNREFUSED'],
    ['a password', { connection: 'WRONG' }, 'SOURCE_UNREADABLE', 'refused'],
    ['an orderable watermark', { watermark: 'tags' }, 'SOURCE_UNREADABLE', 'allowed are'],
  ])('says what is missing: %s', async (_what, change, code, text) => {
    const url = new URL(world.secrets.SHOP_URL ?? '');
    url.port = '1';
    world.secrets.AWAY = url.href;
    url.port = new URL(world.secrets.SHOP_URL ?? '').port;
    url.password = 'not-the-password';
    world.secrets.WRONG = url.href;
    revision = await world.apply({ sources: { orders: { ...orders, ...change } } });
    const failure = (await ingest().catch((error: unknown) => error)) as Error & { code: string };
    expect(failure.code).toBe(code);
    expect(failure.message).toContain(text);
    expect(failure.message).not.toContain('not-the-password');
  });
});
