import { systemActor } from '../actor.ts';
import { abortPromotion } from './abort-promotion.ts';
import { productionLost } from './productions.ts';
import { releaseCandidate } from './candidates.ts';
import { promotionLost } from './promotions.ts';
import { revalidationLost } from './revalidations.ts';
import { startRule } from './start-rule.ts';
import type { LifecycleState } from './state.ts';
import { inTurn, move } from './transition.ts';
import type { LifecycleContext, Transition } from './transition.ts';
import { releaseTrigger } from './triggers.ts';

const SILENT = 'It has not reported by its deadline.';

/** What time alone brings about: silent children are aborted or given up, and what waited long enough starts. */
export function wake(state: LifecycleState, context: LifecycleContext): Transition {
  return inTurn(
    state,
    (s) =>
      s.production !== null && context.now >= s.production.deadline
        ? productionLost(s, SILENT, context)
        : move(s),
    (s) =>
      s.promotion !== null && context.now >= s.promotion.deadline
        ? promotionOverdue(s, s.promotion.status, context)
        : move(s),
    (s) =>
      s.revalidation && context.now >= s.revalidation.deadline
        ? revalidationLost(s, SILENT, context)
        : move(s),
    (s) => releaseCandidate(s, context),
    (s) => releaseTrigger(s, context),
  );
}

/** It may still live, as in a pause that nobody ended: it is asked to end, and lost only if it does not. */
function promotionOverdue(
  state: LifecycleState,
  status: NonNullable<LifecycleState['promotion']>['status'],
  context: LifecycleContext,
): Transition {
  if (status === 'aborting') return promotionLost(state, SILENT, context);
  return abortPromotion(state, { actor: systemActor('lifecycle'), reason: SILENT }, context);
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
