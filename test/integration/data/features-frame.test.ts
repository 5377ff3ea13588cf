import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FeatureView } from '../../../src/contracts/spec/sources.ts';
import { openFrame } from '../../../src/data/frame.ts';
import { withDuckDb } from '../../../src/data/duckdb.ts';
import type { SqlRow } from '../../../src/data/duckdb.ts';
import { onlineKey, onlineRowId, readOnlineFeatures } from '../../../src/registry/online-features.ts';
import { createDataWorld, ENVIRONMENT, MODEL } from './data-world.ts';
import type { DataWorld } from './data-world.ts';

let world: DataWorld;
let revision: number;
beforeAll(async () => {
  world = await createDataWorld();
});
afterAll(() => world.close());

const table = (name: string) => ({ type: 'postgres' as const, connection: 'SHOP_URL', table: name });
const sources = { customers: table('customers'), prices: table('prices'), shows: table('shows') };
type ViewInput = Omit<FeatureView, 'eventTime' | 'ttl' | 'query'> & { query: { sql: string }; ttl?: string };
const views: Record<string, ViewInput> = {
  customer: {
    description: 'Who.',
    keys: ['customer_id'],
    query: { sql: 'SELECT customer_id, since AS event_time, region, age FROM customers' },
    columns: { region: 'Where.', age: 'Years.' },
  },
  price: {
    description: 'What it costs where.',
    keys: ['plant_id', 'region'],
    query: { sql: 'SELECT plant_id, region, "at" AS event_time, price, sale FROM prices' },
    columns: { price: 'Dollars.', sale: 'Whether it is on sale.' },
  },
};
const training = {
  spine: {
    query: { sql: 'SELECT show_id, "at" AS event_time, customer_id, plant_id, bought FROM shows' },
    id: 'show_id',
    label: 'bought',
    keys: ['customer_id', 'plant_id'],
    attributes: ['customer_id'],
  },
  features: ['price.price', 'customer.age', 'price.sale'],
  split: { holdout: 0.25 },
  minRows: 2,
  trainer: { command: ['true'] },
};

async function load(): Promise<void> {
  for (const source of Object.keys(sources))
    await world.call('ingestSource', { source, specRevision: revision });
}
const materialise = () => world.call('materialiseFeatures', { specRevision: revision });
const count = (since: string) =>
  world.call('countNewExamples', { specRevision: revision, since: Date.parse(since) });
const build = () => world.call('buildFrame', { specRevision: revision, version: 1 });
const online = (view: string, ...key: (string | number)[]) =>
  readOnlineFeatures(world.db, MODEL, ENVIRONMENT, [{ view, key: onlineKey(key) }]).then((rows) =>
    rows.get(onlineRowId({ view, key: onlineKey(key) })),
  );
async function rowsOf(digest: string, part: 'train' | 'holdout' | 'both'): Promise<SqlRow[]> {
  const frame = await openFrame(world.store, digest);
  const paths = [
    ...(part === 'holdout' ? [] : [await frame.trainPath()]),
    ...(part === 'train' ? [] : [await frame.holdoutPath()]),
  ];
  const list = paths.map((path) => `'${path}'`).join(', ');
  return withDuckDb({ directory: world.directory }, (s) =>
    s.rows(`SELECT * FROM read_parquet([${list}]) ORDER BY show_id`),
  );
}

beforeEach(async () => {
  await world.db.query(
    'DELETE FROM source_states; DELETE FROM dataset_versions; DELETE FROM feature_materialisations; DELETE FROM online_features; DELETE FROM frames',
  );
  await world.shop.query(`DROP TABLE IF EXISTS customers, prices, shows;
    CREATE TABLE customers (customer_id text, since timestamptz, region text, age int);
    CREATE TABLE prices (plant_id int, region text, at timestamptz, price float8, sale boolean);
    CREATE TABLE shows (show_id int, at timestamptz, customer_id text, plant_id int, bought boolean)`);
  revision = await world.apply({ sources, features: { views }, training });
});

