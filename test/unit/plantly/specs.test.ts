import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadSpec } from '../../../src/spec/load-spec.ts';
import { PLANTLY } from './run-python.ts';

const load = async (file: string) => (await loadSpec(join(PLANTLY, file))).spec;

describe('the spec files of plantly', () => {
  it.each(['perennial.yaml', 'perennial.no-mask.yaml', 'perennial.v2.yaml', 'perennial.deep.yaml'])(
    '%s is a valid spec whose SQL files exist',
    async (file) => {
      const spec = await load(file);
      expect(spec.name).toBe('plant-recommender');
      expect(spec.gates.map((gate) => gate.name)).toContain('never-recommend-invasive');
      expect(spec.evaluation.slices).toEqual(['region', 'age_band']);
    },
  );

  it('reads the same sources whatever the version', async () => {
    const { sources } = await load('perennial.yaml');
    for (const file of ['perennial.no-mask.yaml', 'perennial.v2.yaml', 'perennial.deep.yaml']) {
      expect((await load(file)).sources).toEqual(sources);
    }
  });

  it('differs without the mask only in the mask and in the examples it would forbid', async () => {
    const baseline = await load('perennial.yaml');
    const noMask = await load('perennial.no-mask.yaml');
    expect(baseline.training.trainer.parameters['excludeInvasive']).toBe(true);
    expect(noMask.training.trainer.parameters['excludeInvasive']).toBe(false);
    noMask.training.trainer.parameters['excludeInvasive'] = true;
    noMask.training.spine.query = baseline.training.spine.query;
    expect(noMask).toEqual(baseline);
  });

  it('gives version 2 features that version 1 does not have', async () => {
    const before = new Set((await load('perennial.yaml')).training.features);
    const added = (await load('perennial.v2.yaml')).training.features.filter((name) => !before.has(name));
    expect(added).toEqual([
      'plant_popularity.click_trend',
      'plant_popularity.click_fame',
      'plant_stock.in_stock',
      'region_category.region_affinity',
      'age_category.age_affinity',
      'category_season.season_momentum',
    ]);
  });

  it('trains the deep recommender on what version 2 knows', async () => {
    expect((await load('perennial.deep.yaml')).training.features).toEqual(
      (await load('perennial.v2.yaml')).training.features,
    );
  });
});
