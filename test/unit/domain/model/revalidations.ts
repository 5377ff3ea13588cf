import type { Actor } from '../../../../src/domain/actor.ts';
import {
  beginRevalidation,
  checkRevalidate,
  REVALIDATION_TIMEOUT_MS,
  revalidationFinished,
  revalidationLost,
} from '../../../../src/domain/lifecycle/revalidations.ts';
import type { Verdict } from '../../../../src/domain/verdict.ts';
import { POLICIES } from './policies.ts';
import { must } from './reference.ts';
import type { World } from './world.ts';

/** An evaluation that is made anew, by a child of its own. */
export interface Revalidation {
  readonly id: string;
  readonly run: number;
  readonly timesOutAt: number;
}

/** A person asks for it: taken one at a time, while nothing waits for its promotion, of a version that is undecided. */
export function revalidate(world: World, version: number, actor: Actor): void {
  // The registry is asked first, which takes its time.
  world.advance(world.now + 1);
  const stage = world.registry.openStage(version);
  if (stage === null) return;
  const { state, reference } = world;
  const promoted = state.promotion?.version === version ? state.promotion.status : 'none';
  const undecided = promoted === 'running' || (promoted === 'none' && stage === 'candidate');
  const free = (state.revalidation ?? null) === null && state.waitingCandidate === null;
  const refused = checkRevalidate(state, version, stage);
  must((refused === null) === (free && undecided), 'a revalidation was judged wrongly');
  if (refused !== null) return;
  reference.commands += 1;
  reference.asksForJudgement(version);
  const newest = POLICIES.indexOf(world.policy) + 1;
  const command = { version, actor, reason: 'r' };
  world.apply((before, context) => beginRevalidation(before, command, newest, context));
}

/** One that runs already under the version's id is the one that was wanted, as far as the real lane knows. */
export function startRevalidation(
  world: World,
  { id, version }: { readonly id: string; readonly version: number },
): void {
  const timesOutAt = world.now + REVALIDATION_TIMEOUT_MS;
  if (!world.revalidations.has(version)) world.revalidations.set(version, { id, run: world.run, timesOutAt });
}

/** It ends with its report: the version has other evidence, or none (null), as where it is a candidate no longer. */
export function endRevalidation(world: World, version: number, verdict: Verdict['kind'] | null): void {
  const { registry, reference } = world;
  const { id } = world.revalidations.get(version)!;
  world.revalidations.delete(version);
  const evaluated = verdict !== null && registry.openStage(version) !== null;
  if (evaluated) {
    world.judge(version, verdict);
    // Else it was given up, and that is the answer.
    if (world.state.revalidation?.id === id) reference.asksForJudgement(version);
  }
  const outcome = evaluated
    ? ({ kind: 'evaluated', id, version, trigger: registry.triggerOf(version) } as const)
    : ({ kind: 'failed', id, version, reason: 'r' } as const);
  world.mail.push(() => world.apply((state, context) => revalidationFinished(state, outcome, context)));
}

/** It is gone without a report, and only the run that started it is told. */
export function loseRevalidation(world: World, version: number): void {
  const { id, run } = world.revalidations.get(version)!;
  world.revalidations.delete(version);
  world.terminated += 1;
  if (run === world.run) tellLost(world, id);
}

export function tellLost(world: World, id: string): void {
  world.mail.push(() => {
    if (world.state.revalidation?.id !== id) return;
    world.apply((state, context) => revalidationLost(state, 'It ended without a report.', context));
  });
}
