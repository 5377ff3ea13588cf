import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appendBatch, manifestDigest, MAX_PARTS, writePart } from '../../../src/data/append-batch.ts';
import type { AppendOptions } from '../../../src/data/append-batch.ts';
import { attachDataset } from '../../../src/data/dataset-views.ts';
import { withDuckDb } from '../../../src/data/duckdb.ts';
import type { DatasetManifest, DatasetPart } from '../../../src/domain/dataset.ts';
import { createDataWorld } from './data-world.ts';
import type { DataWorld } from './data-world.ts';

let world: DataWorld;
beforeAll(async () => {
  world = await createDataWorld();
});
afterAll(() => world.close());

const ref = { model: 'm', environment: 'dev', source: 's' };
const watermark = { from: null, to: null };

describe('appending a batch', () => {
  it('rewrites a version of many parts as one with the same rows', async () => {
    await withDuckDb({ directory: join(world.directory, 'scratch') }, async (session) => {
      const parts: DatasetPart[] = [];
      for (let i = 0; i < MAX_PARTS; i += 1) {
        parts.push(
          (await writePart(session, world.store, `SELECT ${String(i % 40)} AS id, ${String(i)} AS x`)).part,
        );
      }
      const columns = [
        { name: 'id', type: 'INTEGER' },
        { name: 'x', type: 'INTEGER' },
      ];
      const base = { kind: 'dataset', ...ref, parts, columns, primaryKey: ['id'], watermark } as const;
      const manifest: DatasetManifest = { ...base, rows: 40, replaced: 10, parent: null, profile: {} };
      const files = await attachDataset(session, world.store, 'before', manifest);
      await session.run('CREATE TABLE batch AS SELECT 0 AS id, 99 AS x');
      const parent = { digest: manifestDigest(manifest), manifest, files };
      const options = { ref, table: 'batch', parent, keepParent: true, primaryKey: ['id'], watermark };
      const after = await appendBatch(session, world.store, options);
      expect(after.manifest).toMatchObject({ rows: 40, replaced: 0, parent: parent.digest });
      expect(after.manifest.parts).toHaveLength(1);
      await attachDataset(session, world.store, 'after', after.manifest);
      const expected = 'SELECT * FROM before WHERE id > 0 UNION ALL SELECT * FROM batch';
      expect(await session.rows(`SELECT * FROM after ORDER BY id`)).toEqual(
        await session.rows(`SELECT * FROM (${expected}) ORDER BY id`),
      );
    });
  });

  it('counts each key once, also missing ones and those of a key that the spec changed', async () => {
    await withDuckDb({ directory: join(world.directory, 'scratch') }, async (session) => {
      await session.run('SELECT setseed(0.1)');
      let parent: AppendOptions['parent'] = null;
      for (const [i, primaryKey] of [['a', 'b'], ['a', 'b'], ['a', 'b'], ['a'], ['a'], []].entries()) {
        const random = (to: number) =>
          `CASE WHEN random() < 0.1 THEN NULL ELSE (random() * ${String(to)})::INTEGER END`;
        await session.run(
          `CREATE OR REPLACE TABLE batch AS SELECT ${random(9)} AS a, ${random(4)}::VARCHAR AS b, ${String(i)} AS x FROM range(40)`,
        );
        const { digest, manifest } = await appendBatch(session, world.store, {
          ref,
          table: 'batch',
          parent,
          keepParent: true,
          primaryKey,
          watermark,
        });
        const name = `after ${String(i)}`;
        parent = { digest, manifest, files: await attachDataset(session, world.store, name, manifest) };
        const rows = await session.rows(`SELECT * FROM "${name}"`);
        expect(manifest.rows).toBe(rows.length);
        expect(manifest.replaced).toBe(40 * (i + 1) - rows.length);
      }
    });
  });

  it('rewrites the newest parts only, where an old one is large', async () => {
    await withDuckDb({ directory: join(world.directory, 'scratch') }, async (session) => {
      const { part: large } = await writePart(
        session,
        world.store,
        'SELECT i AS id, random() AS x, i AS old FROM range(20000) r(i)',
      );
      const parts = [large];
      for (let i = 1; i < MAX_PARTS; i += 1) {
        parts.push(
          (await writePart(session, world.store, `SELECT ${String(i % 40)} AS id, ${String(i)}::DOUBLE AS x`))
            .part,
        );
      }
      const columns = [
        { name: 'id', type: 'BIGINT' },
        { name: 'x', type: 'DOUBLE' },
        { name: 'old', type: 'BIGINT' },
      ];
      const base = { kind: 'dataset', ...ref, parts, columns, primaryKey: ['id'], watermark } as const;
      const manifest: DatasetManifest = {
        ...base,
        rows: 20_000,
        replaced: MAX_PARTS - 1,
        parent: null,
        profile: {},
      };
      const files = await attachDataset(session, world.store, 'before', manifest);
      await session.run('CREATE TABLE batch AS SELECT 20000::BIGINT AS id, 0.5::DOUBLE AS x, true AS new');
      const parent = { digest: manifestDigest(manifest), manifest, files };
      const options = { ref, table: 'batch', parent, keepParent: true, primaryKey: ['id'], watermark };
      const after = await appendBatch(session, world.store, options);
      expect(after.manifest.parts).toMatchObject([large, { rows: 41 }]);
      expect(after.manifest).toMatchObject({ rows: 20_001, replaced: 40 });
      await attachDataset(session, world.store, 'after', after.manifest);
      const expected = 'SELECT *, NULL::BOOLEAN AS new FROM before UNION ALL BY NAME SELECT * FROM batch';
      expect(await session.rows('SELECT * FROM after ORDER BY id')).toEqual(
        await session.rows(`SELECT * FROM (${expected}) ORDER BY id`),
      );
    });
  });

  it('gives the same digest for the same rows after the same parent', async () => {
    const once = () =>
      withDuckDb({ directory: join(world.directory, 'scratch') }, async (session) => {
        await session.run(
          "CREATE TABLE batch AS SELECT i AS id, 'row ' || (i % 97) AS s, sqrt(i) AS x FROM range(300000) r(i)",
        );
        return appendBatch(session, world.store, {
          ref,
          table: 'batch',
          parent: null,
          keepParent: true,
          primaryKey: [],
          watermark,
        });
      });
    const [first, second] = [await once(), await once()];
    expect(second.digest).toBe(first.digest);
    expect(manifestDigest(first.manifest)).toBe(first.digest);
    expect(await world.store.readJson(first.digest)).toEqual(first.manifest);
    expect(first.manifest.profile).toMatchObject({
      id: { min: 0, max: 299_999, nulls: 0 },
      s: { min: 'row 0', max: 'row 96' },
    });
  });
});
