import { workflowInfo } from '@temporalio/workflow';
import type { Actor } from '../../src/domain/actor.ts';
import { routeOf } from '../../src/domain/rollout/plan.ts';
import type { RolloutStep } from '../../src/domain/rollout/plan.ts';
import { enterStep, hadTraffic } from '../../src/domain/rollout/transitions.ts';
import { ROLLOUT_FAILED } from '../../src/errors/lifecycle-errors.ts';
import { awaitRoute, setRoute, setStage } from '../activity-proxies.ts';
import { describeFailure } from '../failures.ts';
import type { RolloutRun } from './step.ts';

export interface ServedStep extends Pick<RolloutStep, 'phase' | 'weight'> {
  readonly index: number;
  /** Makes the route's idempotency key. */
  readonly key: string;
}

/**
 * Sets a step's stage and route and waits until every gateway obeys it; only then the step's clock starts. The
 * stage comes first, so that no request is ever answered by a version whose stage denies it.
 */
export async function serveStep(
  run: RolloutRun,
  step: ServedStep,
  actor: Actor,
  reason: string,
): Promise<void> {
  const { model, environment, version, champion } = run.input;
  const { workflowId } = workflowInfo();
  const summary = `${step.phase} ${String(step.weight)} %`;
  const before = run.state.phase;
  if (before !== step.phase) {
    await setStage({ model, environment, version, stage: step.phase, reason, actor });
  }
  // From here on requests may reach the challenger, whatever becomes of the calls below.
  run.routed = true;
  run.apply({ ...run.state, weight: step.weight });
  const { generation } = await setRoute.executeWithOptions({ summary }, [
    {
      model,
      environment,
      key: `${workflowId}/${step.key}`,
      ...routeOf(version, champion, step.weight),
      reason,
      actor,
    },
  ]);
  await awaitRoute.executeWithOptions({ summary }, [{ model, environment, generation }]);
  run.apply(enterStep(run.state, step, { index: step.index, generation, now: Date.now() }));
}

/**
 * Puts all traffic back on the champion and ends the version's stage. Answers what a reader must know besides:
 * that gateways have not confirmed, or that there is no champion to go back to.
 */
export async function restoreChampion(run: RolloutRun, actor: Actor, reason: string): Promise<string> {
  const { model, environment, version, champion } = run.input;
  const served = hadTraffic(run.state);
  let note = '';
  if (champion === null && served) {
    note = `There is no champion: version ${String(version)} goes on serving until a person decides.`;
  }
  if (champion !== null && (run.routed || run.state.generation !== null)) {
    const key = `${workflowInfo().workflowId}/restore`;
    const route = routeOf(champion, champion, 100);
    const { generation } = await setRoute.executeWithOptions({ summary: 'back to the champion' }, [
      { model, environment, key, ...route, reason, actor },
    ]);
    try {
      await awaitRoute({ model, environment, generation });
    } catch (error) {
      note = `Not every gateway has confirmed it yet: ${describeFailure(error, ROLLOUT_FAILED).reason}`;
    }
  }
  const stage = served && champion !== null ? 'rolled_back' : 'aborted';
  await setStage({ model, environment, version, stage, reason, actor });
  return note;
}