const day = (n: number) => `2026-01-${String(n).padStart(2, '0')}`;

describe('feature views', () => {
  beforeEach(() =>
    world.shop
      .query(`INSERT INTO customers VALUES ('c1', '${day(1)}', 'north', 30), ('c2', '${day(1)}', 'south', 40);
      INSERT INTO prices VALUES (1, 'north', '${day(1)}', 10, false), (1, 'north', '${day(3)}', 8, true), (1, 'south', '${day(2)}', 20, false)`),
  );

  it('puts the newest values of each key online, and only what has changed at the next refresh', async () => {
    await load();
    const first = await materialise();
    expect(first.onlineRows).toBe(4);
    expect(new Map(first.views.map((view) => [view.view, view.rows]))).toEqual(
      new Map([
        ['customer', 2],
        ['price', 3],
      ]),
    );
    expect(await online('price', 1, 'north')).toEqual({
      values: { price: 8, sale: true },
      eventTimeMs: Date.parse(day(3)),
    });
    expect((await materialise()).onlineRows).toBe(0);
    await world.shop.query(`INSERT INTO prices VALUES (1, 'south', '${day(5)}', NULL, NULL)`);
    await load();
    expect((await materialise()).onlineRows).toBe(1);
    expect((await online('price', 1, 'south'))?.values).toEqual({ price: null, sale: null });
    await world.shop.query("DELETE FROM prices WHERE region = 'north'");
    await load();
    await materialise();
    expect(await online('price', 1, 'north')).toBeUndefined();
    expect(await online('price', 1, 'south')).toBeDefined();
  });

  it('puts text that PostgreSQL can keep online, whatever the data hold', async () => {
    await load();
    const query = {
      sql: 'SELECT customer_id || chr(0) AS customer_id, since AS event_time, region || chr(0) AS region, age FROM customers',
    };
    revision = await world.apply({
      sources,
      features: { views: { ...views, customer: { ...views.customer!, query } } },
      training,
    });
    await materialise();
    expect((await online('customer', 'c1\uFFFD'))?.values).toEqual({ region: 'north\uFFFD', age: 30 });
  });

  it('refuses numbers as keys that JSON does not tell apart', async () => {
    const customer = {
      ...views.customer!,
      query: {
        sql: 'SELECT 9007199254740993 AS customer_id, since AS event_time, region, age FROM customers',
      },
    };
    revision = await world.apply({ sources, features: { views: { customer } }, training });
    await load();
    await expect(materialise()).rejects.toMatchObject({ code: 'FEATURE_VIEW_INVALID' });
    await expect(materialise()).rejects.toThrow('cast it to VARCHAR');
  });

  it('leaves out what is said of the end of time', async () => {
    await world.shop.query(
      "INSERT INTO customers VALUES ('c1', 'infinity', 'east', 31), ('c3', 'infinity', 'east', 31)",
    );
    await load();
    await materialise();
    expect(await online('customer', 'c1')).toMatchObject({
      values: { region: 'north', age: 30 },
      eventTimeMs: Date.parse(day(1)),
    });
    expect(await online('customer', 'c3')).toBeUndefined();
  });

  it('puts keys and values online anew when their column changes its type', async () => {
    await load();
    await materialise();
    await world.shop.query('ALTER TABLE prices ALTER COLUMN plant_id TYPE text');
    await load();
    await materialise();
    expect((await online('price', '1', 'north'))?.values).toEqual({ price: 8, sale: true });
    expect(await online('price', 1, 'north')).toBeUndefined();
  });

  it('replaces all online rows of a view whose definition changed', async () => {
    await load();
    await materialise();
    const query = {
      sql: "SELECT customer_id, since AS event_time, region, age * 2 AS age FROM customers WHERE customer_id = 'c1'",
    };
    revision = await world.apply({
      sources,
      features: { views: { ...views, customer: { ...views.customer!, query } } },
      training,
    });
    await materialise();
    expect((await online('customer', 'c1'))?.values).toEqual({ region: 'north', age: 60 });
    expect(await online('customer', 'c2')).toBeUndefined();
  });

  it.each([
    ['a column', { columns: { regio: 'x' } }, 'did you mean "region"?'],
    ['a key', { keys: ['customerid'] }, 'did you mean "customer_id"?'],
    [
      'a type',
      {
        columns: { l: 'list' },
        query: { sql: 'SELECT customer_id, since AS event_time, [1] AS l FROM customers' },
      },
      'INTEGER[]',
    ],
    ['the event time', { eventTime: 'age' }, 'allowed are TIMESTAMP and DATE'],
  ])('refuses a view that is wrong about %s', async (_what, change, text) => {
    const customer = { ...views.customer!, ...change };
    revision = await world.apply({ sources, features: { views: { customer } }, training });
    await load();
    const failure = (await materialise().catch((error: unknown) => error)) as Error & { code: string };
    expect(failure.code).toBe('FEATURE_VIEW_INVALID');
    expect(failure.message).toContain('"customer"');
    expect(failure.message).toContain(text);
  });

  it('says which source has no data yet, and takes a declared log without lines as empty', async () => {
    await expect(materialise()).rejects.toMatchObject({ code: 'SOURCE_EMPTY', retry: 'later' });
    const log = {
      type: 'files' as const,
      uri: 'none/*.ndjson',
      format: 'ndjson' as const,
      columns: { customer_id: 'VARCHAR' as const, at: 'TIMESTAMP' as const },
    };
    const seen = {
      description: 'Seen.',
      keys: ['customer_id'],
      query: { sql: 'SELECT customer_id, "at" AS event_time FROM log' },
      columns: {},
    };
    revision = await world.apply({ sources: { ...sources, log }, features: { views: { seen } }, training });
    await load();
    expect(await materialise()).toMatchObject({ views: [{ view: 'seen', rows: 0 }] });
  });

  it('refreshes 50,000 keys in seconds, and an unchanged view at once', async () => {
    await world.shop.query(
      `INSERT INTO customers SELECT 'k' || i, '${day(2)}', 'north', i % 80 FROM generate_series(1, 50000) i`,
    );
    await load();
    const timed = async (refresh: () => Promise<unknown>): Promise<number> => {
      const since = performance.now();
      await refresh();
      return performance.now() - since;
    };
    const first = await timed(async () => expect((await materialise()).onlineRows).toBe(50_004));
    expect(first).toBeLessThan(60_000);
    // Beside the first on the same machine; the best of three, as that may be busy with much else.
    const again = [await timed(materialise), await timed(materialise), await timed(materialise)];
    expect(Math.min(...again)).toBeLessThan(first / 5);
  });
});

