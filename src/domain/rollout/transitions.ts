import type { Baseline } from '../../contracts/activities/rollout.ts';
import { PERSON_REQUIRED, ROLLOUT_NOT_PAUSED, ROLLOUT_NOT_RUNNING } from '../../errors/lifecycle-errors.ts';
import { isSystem } from '../actor.ts';
import type { Actor } from '../actor.ts';
import { refusal } from '../refusal.ts';
import type { Refusal } from '../refusal.ts';
import type { RolloutStep } from './plan.ts';
import { addProof, NO_PROOF } from './proof.ts';
import type { Proof, RolloutLook, RolloutState } from './state.ts';

const LOOKS_LIMIT = 20;

export function startRollout(version: number, champion: number | null, now: number): RolloutState {
  return {
    version,
    champion,
    phase: 'preparing',
    weight: 0,
    stepIndex: 0,
    generation: null,
    phaseStartedAt: now,
    proof: NO_PROOF,
    paused: null,
    consecutiveFailures: 0,
    consecutiveErrors: 0,
    looks: [],
    outcome: null,
  };
}

/** Every gateway obeys the step's route: its clock starts now, and nothing seen before counts for it. */
export function enterStep(
  state: RolloutState,
  step: Pick<RolloutStep, 'phase' | 'weight'>,
  at: { readonly index: number; readonly generation: number; readonly now: number },
): RolloutState {
  return {
    ...state,
    phase: step.phase,
    weight: step.weight,
    stepIndex: at.index,
    generation: at.generation,
    phaseStartedAt: at.now,
    proof: NO_PROOF,
    consecutiveFailures: 0,
    consecutiveErrors: 0,
  };
}

/** @param shown what the look itself has shown of the step's outcomes */
export function recordLook(state: RolloutState, look: RolloutLook, shown: Proof = NO_PROOF): RolloutState {
  const { kind } = look.verdict;
  return {
    ...state,
    proof: addProof(state.proof, shown),
    looks: [...state.looks, look].slice(-LOOKS_LIMIT),
    consecutiveFailures: kind === 'fail' ? state.consecutiveFailures + 1 : 0,
    consecutiveErrors: kind === 'error' ? state.consecutiveErrors + 1 : 0,
  };
}

export function pauseRollout(state: RolloutState, by: string, reason: string, now: number): RolloutState {
  return { ...state, paused: { by, reason, at: now } };
}

/** The step begins its time anew: what was undecided gets another chance. */
export function resumeRollout(state: RolloutState, now: number): RolloutState {
  return { ...state, paused: null, phaseStartedAt: now, consecutiveFailures: 0, consecutiveErrors: 0 };
}

export function finishRollout(
  state: RolloutState,
  outcome: NonNullable<RolloutState['outcome']>,
  weight: number,
): RolloutState {
  return { ...state, phase: 'finished', weight, paused: null, outcome };
}

/** Whether live requests have been answered by the challenger: then an abort is a rollback. */
export function hadTraffic(state: RolloutState): boolean {
  return state.weight > 0;
}

export function checkRunning(state: RolloutState): Refusal | null {
  if (state.outcome === null) return null;
  const text = `The rollout of version ${String(state.version)} is over: ${state.outcome.kind}.`;
  return refusal(ROLLOUT_NOT_RUNNING, text);
}

export function checkResumeRollout(state: RolloutState): Refusal | null {
  const over = checkRunning(state);
  if (over !== null || state.paused !== null) return over;
  return refusal(ROLLOUT_NOT_PAUSED, `The rollout of version ${String(state.version)} is not paused.`);
}

/** Automation may only abort; skipping the rest of an analysis is for people. */
export function checkPromoteNow(state: RolloutState, actor: Actor): Refusal | null {
  if (isSystem(actor)) {
    return refusal(PERSON_REQUIRED, `${actor.id} is automation and can't promote past the analysis.`);
  }
  return checkRunning(state);
}

/** What the challenger's live outcomes were in the newest look that measured them; monitors compare with it later. */
export function baselineOf({ looks }: Pick<RolloutState, 'looks'>): Baseline | null {
  // A shadow has no outcomes, and a look without an answer measured nothing.
  const measured = looks.findLast(({ weight, samples }) => weight > 0 && samples !== null)?.samples;
  if (!measured || measured.challenger.requests === 0) return null;
  const { requests, outcomes } = measured.challenger;
  return { since: measured.since, until: measured.measuredAt, requests, outcomes };
}
