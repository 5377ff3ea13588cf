import { describe, expect, it } from 'vitest';
import { onlineRowId } from '../../../src/registry/online-features.ts';
import type { FeatureValue } from '../../../src/registry/online-features.ts';
import type { ServableVersion } from '../../../src/registry/servable-versions.ts';
import { assembleFeatures } from '../../../src/serving/assemble-features.ts';
import { CachedFeatures } from '../../../src/serving/cached-features.ts';
import { planFeatures } from '../../../src/serving/feature-plan.ts';

const SERVABLE: ServableVersion = {
  model: 'plants',
  environment: 'dev',
  version: 1,
  artifact: 'x',
  signature: {
    inputs: [{ name: 'features', type: 'float32', shape: [-1, 4] }],
    outputs: [{ name: 'score', type: 'float32', shape: [-1] }],
  },
  features: ['local.sales', 'plant.outdoor', 'customer.age', 'fresh.stock'],
  views: {
    customer: { keys: ['customer_id'], columns: { age: '', region: '' } },
    plant: { keys: ['plant_id'], columns: { outdoor: '' } },
    local: { keys: ['region', 'plant_id'], columns: { sales: '' } },
    fresh: { keys: ['plant_id'], columns: { stock: '' }, ttl: 1000 },
  },
  rank: { entity: ['customer_id'], candidate: ['plant_id'], defaultK: 5 },
  output: 'score',
};
const NOW = 1_000_000;

const TABLE: Record<string, { values: Record<string, FeatureValue>; age?: number }> = {
  'customer\n["c1"]': { values: { age: 30, region: 'north' } },
  'plant\n[1]': { values: { outdoor: true } },
  'plant\n[2]': { values: { outdoor: null } },
  'local\n["north",1]': { values: { sales: 7 } },
  'fresh\n[1]': { values: { stock: 3 }, age: 1000 },
  'fresh\n[2]': { values: { stock: 4 }, age: 1001 },
};

function table() {
  const reads: string[][] = [];
  const features = new CachedFeatures({
    read: async (_model, lookups) => {
      reads.push(lookups.map(onlineRowId));
      return new Map(
        lookups.flatMap((one) => {
          const found = TABLE[onlineRowId(one)];
          if (!found) return [];
          return [
            [
              onlineRowId(one),
              { ...one, values: found.values, eventTimeMs: NOW - (found.age ?? 0) },
            ] as const,
          ];
        }),
      );
    },
    ttlMs: 0,
    maxRows: 100,
    timeoutMs: 1000,
    restMs: 0,
  });
  return { reads, features };
}

describe('feature plans', () => {
  it('looks a view up after the view that yields its key, and the entity once for all candidates', async () => {
    const { reads, features } = table();
    const candidates = [{ plant_id: 1 }, { plant_id: 2 }];
    const matrix = await assembleFeatures(
      planFeatures(SERVABLE),
      features,
      'plants',
      { customer_id: 'c1' },
      candidates,
      NOW,
    );
    expect(reads.map((read) => read.length)).toEqual([5, 2]);
    expect(reads[0]?.filter((id) => id.startsWith('customer'))).toHaveLength(1);
    expect(reads[1]).toEqual(['local\n["north",1]', 'local\n["north",2]']);
    // In the order of the features; missing, null and too old are NaN; true is 1.
    expect(Array.from(matrix)).toEqual([7, 1, 30, 3, NaN, NaN, 30, NaN]);
  });

  it('gives nothing for a view whose key is unknown', async () => {
    const { features } = table();
    const matrix = await assembleFeatures(
      planFeatures(SERVABLE),
      features,
      'plants',
      { customer_id: 'new' },
      [{ plant_id: 1 }],
      NOW,
    );
    expect(Array.from(matrix)).toEqual([NaN, 1, NaN, 3]);
  });

  it('looks a view up by the definition that its version was trained with', async () => {
    const { reads, features } = table();
    const customer = { definition: 'd1', keys: ['customer_id'], columns: { age: '', region: '' } };
    await assembleFeatures(
      planFeatures({ ...SERVABLE, views: { ...SERVABLE.views, customer } }),
      features,
      'plants',
      { customer_id: 'c1' },
      [{ plant_id: 1 }],
      NOW,
    );
    expect(reads[0]).toContain('d1\n["c1"]');
  });

  it("follows the signature's order where it names the same features", () => {
    const named = ['customer.age', 'fresh.stock', 'local.sales', 'plant.outdoor'];
    const input = { name: 'features', type: 'float32' as const, shape: [-1, 4] };
    const ordered = (features: string[]) =>
      planFeatures({
        ...SERVABLE,
        signature: { ...SERVABLE.signature, inputs: [{ ...input, features }] },
      }).features.map(({ view, column }) => `${view}.${column}`);
    expect(ordered(named)).toEqual(named);
    expect(ordered(['a', 'b', 'c', 'd'])).toEqual(SERVABLE.features);
  });

  it('says why a version does not rank', () => {
    expect(() => planFeatures({ ...SERVABLE, rank: null })).toThrow(/serving\.rank/);
    expect(() =>
      planFeatures({ ...SERVABLE, rank: { entity: ['user'], candidate: ['plant_id'], defaultK: 5 } }),
    ).toThrow(/customer_id/);
  });
});