describe('frames', () => {
  beforeEach(() =>
    world.shop.query(`INSERT INTO customers VALUES ('c1', '${day(1)}', 'north', 30);
      INSERT INTO prices VALUES (1, 'north', '${day(2)}', 10, false), (1, 'north', '${day(6)}', 8, true);
      INSERT INTO shows VALUES (1, '${day(1)}', 'c1', 1, false), (2, '${day(2)}', 'c1', 1, true), (3, '${day(5)}', 'c1', 1, true),
        (4, '${day(8)}', 'c1', 1, false), (5, '${day(9)}', 'nobody', 1, NULL)`),
  );

  it('joins what was known at the time of each example, and nothing that came later', async () => {
    await load();
    const { frame, trainRows, holdoutRows } = await build();
    expect([trainRows, holdoutRows]).toEqual([3, 1]);
    const rows = await rowsOf(frame, 'both');
    expect(rows.map((row) => row['price.price'])).toEqual([null, 10, 10, 8]);
    expect(rows[0]).toEqual({
      show_id: 1,
      event_time: new Date(day(1)),
      bought: false,
      customer_id: 'c1',
      plant_id: 1,
      'price.price': null,
      'customer.age': 30,
      'price.sale': null,
    });
    expect(Object.keys(rows[0] ?? {}).slice(-3)).toEqual(training.features);
  });

  it('gives the same digest for the same inputs, with and without materialised values', async () => {
    await load();
    const first = await build();
    await materialise();
    expect(await build()).toEqual(first);
  });

  it('refuses examples at the end of time', async () => {
    await world.shop.query("INSERT INTO shows VALUES (6, 'infinity', 'c1', 1, true)");
    await load();
    await expect(build()).rejects.toThrow('1 rows without event time "event_time", or at infinity');
  });

  it('treats values older than their time to live as missing', async () => {
    const price = { ...views.price!, ttl: '2d' };
    revision = await world.apply({ sources, features: { views: { ...views, price } }, training });
    await load();
    const rows = await rowsOf((await build()).frame, 'both');
    expect(rows.map((row) => row['price.price'])).toEqual([null, 10, null, 8]);
  });

  it('leaves the gap out between training and holdout, and takes only the window', async () => {
    revision = await world.apply({
      sources,
      features: { views },
      training: { ...training, split: { holdout: 0.25, gap: '4d' }, window: '7d' },
    });
    await load();
    const { frame } = await build();
    expect((await rowsOf(frame, 'train')).map((row) => row.show_id)).toEqual([2]);
    expect((await rowsOf(frame, 'holdout')).map((row) => row.show_id)).toEqual([4]);
    expect((await openFrame(world.store, frame)).manifest.splitAt).toBe('2026-01-08T00:00:00.000Z');
  });

  it('counts the examples after a moment that would train, apart from those held out, and none without a label', async () => {
    await load();
    expect(await count(day(1))).toEqual({ training: 2, heldOut: 1 });
    expect(await count(`${day(1)}T23:59:59Z`)).toEqual({ training: 2, heldOut: 1 });
    expect(await count(day(5))).toEqual({ training: 0, heldOut: 1 });
    expect(await count(day(8))).toEqual({ training: 0, heldOut: 0 });
    const { trainRows, holdoutRows } = await build();
    expect(await count('2000-01-01')).toEqual({ training: trainRows, heldOut: holdoutRows });
    await world.shop.query(`UPDATE shows SET bought = true WHERE show_id = 5`);
    await load();
    expect(await count(day(5))).toEqual({ training: 1, heldOut: 1 });
    await world.shop.query('UPDATE shows SET bought = NULL');
    await load();
    expect(await count(day(1))).toEqual({ training: 0, heldOut: 0 });
  });

  it.each([
    ['too few examples', { minRows: 100 }, 'FRAME_TOO_SMALL', '3 examples to train on and 1'],
    ['an unknown feature', { features: ['price.prise'] }, 'FRAME_INVALID', 'did you mean "price.price"?'],
    ['a text feature', { features: ['customer.region'] }, 'FRAME_INVALID', 'VARCHAR'],
    [
      'a missing key',
      { spine: { ...training.spine, keys: ['plant_id'] } },
      'FEATURE_KEYS_UNRESOLVED',
      'needs customer_id',
    ],
    [
      'a wrong label',
      { spine: { ...training.spine, label: 'bougt' } },
      'FRAME_INVALID',
      'did you mean "bought"?',
    ],
    ['repeated ids', { spine: { ...training.spine, id: 'plant_id' } }, 'FRAME_INVALID', 'more than once'],
    [
      'wrong SQL',
      { spine: { ...training.spine, query: { sql: 'SELEC 1' } } },
      'SQL_INVALID',
      'training.spine',
    ],
  ])('refuses %s', async (_what, change, code, text) => {
    revision = await world.apply({ sources, features: { views }, training: { ...training, ...change } });
    await load();
    const failure = (await build().catch((error: unknown) => error)) as Error & {
      code: string;
      retry: string;
    };
    expect([failure.code, failure.retry]).toEqual([code, 'never']);
    expect(failure.message).toContain(text);
  });
});
