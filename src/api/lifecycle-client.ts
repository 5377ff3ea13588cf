import { randomUUID } from 'node:crypto';
import { WithStartWorkflowOperation } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import type { QueryDefinition, UpdateDefinition, Workflow } from '@temporalio/common';
import { TASK_QUEUE } from '../contracts/task-queues.ts';
import { incidentWorkflowId, lifecycleId, promotionId, rolloutId } from '../contracts/workflows/ids.ts';
import type { ModelRef } from '../contracts/workflows/ids.ts';
import { acknowledgeUpdate, resolveUpdate } from '../contracts/workflows/incident.ts';
import {
  lifecycleStateQuery,
  pauseUpdate,
  requestVersionsUpdate,
  requestVersionUpdate,
  resumeUpdate,
  revalidateUpdate,
  rollbackUpdate,
  specAppliedSignal,
} from '../contracts/workflows/lifecycle.ts';
import type {
  ByActor,
  LifecycleInput,
  RevalidateAnswer,
  RevalidateCommand,
  RollbackAnswer,
  RollbackCommand,
} from '../contracts/workflows/lifecycle.ts';
import { decideUpdate } from '../contracts/workflows/promotion.ts';
import type { DecideAnswer, DecideCommand } from '../contracts/workflows/promotion.ts';
import {
  abortRolloutUpdate,
  pauseRolloutUpdate,
  promoteNowUpdate,
  resumeRolloutUpdate,
} from '../contracts/workflows/rollout.ts';
import type { LifecycleState } from '../domain/lifecycle/state.ts';
import type { Trigger, TriggerAnswer } from '../domain/trigger.ts';
import { PerennialError } from '../errors/define-error.ts';
import {
  APPROVAL_NOT_OPEN,
  DEPENDENCY_UNAVAILABLE,
  INCIDENT_NOT_OPEN,
  ROLLOUT_NOT_RUNNING,
} from '../errors/lifecycle-errors.ts';
import { codedTemporalError } from './temporal-errors.ts';
import { createTriggerBatches } from './trigger-batches.ts';

/** A command waits this long for its worker; a rollback waits for every gateway. */
const COMMAND_TIMEOUT_MS = 30_000;
/** What is left at the least to a trigger that waited for others before it. */
const LEAST_TIMEOUT_MS = 5_000;
const ROLLBACK_TIMEOUT_MS = 120_000;
const QUERY_TIMEOUT_MS = 5_000;

const LIFECYCLE_WORKFLOW = 'modelLifecycle';

type RolloutCommand = 'pause' | 'resume' | 'abort' | 'promote';

const ROLLOUT_UPDATES = {
  pause: pauseRolloutUpdate,
  resume: resumeRolloutUpdate,
  abort: abortRolloutUpdate,
  promote: promoteNowUpdate,
} as const;

/** Everything that the API asks of workflows. Each failure is a coded error. */
export interface LifecycleClient {
  /** Starts the lifecycle where it does not run. What comes at once to one model travels together. */
  requestVersion(ref: ModelRef, trigger: Trigger): Promise<TriggerAnswer>;
  /** Starts the lifecycle where it does not run; repeating it is harmless. */
  announceSpec(ref: ModelRef, revision: number): Promise<void>;
  pause(ref: ModelRef, by: ByActor): Promise<void>;
  resume(ref: ModelRef, by: ByActor): Promise<void>;
  rollback(ref: ModelRef, command: RollbackCommand): Promise<RollbackAnswer>;
  revalidate(ref: ModelRef, command: RevalidateCommand): Promise<RevalidateAnswer>;
  decide(ref: ModelRef, version: number, command: DecideCommand): Promise<DecideAnswer>;
  steerRollout(ref: ModelRef, version: number, command: RolloutCommand, by: ByActor): Promise<void>;
  acknowledge(incidentId: string, by: ByActor): Promise<void>;
  resolve(incidentId: string, by: ByActor): Promise<void>;
  /** null when no lifecycle runs. */
  lifecycleState(ref: ModelRef): Promise<LifecycleState | null>;
  /** The `state` query of any workflow; null when there is none of that id. */
  stateOf<T>(query: QueryDefinition<T>, workflowId: string): Promise<T | null>;
}

