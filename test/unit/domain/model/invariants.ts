import { PROCESSED_KEYS_LIMIT } from '../../../../src/domain/lifecycle/processed-keys.ts';
import { must } from './reference.ts';
import type { World } from './world.ts';

/** What holds after every single step, whatever came before. */
export function verify(world: World): void {
  const { state, registry, reference } = world;
  const champions = [...registry.stages]
    .filter(([, stage]) => stage === 'champion')
    .map(([version]) => version);
  must(champions.length <= 1, `champions: ${champions.join(', ')}`);
  must(registry.champion === (champions[0] ?? null), 'the pointer and the stage differ');
  const told = !world.unheard.has('serving');
  must(!told || state.champion === registry.champion, 'the lifecycle believes in another champion');
  must(!state.formerChampions.includes(state.champion ?? 0), 'champion and former champion at once');
  must(new Set(state.formerChampions).size === state.formerChampions.length, 'a former champion twice');
  const idle = (world.lanes.get('serving') ?? []).length === 0;
  for (const { version } of registry.route.weights) {
    // Its stage moves first, so that nobody routes it again, and then its traffic, if there is a champion to take it.
    const ended = registry.stages.get(version) === 'rolled_back' && registry.champion !== null;
    must(!ended || !idle, `${String(version)} is rolled back, and nothing takes its traffic`);
    const barred = reference.barred.has(version) && !reference.namedByPeople.has(version);
    must(!barred, `${String(version)} still serves after its rollback`);
  }
  must(state.starting === null || state.production === null, 'two productions');
  const { production, waitingTrigger, paused } = state;
  const untold = production?.newExamples?.told === false && waitingTrigger?.wantedKey != null;
  must(!untold || paused !== null, 'a version waits for new examples, and does not know that one is wanted');
  const promoting = [...world.promotions.values()].filter(({ child }) => !child.ending);
  must(world.productions.size <= 1 && promoting.length <= 1, 'two children of a kind');
  must(state.processedKeys.length <= PROCESSED_KEYS_LIMIT && state.lastPassIds.length <= 20, 'unbounded');
  must(state.rolledBack.length <= 100 && state.formerChampions.length <= 20, 'unbounded');
}
