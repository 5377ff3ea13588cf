import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RETRAINING, SimulatedWorld, step } from './simulated-world.ts';
import type { Step } from './simulated-world.ts';

const RUNS = { numRuns: 2_000 };
const story = fc.array(step, { minLength: 5, maxLength: 120, size: 'max' });

type Check = (world: SimulatedWorld, before: SimulatedWorld['state'], event: Step) => void;

/** Tells stories step by step and checks after each. Answers how often champions moved, all stories together. */
function hold(check: Check): number {
  let moves = 0;
  fc.assert(
    fc.property(story, (events) => {
      const world = new SimulatedWorld();
      for (const event of events) {
        const before = world.state;
        world.take(event);
        check(world, before, event);
      }
      moves += world.champions.length;
    }),
    RUNS,
  );
  return moves;
}

/** As cheap as an `if`: it runs a hundred thousand times. */
function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

describe('whatever happens in whatever order, a lifecycle', () => {
  it('agrees with the registry about the one champion, and never moves it against another one', () => {
    const moves = hold(({ state, champion }) => {
      must(state.champion === champion, 'two champions');
      must(champion === null || !state.formerChampions.includes(champion), 'champion and former at once');
      must(new Set(state.formerChampions).size === state.formerChampions.length, 'former twice');
    });
    expect(moves).toBeGreaterThan(500);
  });

  it('makes no version champion whose promotion did not pass', () => {
    hold((world) => {
      must(
        world.champions.every((version) => world.passed.has(version)),
        'champion without a passed promotion',
      );
    });
  });

  it('lets automation serve no version that was rolled back', () => {
    hold((world) => {
      const broken = world.servedByAutomation.some(({ version, rolledBack }) => rolledBack.includes(version));
      must(!broken, 'served again');
    });
  });

  it('runs at most one production, within the budget, and cooled down where nobody asked', () => {
    hold(({ state, now }, before, event) => {
      must(state.starting === null || state.production === null, 'two productions');
      must(state.budget.used <= RETRAINING.dailyBudget, 'over budget');
      if (state.starting === null || before.starting !== null || before.lastProductionStartedAt === null)
        return;
      const asked = event.do === 'trigger' && (event.source === 'api' || event.source === 'webhook');
      const cooled = now - before.lastProductionStartedAt >= RETRAINING.coolDown;
      must(asked || before.waitingTrigger?.exempt === true || cooled, 'started in the cool-down');
    });
  });

  it('starts nothing while paused', () => {
    hold(({ state }, before, event) => {
      if (before.paused === null || event.do === 'resume') return;
      must(state.starting === null || before.starting !== null, 'production started');
      must(state.promotion === null || before.promotion !== null, 'promotion started');
    });
  });

  it('stops an episode at its last strike', () => {
    hold(({ state: { episode } }) => {
      if (episode === null) return;
      must(episode.strikes <= RETRAINING.maxStrikes, 'too many strikes');
      const last = episode.strikes === RETRAINING.maxStrikes;
      must((episode.stoppedAt !== null) === last, 'not stopped');
    });
  });

  it('changes nothing for a trigger that it has seen', () => {
    hold((world, _before, event) => {
      if (event.do !== 'trigger') return;
      const { state } = world;
      world.take(event);
      must(JSON.stringify(world.state) === JSON.stringify(state), 'the repetition changed something');
    });
  });

  it('stays bounded and serialisable', () => {
    hold(({ state }) => {
      must(state.processedKeys.length <= 500 && state.lastPassIds.length <= 20, 'unbounded');
      must(state.rolledBack.length <= 100 && state.formerChampions.length <= 20, 'unbounded');
      must(!JSON.stringify(state).includes('undefined'), 'not serialisable');
    });
  });
});
