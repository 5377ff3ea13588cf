import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ModelSpecInput } from '../../../src/contracts/spec/model-spec.ts';
import { withTransaction } from '../../../src/registry/database.ts';
import { readMaterialisations } from '../../../src/registry/feature-materialisations.ts';
import { onlineKey, onlineRowId, readOnlineFeatures } from '../../../src/registry/online-features.ts';
import { servableVersions } from '../../../src/registry/servable-versions.ts';
import { servedSources } from '../../../src/registry/specs-in-use.ts';
import { moveStage } from '../../../src/registry/versions.ts';
import type { VersionStage } from '../../../src/domain/version-stage.ts';
import { createDataWorld, ENVIRONMENT, MODEL } from './data-world.ts';
import type { DataWorld } from './data-world.ts';

const REF = { model: MODEL, environment: ENVIRONMENT };
const ADA = { id: 'ada', roles: [] };
const sources = {
  customers: { type: 'postgres', connection: 'SHOP_URL', table: 'customers' },
} satisfies ModelSpecInput['sources'];
type View = NonNullable<ModelSpecInput['features']['views']>[string];
/** What a customer spends, by an expression over dollars. */
const customer = (spend: string): View => ({
  description: 'Who.',
  keys: ['customer_id'],
  query: { sql: `SELECT customer_id, since AS event_time, ${spend} AS spend FROM customers` },
  columns: { spend: 'Money.' },
});
const DOLLARS = customer('dollars');
const CENTS = customer('dollars * 100');

let world: DataWorld;
let next: number;
beforeAll(async () => {
  world = await createDataWorld();
});
afterAll(() => world.close());

beforeEach(async () => {
  await world.db.query(
    `TRUNCATE source_states, dataset_versions, feature_materialisations, online_features, versions, model_specs, version_stages, routes CASCADE`,
  );
  await world.shop.query(`DROP TABLE IF EXISTS customers;
    CREATE TABLE customers (customer_id text, since timestamptz, dollars float8);
    INSERT INTO customers VALUES ('c1', '2026-01-01', 5), ('c2', '2026-01-01', 7)`);
  next = 1;
});

const apply = (views: Record<string, View>) => world.apply({ sources, features: { views } });

/** A version made with a revision of the spec. @returns its number */
async function version(specRevision: number, stage: VersionStage): Promise<number> {
  const number = next++;
  await world.db.query(
    `INSERT INTO versions (model, environment, version, stage, spec_revision, trigger_key, trigger, requested_by, artifact, size_bytes, signature)
     VALUES ($1, $2, $3, $4, $5, $6, '{}', 'ada', 'model', 1, '{"inputs": [], "outputs": []}')`,
    [MODEL, ENVIRONMENT, number, stage, specRevision, `t${String(number)}`],
  );
  return number;
}

const move = (number: number, stage: VersionStage) =>
  withTransaction(world.db, (tx) =>
    moveStage(tx, { ...REF, version: number, stage, reason: 'test', actor: ADA }),
  );

async function refresh(specRevision: number) {
  await world.call('ingestSource', { source: 'customers', specRevision });
  return world.call('materialiseFeatures', { specRevision });
}

/** What a version's view says online of a customer, looked up as the gateway does it. */
async function reads(number: number, view: string, id = 'c1'): Promise<unknown> {
  const [servable] = await servableVersions(world.db, REF, [number]);
  const lookup = { view, definition: servable!.views[view]!.definition!, key: onlineKey([id]) };
  const rows = await readOnlineFeatures(world.db, MODEL, ENVIRONMENT, [lookup]);
  return rows.get(onlineRowId(lookup))?.values['spend'];
}

const spends = (dollars: number) => world.shop.query('UPDATE customers SET dollars = $1', [dollars]);
const places = async () =>
  (await readMaterialisations(world.db, REF)).map(({ place }) => place.replace(/@.*/, '@')).sort();

