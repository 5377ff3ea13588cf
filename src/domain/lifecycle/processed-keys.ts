import type { TriggerAnswer } from '../trigger.ts';
import type { LifecycleState } from './state.ts';

/** How many trigger keys are remembered; a repetition older than the newest 500 is taken for a new trigger. */
export const PROCESSED_KEYS_LIMIT = 500;

/** What the key was answered the first time, or null for a key that was not seen. */
export function firstAnswer(state: LifecycleState, key: string): TriggerAnswer | null {
  const known = state.processedKeys.find((entry) => entry.key === key);
  if (known !== undefined) return JSON.parse(known.answer) as TriggerAnswer;
  const holder = [state.waitingTrigger, state.starting].find((held) => held?.absorbed.includes(key));
  return holder ? { kind: 'duplicate', of: holder.trigger.key } : null;
}

/** Remembers an answer under its key; an answer that became more exact replaces the earlier one. */
export function remember(state: LifecycleState, key: string, answer: TriggerAnswer): LifecycleState {
  const others = state.processedKeys.filter((entry) => entry.key !== key);
  const processedKeys = [...others, { key, answer: JSON.stringify(answer) }].slice(-PROCESSED_KEYS_LIMIT);
  return { ...state, processedKeys };
}
