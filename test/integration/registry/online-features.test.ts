import { afterAll, beforeAll, expect, it } from 'vitest';
import { withTransaction } from '../../../src/registry/database.ts';
import type { Database } from '../../../src/registry/database.ts';
import { upsertOnline } from '../../../src/registry/feature-materialisations.ts';
import { onlineKey, readOnlineFeatures } from '../../../src/registry/online-features.ts';
import { applyModel, openRegistry } from './registry-fixture.ts';

const KEYS = 5000;
const ASKED = 7;

let db: Database;
beforeAll(async () => {
  db = await openRegistry();
});
afterAll(() => db.end());

it('reads the rows of the keys asked for and no others, also before PostgreSQL has statistics', async () => {
  const ref = await applyModel(db, 'plants');
  // A daemon that gathers statistics in the middle would make the test pass by luck.
  await db.query('ALTER TABLE online_features SET (autovacuum_enabled = false)');
  const changes = Array.from({ length: KEYS }, (_, i) => ({
    key: onlineKey([i]),
    values: { price: i },
    eventTimeMs: i,
  }));
  await withTransaction(db, (tx) => upsertOnline(tx, ref, 'shop', changes));
  const lookups = Array.from({ length: ASKED }, (_, i) => ({ view: 'shop', key: onlineKey([i * 700]) }));
  await withTransaction(db, async (tx) => {
    const unknown = { view: 'shop', key: onlineKey([-1]) };
    const found = await readOnlineFeatures(tx, ref.model, ref.environment, [...lookups, unknown]);
    expect(new Set([...found.values()].map((row) => row.values['price']))).toEqual(
      new Set(lookups.map((_, i) => i * 700)),
    );
    const { rows } = await tx.query<{ read: string }>(
      `SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) AS read FROM pg_stat_xact_user_tables WHERE relname = 'online_features'`,
    );
    expect(Number(rows[0]?.read)).toBe(ASKED);
  });
});
