import type { LifecycleState } from './state.ts';

/** How many earlier champions are remembered as targets of a rollback. */
export const FORMER_CHAMPIONS_LIMIT = 20;

/** The state with another champion; the one that it replaces heads the earlier ones. */
export function withChampion(state: LifecycleState, version: number): LifecycleState {
  const formerChampions = [state.champion, ...state.formerChampions]
    .filter((v): v is number => v !== null && v !== version)
    .filter((v, i, all) => all.indexOf(v) === i)
    .slice(0, FORMER_CHAMPIONS_LIMIT);
  return { ...state, champion: version, formerChampions };
}
