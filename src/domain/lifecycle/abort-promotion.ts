import type { Actor } from '../actor.ts';
import type { LifecycleState } from './state.ts';
import { move } from './transition.ts';
import type { LifecycleContext, Transition } from './transition.ts';

/** An abort puts traffic back and reports; a promotion that has not done so by then counts as lost. */
const ABORT_TIMEOUT_MS = 3_600_000;

/** Asks the promotion under way to end, once. One that has passed already can't be aborted any more. */
export function abortPromotion(
  state: LifecycleState,
  by: { readonly actor: Actor; readonly reason: string },
  context: LifecycleContext,
): Transition {
  const { promotion } = state;
  if (promotion?.status !== 'running') return move(state);
  const { version } = promotion;
  const deadline = context.now + ABORT_TIMEOUT_MS;
  return move(
    { ...state, promotion: { ...promotion, status: 'aborting', deadline } },
    { kind: 'abort_promotion', version, ...by },
  );
}
