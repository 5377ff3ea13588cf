import fc from 'fast-check';
import { commands } from './commands.ts';
import { makeChampion, settle, verifyAlive, verifyQuiet } from './settle.ts';
import { World } from './world.ts';

/** How often what the rules are about happened, all stories together: a check of nothing would pass as well. */
export interface Seen {
  stories: number;
  champions: number;
  rollbacks: number;
  stoppedEpisodes: number;
  /** Triggers that a production took which was waiting for new examples. */
  taken: number;
  restarts: number;
  terminated: number;
  /** Accepted wishes to validate a version again, and promotions that came of them. */
  revalidations: number;
  secondPromotions: number;
}

/** Tells random stories and holds each to the reference at every step, at its end, and in its afterlife. */
export function checkStories({ runs, seed }: { readonly runs: number; readonly seed: number }): Seen {
  const seen: Seen = {
    stories: 0,
    champions: 0,
    rollbacks: 0,
    stoppedEpisodes: 0,
    taken: 0,
    restarts: 0,
    terminated: 0,
    revalidations: 0,
    secondPromotions: 0,
  };
  const stories = fc.commands(commands, { maxCommands: 80, size: 'max' });
  fc.assert(
    fc.property(fc.nat(3), stories, (earlier, steps) => {
      const world = new World();
      for (let n = 0; n < earlier; n += 1) makeChampion(world, `earlier-${String(n)}`);
      const before = world.reference.reigns.length;
      fc.modelRun(() => ({ model: world.reference, real: world }), steps);
      seen.stories += 1;
      seen.champions += world.reference.reigns.length - before;
      seen.rollbacks += world.reference.barred.size;
      seen.restarts += world.run - 1;
      seen.terminated += world.terminated;
      settle(world);
      verifyQuiet(world);
      verifyAlive(world);
      const decisions = [...world.registry.decisions.values()];
      const again = decisions.filter(({ kind, outcome }) => kind === 'revalidation' && outcome === 'started');
      seen.revalidations += again.length;
      seen.secondPromotions += decisions.filter(
        ({ decisionId }) => decisionId.includes('/revalidation-') && decisionId.endsWith('/outcome'),
      ).length;
      seen.stoppedEpisodes += decisions.filter(({ kind }) => kind === 'retraining').length;
      seen.taken += decisions.filter(({ outcome }) => outcome === 'taken').length;
    }),
    { numRuns: runs, seed },
  );
  return seen;
}
