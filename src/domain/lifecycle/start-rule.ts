import { budgetDay } from './budget-day.ts';
import { isGpuBudgetSpent } from './gpu-budget.ts';
import type { LifecycleContext } from './transition.ts';
import type { LifecycleState } from './state.ts';

const DAY_MS = 86_400_000;

/** Whether the waiting trigger may start. `until` is null when an event, not the clock, ends the wait. */
export type StartRule =
  | { readonly kind: 'start' }
  | { readonly kind: 'hold'; readonly reason: string; readonly until: number | null };

/**
 * Whether the production under way has still to be told that somebody wants a version now: one that waits for new
 * examples can serve that. Once is enough, and while paused it can wait like everything else.
 */
export function mayServe(
  { newExamples }: NonNullable<LifecycleState['production']>,
  { waitingTrigger, paused }: LifecycleState,
): boolean {
  return newExamples?.told === false && waitingTrigger?.wantedKey != null && paused === null;
}

/**
 * One production at a time; nothing new while paused; `dailyBudget` productions and `gpuHoursPerDay` a UTC day, whoever asks;
 * and `coolDown` since the last start for what schedules and findings ask for. People, the API and webhooks
 * are not cooled down: somebody wants it now. What is held back waits; it is never dropped.
 */
export function startRule(state: LifecycleState, context: LifecycleContext): StartRule {
  const { retraining, now } = context;
  if (state.starting !== null) return { kind: 'hold', reason: 'a production is starting', until: null };
  if (state.production !== null) {
    const version = `version ${String(state.production.version)}`;
    const hope = mayServe(state.production, state)
      ? '; if it still waits for new examples it goes on now, and serves this too'
      : '';
    return { kind: 'hold', reason: `${version} is in production${hope}`, until: null };
  }
  if (state.paused !== null) {
    return { kind: 'hold', reason: `paused by ${state.paused.by}: ${state.paused.reason}`, until: null };
  }
  const tomorrow = (Math.floor(now / DAY_MS) + 1) * DAY_MS;
  if (state.budget.day === budgetDay(now) && state.budget.used >= retraining.dailyBudget) {
    return {
      kind: 'hold',
      reason: `today's budget of ${String(retraining.dailyBudget)} is spent`,
      until: tomorrow,
    };
  }
  if (isGpuBudgetSpent(state, retraining.gpuHoursPerDay, now)) {
    const reason = `today's ${String(retraining.gpuHoursPerDay)} GPU hours are spent`;
    return { kind: 'hold', reason, until: tomorrow };
  }
  const cooledAt =
    state.lastProductionStartedAt === null ? null : state.lastProductionStartedAt + retraining.coolDown;
  if (cooledAt !== null && now < cooledAt && state.waitingTrigger?.wantedKey == null) {
    return { kind: 'hold', reason: `cool-down until ${new Date(cooledAt).toISOString()}`, until: cooledAt };
  }
  return { kind: 'start' };
}
