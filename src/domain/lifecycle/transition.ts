import type { Retraining } from '../../contracts/spec/operation.ts';
import type { Effect } from './effects.ts';
import type { LifecycleState } from './state.ts';

/** What a transition may know besides the state: whose lifecycle it is, its policy, and the time. */
export interface LifecycleContext {
  readonly model: string;
  readonly environment: string;
  readonly retraining: Pick<Retraining, 'coolDown' | 'dailyBudget' | 'gpuHoursPerDay' | 'maxStrikes'>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The next state, what must be done in the world, and what to answer. */
export interface Transition<Answer = void> {
  readonly state: LifecycleState;
  readonly effects: readonly Effect[];
  readonly answer: Answer;
}

export function move(state: LifecycleState, ...effects: readonly Effect[]): Transition {
  return { state, effects, answer: undefined };
}

/** Carries the state through several transitions in turn and gathers their effects in order. */
export function inTurn(
  state: LifecycleState,
  ...steps: readonly ((state: LifecycleState) => Transition)[]
): Transition {
  return steps.reduce<Transition>((before, step) => {
    const after = step(before.state);
    return { state: after.state, effects: [...before.effects, ...after.effects], answer: undefined };
  }, move(state));
}
