import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { productRoot } from '../../src/embedded/binaries.ts';
import { leaksOfPlantly } from '../leaks/plantly-leaks.ts';
import { StoryProcess } from './told-story.ts';

/** Of the seeds that have been run, the two whose stories were quickest. */
const SEEDS = [5, 8];

const ChaosReport = z.object({
  ok: z.boolean(),
  faults: z.array(z.object({ hit: z.boolean(), fault: z.object({ kind: z.string() }) })),
  counts: z.array(z.object({ promise: z.string(), ok: z.boolean(), seen: z.string() })),
});

let story: StoryProcess | undefined;
afterEach(() => story?.stop());

describe('the life of the plant recommender while processes die, freeze and lose their servers', () => {
  it.each(SEEDS)('ends well and keeps every promise (seed %i)', async (seed) => {
    story = new StoryProcess('chaos', '.perennial/demo/report.json', ['--seed', String(seed)]);
    const told = await story.told();
    expect(told.report.steps.every(({ ok }) => ok)).toBe(true);
    const file = join(productRoot(), '.perennial/chaos', `seed-${String(seed)}`, 'report.json');
    const { faults, counts } = ChaosReport.parse(JSON.parse(readFileSync(file, 'utf8')));
    const hits = faults.filter(({ hit }) => hit).map(({ fault }) => fault.kind);
    expect(hits.length).toBeGreaterThan(3);
    expect(hits).toEqual(expect.arrayContaining(['kill', 'crash-point']));
    expect(counts.filter(({ ok }) => !ok)).toEqual([]);
    expect(counts.length).toBeGreaterThan(20);
  });

  it('leaves none of its secrets anywhere, whatever died while it held them', async () => {
    const kept = join(productRoot(), '.perennial/chaos', `seed-${String(SEEDS.at(-1))}`);
    expect(await leaksOfPlantly([kept])).toEqual([]);
  });
});
