import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FeatureView } from '../../../src/contracts/spec/sources.ts';
import { withDuckDb } from '../../../src/data/duckdb.ts';
import { VIEW_TIME } from '../../../src/data/feature-view.ts';
import { joinAsOf } from '../../../src/data/point-in-time-join.ts';
import { resolveKeys } from '../../../src/domain/key-resolution.ts';

const TTL_MINUTES = 9;
const base = { description: '', eventTime: 'event_time', query: { sql: '' } };
const views: Record<string, FeatureView> = {
  customer: { ...base, keys: ['customer'], columns: { region: '' } },
  price: { ...base, keys: ['plant', 'region'], columns: { price: '' }, ttl: TTL_MINUTES * 60_000 },
};

const minute = fc.integer({ min: 0, max: 40 });
const history = fc.record({
  prices: fc.uniqueArray(
    fc.record({ region: fc.constantFrom('n', 's'), at: minute, price: fc.integer({ min: 1, max: 99 }) }),
    { maxLength: 12, selector: (p) => `${p.region}${String(p.at)}` },
  ),
  customers: fc.uniqueArray(
    fc.record({ id: fc.constantFrom('a', 'b'), at: minute, region: fc.constantFrom('n', 's') }),
    { maxLength: 6, selector: (c) => `${c.id}${String(c.at)}` },
  ),
  shows: fc.array(fc.record({ id: fc.constantFrom('a', 'b'), at: minute }), { minLength: 1, maxLength: 15 }),
});

const time = (at: number) => `TIMESTAMP '2026-01-01' + INTERVAL ${String(at)} MINUTE`;
const table = (name: string, columns: string, rows: readonly string[]) =>
  `CREATE TABLE ${name} (${columns});${rows.length > 0 ? `INSERT INTO ${name} VALUES ${rows.join(', ')}` : ''}`;

function newest<T extends { at: number }>(rows: readonly T[], at: number): T | undefined {
  return rows.filter((row) => row.at <= at).sort((x, y) => y.at - x.at)[0];
}

describe('the point-in-time join', () => {
  let directory: string;
  beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'perennial-join-'))));
  afterAll(() => rmSync(directory, { recursive: true }));

  it('agrees with a naive one on random histories, keys from other views and a time to live included', async () => {
    const resolution = resolveKeys(views, ['price'], ['customer', 'plant']);
    if (resolution.kind !== 'resolved') throw new Error(resolution.reason);
    await fc.assert(
      fc.asyncProperty(history, async ({ prices, customers, shows }) => {
        const found = await withDuckDb({ directory }, async (session) => {
          const p = prices.map((x) => `('p', '${x.region}', ${time(x.at)}, ${String(x.price)})`);
          const c = customers.map((x) => `('${x.id}', ${time(x.at)}, '${x.region}')`);
          const s = shows.map((x, i) => `('${String(i)}', ${time(x.at)}, '${x.id}', 'p')`);
          await session.run(
            table('price', `plant VARCHAR, region VARCHAR, ${VIEW_TIME} TIMESTAMP, price INTEGER`, p),
          );
          await session.run(table('customer', `customer VARCHAR, ${VIEW_TIME} TIMESTAMP, region VARCHAR`, c));
          await session.run(
            table('spine', 'id VARCHAR, event_time TIMESTAMP, customer VARCHAR, plant VARCHAR', s),
          );
          const joined = await joinAsOf(
            session,
            'spine',
            'event_time',
            resolution.joins,
            views,
            (view) => view,
          );
          return session.rows(`SELECT "price.price" AS price FROM "${joined}" ORDER BY id::INTEGER`);
        });
        const expected = shows.map((show) => {
          const region = newest(
            customers.filter((c) => c.id === show.id),
            show.at,
          )?.region;
          const price = newest(
            prices.filter((x) => x.region === region),
            show.at,
          );
          return price && show.at - price.at <= TTL_MINUTES ? price.price : null;
        });
        expect(found.map((row) => row.price)).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it('refuses to compare text with numbers', async () => {
    const joins = [{ view: 'customer', keys: [{ key: 'customer', origin: { from: 'given' as const } }] }];
    await expect(
      withDuckDb({ directory }, async (session) => {
        await session.run(
          `CREATE TABLE customer AS SELECT 1 AS customer, now()::TIMESTAMP AS ${VIEW_TIME}, 'n' AS region`,
        );
        await session.run("CREATE TABLE spine AS SELECT 'x' AS customer, now()::TIMESTAMP AS event_time");
        return joinAsOf(session, 'spine', 'event_time', joins, views, (view) => view);
      }),
    ).rejects.toMatchObject({ code: 'FRAME_INVALID' });
  });
});