describe('views of the versions that serve', () => {
  it('stay by their definition when a newer spec changes it under the same name', async () => {
    const first = await apply({ customer: DOLLARS });
    const champion = await version(first, 'champion');
    await refresh(first);
    const second = await apply({ customer: CENTS });
    const candidate = await version(second, 'candidate');
    await refresh(second);
    expect([await reads(champion, 'customer'), await reads(candidate, 'customer')]).toEqual([5, 500]);
    await spends(6);
    expect((await refresh(second)).onlineRows).toBe(4);
    expect([await reads(champion, 'customer'), await reads(candidate, 'customer')]).toEqual([6, 600]);
    // A production that began before the second spec was applied goes on by the first.
    await spends(8);
    await refresh(first);
    expect([await reads(champion, 'customer'), await reads(candidate, 'customer')]).toEqual([8, 800]);
  });

  it('are kept fresh when a newer spec renames or drops them, and computed once under two names', async () => {
    const first = await apply({ customer: DOLLARS });
    const champion = await version(first, 'champion');
    await refresh(first);
    const second = await apply({ client: DOLLARS });
    const challenger = await version(second, 'canary');
    expect((await refresh(second)).onlineRows).toBe(0);
    expect(await places()).toEqual(['customer']);
    await spends(6);
    expect((await refresh(second)).onlineRows).toBe(2);
    expect([await reads(champion, 'customer'), await reads(challenger, 'client')]).toEqual([6, 6]);
    expect(await servedSources(world.db, REF)).toEqual([]);
    const third = await world.apply({ sources: {}, features: { views: {} } });
    await spends(7);
    const served = await servedSources(world.db, REF);
    expect(served).toEqual([{ source: 'customers', specRevision: second }]);
    for (const read of served) await world.call('ingestSource', read);
    const refreshed = await world.call('materialiseFeatures', { specRevision: third });
    expect(refreshed).toEqual({ views: [], onlineRows: 2, frozen: [] });
    expect([await reads(champion, 'customer'), await reads(challenger, 'client')]).toEqual([7, 7]);
  });

  it('stay for every version that a rollback may choose, and go once nobody may serve by them', async () => {
    const first = await apply({ customer: DOLLARS });
    const one = await version(first, 'bake');
    await move(one, 'champion');
    await refresh(first);
    const second = await apply({ customer: CENTS });
    const two = await version(second, 'bake');
    await refresh(second);
    await move(one, 'retired');
    await move(two, 'champion');
    await spends(6);
    await refresh(second);
    expect([await reads(one, 'customer'), await reads(two, 'customer')]).toEqual([6, 600]);
    await move(one, 'quarantined');
    await refresh(second);
    expect(await places()).toEqual(['customer@']);
    expect(await reads(two, 'customer')).toBe(600);
    const { rows } = await world.db.query('SELECT DISTINCT view FROM online_features');
    expect(rows).toHaveLength(1);
    // A rejected version never serves; what it was trained with is not kept either.
    const third = await apply({ customer: customer('dollars * 1000') });
    await version(third, 'rejected');
    await refresh(third);
    await apply({ customer: CENTS });
    await refresh(third + 1);
    expect(await places()).toEqual(['customer@']);
  });

  it('stay for a version that is still routed though its rollout failed', async () => {
    const first = await apply({ customer: DOLLARS });
    const routed = await version(first, 'aborted');
    await world.db.query(
      `INSERT INTO routes (model, environment, generation, key, weights, shadow, reason, actor)
       VALUES ($1, $2, 1, 'k', $3, '[]', 'test', 'ada')`,
      [MODEL, ENVIRONMENT, JSON.stringify([{ version: routed, weight: 100 }])],
    );
    await refresh(first);
    await apply({ customer: CENTS });
    await spends(6);
    await refresh(first + 1);
    expect(await reads(routed, 'customer')).toBe(6);
  });

  it('that can be computed no more stay as they were, are named, and keep no other from being refreshed', async () => {
    const first = await apply({ customer: customer('age') });
    const champion = await version(first, 'champion');
    await world.shop.query('ALTER TABLE customers ADD age int; UPDATE customers SET age = 30');
    await refresh(first);
    const second = await apply({ customer: DOLLARS });
    const candidate = await version(second, 'candidate');
    await world.shop.query('ALTER TABLE customers DROP age; UPDATE customers SET dollars = 6');
    const { frozen } = await refresh(second);
    expect(frozen).toEqual([
      { view: 'customer', specRevision: first, reason: expect.stringContaining('SQL_INVALID') as string },
    ]);
    expect([await reads(champion, 'customer'), await reads(candidate, 'customer')]).toEqual([30, 6]);
    await expect(refresh(first)).rejects.toMatchObject({ code: 'SQL_INVALID' });
  });

  it('cost nothing more while nothing changed, however many specs have them', async () => {
    const view = (i: number) => customer(`dollars * ${String(i)}`);
    for (let i = 1; i <= 4; i += 1)
      await version(await apply({ customer: view(i), customer2: view(i) }), 'candidate');
    await refresh(4);
    expect(await places()).toEqual(['customer', 'customer@', 'customer@', 'customer@']);
    const before = await world.db.query(
      'SELECT view, created_at, xmin FROM feature_materialisations ORDER BY view',
    );
    expect((await refresh(4)).onlineRows).toBe(0);
    const after = await world.db.query(
      'SELECT view, created_at, xmin FROM feature_materialisations ORDER BY view',
    );
    expect(after.rows).toEqual(before.rows);
  });
});

