import { productionLost } from './productions.ts';
import { releaseCandidate } from './candidates.ts';
import { promotionLost } from './promotions.ts';
import { revalidationLost } from './revalidations.ts';
import { startRule } from './start-rule.ts';
import type { LifecycleState } from './state.ts';
import { inTurn, move } from './transition.ts';
import type { LifecycleContext, Transition } from './transition.ts';
import { releaseTrigger } from './triggers.ts';

/** What time alone brings about: lost children are given up, and what waited long enough starts. */
export function wake(state: LifecycleState, context: LifecycleContext): Transition {
  const silent = 'It has not reported by its deadline.';
  return inTurn(
    state,
    (s) =>
      s.production !== null && context.now >= s.production.deadline
        ? productionLost(s, silent, context)
        : move(s),
    (s) =>
      s.promotion !== null && context.now >= s.promotion.deadline
        ? promotionLost(s, silent, context)
        : move(s),
    (s) =>
      s.revalidation && context.now >= s.revalidation.deadline
        ? revalidationLost(s, silent, context)
        : move(s),
    (s) => releaseCandidate(s, context),
    (s) => releaseTrigger(s, context),
  );
}

/** When `wake` has to be called next (milliseconds since the epoch), or null if only an event can change anything. */
export function nextWake(state: LifecycleState, context: LifecycleContext): number | null {
  const rule = state.waitingTrigger === null ? null : startRule(state, context);
  const times = [
    rule?.kind === 'hold' ? rule.until : null,
    state.production?.deadline ?? null,
    state.revalidation?.deadline ?? null,
    state.promotion?.status === 'finishing' ? null : (state.promotion?.deadline ?? null),
  ].filter((time): time is number => time !== null);
  return times.length === 0 ? null : Math.min(...times);
}
