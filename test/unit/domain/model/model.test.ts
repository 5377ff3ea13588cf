import { readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { MUTATIONS } from '../../../bench/model/mutations.ts';
import { checkStories } from './check-stories.ts';

vi.setConfig({ testTimeout: 600_000 });

/** Fixed, so that a red build is red again; `npm run bench -- model` tells 100,000 others. */
const SEED = 20_260_101;

describe('whatever happens in whatever order, a model', () => {
  it('obeys the rules of who serves, records every decision, and always finds a way out', () => {
    const seen = checkStories({ runs: 6_000, seed: SEED });
    expect(seen.stories).toBe(6_000);
    // Rules about what never happens in the stories would hold by themselves.
    expect(seen.champions).toBeGreaterThan(2_000);
    expect(seen.rollbacks).toBeGreaterThan(1_000);
    expect(seen.stoppedEpisodes).toBeGreaterThan(20);
    expect(seen.taken).toBeGreaterThan(30);
    expect(seen.restarts).toBeGreaterThan(3_000);
    expect(seen.terminated).toBeGreaterThan(400);
    expect(seen.revalidations).toBeGreaterThan(1_000);
    expect(seen.secondPromotions).toBeGreaterThan(100);
  });
});

// `npm run bench -- model` takes these rules out; a text that is not there any more would be noticed by nobody before it.
it.each(MUTATIONS.map(({ rule, file, find }) => ({ rule, file, find })))(
  'the rule "$rule" is where the mutant takes it out',
  ({ file, find }) => {
    expect(readFileSync(new URL(`../../../../${file}`, import.meta.url), 'utf8').split(find)).toHaveLength(2);
  },
);