export function createLifecycleClient(client: Client): LifecycleClient {
  const startLifecycle = (ref: ModelRef) => ({
    workflowId: lifecycleId(ref),
    taskQueue: TASK_QUEUE.control,
    args: [{ model: ref.model, environment: ref.environment }] as [LifecycleInput],
    staticSummary: `The life of ${ref.model} in ${ref.environment}`,
  });

  async function within<T>(
    timeoutMs: number,
    notFound: () => PerennialError,
    work: () => Promise<T>,
  ): Promise<T> {
    try {
      return await client.withDeadline(Date.now() + timeoutMs, work);
    } catch (error) {
      throw codedTemporalError(error, notFound);
    }
  }

  const absent = (what: string) => () =>
    new PerennialError(DEPENDENCY_UNAVAILABLE, `${what} ended while it was asked; try again`);

  /** Commands to the entity start it where it is missing: a spec that is stored has a lifecycle, even after a crash. */
  function updateLifecycle<R, A extends unknown[]>(
    ref: ModelRef,
    update: UpdateDefinition<R, A>,
    args: A,
    updateId: string,
    timeoutMs = COMMAND_TIMEOUT_MS,
  ): Promise<R> {
    return within(timeoutMs, absent('the lifecycle'), () =>
      client.workflow.executeUpdateWithStart(update, {
        args,
        updateId,
        startWorkflowOperation: new WithStartWorkflowOperation<Workflow>(LIFECYCLE_WORKFLOW, {
          ...startLifecycle(ref),
          workflowIdConflictPolicy: 'USE_EXISTING',
        }),
      }),
    );
  }

  function update<R, A extends [unknown, ...unknown[]]>(
    workflowId: string,
    definition: UpdateDefinition<R, A>,
    args: A,
    notFound: () => PerennialError,
  ): Promise<R> {
    return within(COMMAND_TIMEOUT_MS, notFound, () =>
      client.workflow.getHandle(workflowId).executeUpdate<R, A>(definition, { args, updateId: randomUUID() }),
    );
  }

  async function stateOf<T>(query: QueryDefinition<T>, workflowId: string): Promise<T | null> {
    const missing = new PerennialError(DEPENDENCY_UNAVAILABLE, `no workflow ${workflowId}`);
    try {
      return await within(
        QUERY_TIMEOUT_MS,
        () => missing,
        () => client.workflow.getHandle(workflowId).query<T, []>(query),
      );
    } catch (error) {
      if (error === missing) return null;
      throw error;
    }
  }

  const requestVersion = createTriggerBatches(async (ref, triggers, waitedMs) => {
    const timeoutMs = Math.max(LEAST_TIMEOUT_MS, COMMAND_TIMEOUT_MS - waitedMs);
    const [only, ...others] = triggers;
    if (only !== undefined && others.length === 0)
      return [await updateLifecycle(ref, requestVersionUpdate, [only], only.key, timeoutMs)];
    return updateLifecycle(ref, requestVersionsUpdate, [triggers], randomUUID(), timeoutMs);
  });

  const incidentNotOpen = (incidentId: string) => () =>
    new PerennialError(INCIDENT_NOT_OPEN, `incident ${incidentId} is closed`);

  return {
    requestVersion,
    announceSpec: (ref, revision) =>
      within(COMMAND_TIMEOUT_MS, absent('the lifecycle'), async () => {
        await client.workflow.signalWithStart(LIFECYCLE_WORKFLOW, {
          ...startLifecycle(ref),
          signal: specAppliedSignal,
          signalArgs: [{ revision }],
        });
      }),
    pause: (ref, by) => updateLifecycle(ref, pauseUpdate, [by], randomUUID()),
    resume: (ref, by) => updateLifecycle(ref, resumeUpdate, [by], randomUUID()),
    rollback: (ref, command) =>
      updateLifecycle(ref, rollbackUpdate, [command], randomUUID(), ROLLBACK_TIMEOUT_MS),
    revalidate: (ref, command) => updateLifecycle(ref, revalidateUpdate, [command], randomUUID()),
    decide: (ref, version, command) =>
      update(
        promotionId(ref, version),
        decideUpdate,
        [command],
        () =>
          new PerennialError(
            APPROVAL_NOT_OPEN,
            `version ${version} of ${ref.model} is not waiting for an approval`,
          ),
      ),
    steerRollout: (ref, version, command, by) =>
      update(
        rolloutId(ref, version),
        ROLLOUT_UPDATES[command],
        [by],
        () => new PerennialError(ROLLOUT_NOT_RUNNING, `version ${version} of ${ref.model} has no rollout`),
      ),
    acknowledge: (incidentId, by) =>
      update(incidentWorkflowId(incidentId), acknowledgeUpdate, [by], incidentNotOpen(incidentId)),
    resolve: (incidentId, by) =>
      update(incidentWorkflowId(incidentId), resolveUpdate, [by], incidentNotOpen(incidentId)),
    lifecycleState: (ref) => stateOf(lifecycleStateQuery, lifecycleId(ref)),
    stateOf,
  };
}