describe('views that were put online before they had definitions', () => {
  /** What a worker of before does: the newest spec's views alone, each under its name. */
  async function asBefore(specRevision: number): Promise<void> {
    await refresh(specRevision);
    const online = await readMaterialisations(world.db, REF);
    const newest = online[0]!;
    await world.db.query(`DELETE FROM online_features WHERE view <> '${newest.place}';
      DELETE FROM feature_materialisations WHERE view <> '${newest.place}';
      UPDATE online_features SET view = 'customer'; UPDATE feature_materialisations SET view = 'customer'`);
  }
  /** What a gateway of before does: it looks the name up. */
  const byName = async () => {
    const lookup = { view: 'customer', key: onlineKey(['c1']) };
    const rows = await readOnlineFeatures(world.db, MODEL, ENVIRONMENT, [lookup]);
    return rows.get(onlineRowId(lookup))?.values['spend'];
  };

  it('are read on as they were, and a refresh gives each version its own', async () => {
    const first = await apply({ customer: DOLLARS });
    const champion = await version(first, 'champion');
    await asBefore(first);
    expect(await reads(champion, 'customer')).toBe(5);
    const second = await apply({ customer: CENTS });
    const candidate = await version(second, 'candidate');
    await asBefore(second);
    expect([await reads(champion, 'customer'), await reads(candidate, 'customer')]).toEqual([500, 500]);
    await refresh(second);
    expect([await reads(champion, 'customer'), await reads(candidate, 'customer')]).toEqual([5, 500]);
  });

  it('are kept fresh for a gateway of before, where the champion is', async () => {
    const first = await apply({ customer: DOLLARS });
    const champion = await version(first, 'champion');
    await asBefore(first);
    const second = await apply({ customer: CENTS });
    await version(second, 'candidate');
    await spends(6);
    await refresh(second);
    expect([await byName(), await reads(champion, 'customer')]).toEqual([6, 6]);
  });

  it('are all kept fresh where one definition lies under two names', async () => {
    const first = await apply({ customer: DOLLARS });
    const champion = await version(first, 'champion');
    await refresh(first);
    await world.db
      .query(`INSERT INTO online_features SELECT model, environment, 'client', key, values, event_time FROM online_features;
      INSERT INTO feature_materialisations SELECT model, environment, 'client', digest, rows, datasets, now() + interval '1s' FROM feature_materialisations`);
    const second = await apply({ client: DOLLARS });
    await spends(6);
    expect((await refresh(second)).onlineRows).toBe(4);
    expect([await byName(), await reads(champion, 'customer')]).toEqual([6, 6]);
    expect((await refresh(second)).onlineRows).toBe(0);
  });
});
