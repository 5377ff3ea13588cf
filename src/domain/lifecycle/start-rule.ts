import type { LifecycleContext } from './transition.ts';
import type { LifecycleState } from './state.ts';

const DAY_MS = 86_400_000;

/** Whether the waiting trigger may start. `until` is null when an event, not the clock, ends the wait. */
export type StartRule =
  | { readonly kind: 'start' }
  | { readonly kind: 'hold'; readonly reason: string; readonly until: number | null };

/** The day that a budget counts by, in UTC. */
export function budgetDay(now: number): string {
  return new Date(now).toISOString().slice(0, 10);
}

/**
 * One production at a time; nothing new while paused; `dailyBudget` productions a UTC day, whoever asks;
 * and `coolDown` since the last start for what schedules and findings ask for. People, the API and webhooks
 * are not cooled down: somebody wants it now. What is held back waits; it is never dropped.
 */
export function startRule(state: LifecycleState, context: LifecycleContext): StartRule {
  const { retraining, now } = context;
  if (state.starting !== null) return { kind: 'hold', reason: 'a production is starting', until: null };
  if (state.production !== null) {
    return {
      kind: 'hold',
      reason: `version ${String(state.production.version)} is in production`,
      until: null,
    };
  }
  if (state.paused !== null) {
    return { kind: 'hold', reason: `paused by ${state.paused.by}: ${state.paused.reason}`, until: null };
  }
  if (state.budget.day === budgetDay(now) && state.budget.used >= retraining.dailyBudget) {
    const until = (Math.floor(now / DAY_MS) + 1) * DAY_MS;
    return { kind: 'hold', reason: `today's budget of ${String(retraining.dailyBudget)} is spent`, until };
  }
  const cooledAt =
    state.lastProductionStartedAt === null ? null : state.lastProductionStartedAt + retraining.coolDown;
  if (cooledAt !== null && now < cooledAt && state.waitingTrigger?.exempt !== true) {
    return { kind: 'hold', reason: `cool-down until ${new Date(cooledAt).toISOString()}`, until: cooledAt };
  }
  return { kind: 'start' };
}
