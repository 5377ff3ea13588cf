import { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { fileURLToPath } from 'node:url';
import { TASK_QUEUE } from '../../src/contracts/task-queues.ts';
import { lifecycleId } from '../../src/contracts/workflows/ids.ts';
import { lifecycleStateQuery } from '../../src/contracts/workflows/lifecycle.ts';
import { SEARCH_ATTRIBUTES } from '../../src/platform/temporal-connection.ts';
import { modelLifecycle } from '../../workflows/index.ts';
import type { World } from './world.ts';

const TEST_SERVER = fileURLToPath(new URL('../../.venv/bin/temporal-test-server', import.meta.url));
export const WORKFLOWS = fileURLToPath(new URL('../../workflows/index.ts', import.meta.url));

export const REF = { model: 'ranker', environment: 'prod' } as const;

/** A time-skipping Temporal server with the product's search attributes, and the product's workflow bundle. */
export interface Stage {
  readonly env: TestWorkflowEnvironment;
  readonly bundle: WorkflowBundleWithSourceMap;
}

export async function openStage(): Promise<Stage> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const bundle = await bundleWorkflowCode({ workflowsPath: WORKFLOWS, logger: new DefaultLogger('ERROR') });
  const env = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path: TEST_SERVER } },
  });
  await env.connection.operatorService.addSearchAttributes({
    namespace: env.namespace ?? 'default',
    searchAttributes: SEARCH_ATTRIBUTES,
  });
  return { env, bundle };
}

export async function createWorkers({ env, bundle }: Stage, world: World): Promise<Worker[]> {
  return await Promise.all(
    Object.values(TASK_QUEUE).map((taskQueue) =>
      Worker.create({
        connection: env.nativeConnection,
        taskQueue,
        activities: world.activities,
        ...(taskQueue === TASK_QUEUE.control ? { workflowBundle: bundle } : {}),
      }),
    ),
  );
}

/** Runs the product's workers over a world for as long as `body` takes. */
export async function withWorkers<T>(stage: Stage, world: World, body: () => Promise<T>): Promise<T> {
  const workers = await createWorkers(stage, world);
  const nested = workers.reduce<() => Promise<T>>((inner, worker) => () => worker.runUntil(inner), body);
  return await nested();
}

export async function startLifecycle({ env }: Stage, model: string) {
  const ref = { model, environment: REF.environment };
  return await env.client.workflow.start(modelLifecycle, {
    taskQueue: TASK_QUEUE.control,
    workflowId: lifecycleId(ref),
    args: [ref],
  });
}

export async function lifecycleState({ env }: Stage, model: string) {
  const id = lifecycleId({ model, environment: REF.environment });
  return await env.client.workflow.getHandle(id).query(lifecycleStateQuery);
}

const STEP_MS = 15_000;
const REAL_DEADLINE_MS = 40_000;

/** Lets virtual time pass until the condition holds; fails after `withinMs` of virtual time. */
export async function eventually(
  { env }: Stage,
  what: string,
  condition: () => boolean | Promise<boolean>,
  withinMs = 6 * 3_600_000,
): Promise<void> {
  const deadline = Date.now() + REAL_DEADLINE_MS;
  for (let passed = 0; passed <= withinMs && Date.now() < deadline; passed += STEP_MS) {
    if (await condition()) return;
    await env.sleep(STEP_MS);
  }
  throw new Error(`did not come true: ${what}`);
}
