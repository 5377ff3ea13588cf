import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveKeys, viewsOfFeatures } from '../../../src/domain/key-resolution.ts';
import type { KeyedView } from '../../../src/domain/key-resolution.ts';

const views: Record<string, KeyedView> = {
  regional: { keys: ['region', 'category'], columns: { affinity: '' } },
  customer: { keys: ['customer_id'], columns: { region: '', age: '' } },
  plant: { keys: ['plant_id'], columns: { category: '', price: '' } },
  other: { keys: ['nothing'], columns: { region: '' } },
};

describe('resolveKeys', () => {
  it('takes keys that are given, and reads the others from views joined before', () => {
    expect(resolveKeys(views, ['regional'], ['customer_id', 'plant_id'])).toEqual({
      kind: 'resolved',
      joins: [
        { view: 'customer', keys: [{ key: 'customer_id', origin: { from: 'given' } }] },
        { view: 'plant', keys: [{ key: 'plant_id', origin: { from: 'given' } }] },
        {
          view: 'regional',
          keys: [
            { key: 'region', origin: { from: 'view', view: 'customer', column: 'region' } },
            { key: 'category', origin: { from: 'view', view: 'plant', column: 'category' } },
          ],
        },
      ],
    });
  });

  it('prefers a given key, and joins no view that is not needed for it', () => {
    const resolution = resolveKeys(views, ['regional'], ['region', 'category', 'customer_id', 'plant_id']);
    expect(resolution).toEqual({
      kind: 'resolved',
      joins: [
        {
          view: 'regional',
          keys: [
            { key: 'region', origin: { from: 'given' } },
            { key: 'category', origin: { from: 'given' } },
          ],
        },
      ],
    });
  });

  it('names the keys that nothing yields', () => {
    const resolution = resolveKeys(views, ['regional', 'gone'], ['customer_id']);
    expect(resolution).toMatchObject({
      kind: 'unresolved',
      missing: [
        { view: 'regional', keys: ['category'] },
        { view: 'gone', keys: [] },
      ],
    });
    expect(resolution.kind === 'unresolved' && resolution.reason).toContain('there is no view "gone"');
  });

  it('ends on views that wait for each other', () => {
    const circle = { a: { keys: ['y'], columns: { x: '' } }, b: { keys: ['x'], columns: { y: '' } } };
    expect(resolveKeys(circle, ['a', 'b'], []).kind).toBe('unresolved');
  });

  it('never uses a key before it is known, and joins each view once', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
    const view = fc.record({
      keys: fc.uniqueArray(name, { minLength: 1, maxLength: 2 }),
      columns: fc.dictionary(name, fc.constant(''), { maxKeys: 2 }),
    });
    const graph = fc.dictionary(fc.constantFrom('v1', 'v2', 'v3', 'v4', 'v5'), view);
    fc.assert(
      fc.property(graph, fc.uniqueArray(name, { maxLength: 3 }), (all, given) => {
        const needed = Object.keys(all).slice(0, 3);
        const resolution = resolveKeys(all, needed, given);
        if (resolution.kind === 'unresolved') return;
        const joined = new Set<string>();
        for (const { view: joining, keys } of resolution.joins) {
          for (const { key, origin } of keys) {
            if (origin.from === 'given') expect(given).toContain(key);
            else expect(joined).toContain(origin.view);
          }
          expect(joined).not.toContain(joining);
          joined.add(joining);
        }
        for (const wanted of needed) expect(joined).toContain(wanted);
      }),
    );
  });
});

describe('viewsOfFeatures', () => {
  it('names each view once, in the order of first use', () => {
    expect(viewsOfFeatures(['b.x', 'a.y', 'b.z'])).toEqual(['b', 'a']);
  });
});
