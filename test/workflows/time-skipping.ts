import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import type { WorkflowBundle } from '@temporalio/worker';
import { fileURLToPath } from 'node:url';
import { TASK_QUEUE } from '../../src/contracts/task-queues.ts';
import { lifecycleId } from '../../src/contracts/workflows/ids.ts';
import { SEARCH_ATTRIBUTES } from '../../src/platform/temporal-connection.ts';
import { modelLifecycle } from '../../workflows/index.ts';
import { bundledWorkflows } from './bundled-workflows.ts';
import { activitiesOf } from './world.ts';
import type { World } from './world.ts';

const TEST_SERVER = fileURLToPath(new URL('../../.venv/bin/temporal-test-server', import.meta.url));

export const REF = { model: 'ranker', environment: 'prod' } as const;

/** A time-skipping Temporal server with the product's search attributes, and workers over the tests' worlds. */
export interface Stage {
  readonly env: TestWorkflowEnvironment;
  readonly bundle: WorkflowBundle;
  /** Each model lives in a world of its own. */
  readonly worlds: Map<string, World>;
  close(): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const bundle = bundledWorkflows();
  const env = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path: TEST_SERVER } },
  });
  await env.connection.operatorService.addSearchAttributes({
    namespace: env.namespace ?? 'default',
    searchAttributes: SEARCH_ATTRIBUTES,
  });
  const worlds = new Map<string, World>();
  const running = await runWorkers(env, bundle, worlds);
  return {
    env,
    bundle,
    worlds,
    async close() {
      await running.stop();
      await env.teardown();
    },
  };
}

/** The product's four workers, over every world at once. */
export async function runWorkers(
  env: TestWorkflowEnvironment,
  bundle: WorkflowBundle,
  worlds: ReadonlyMap<string, World>,
): Promise<{ stop(): Promise<void> }> {
  const activities = activitiesOf(worlds);
  const workers = await Promise.all(
    Object.values(TASK_QUEUE).map((taskQueue) =>
      Worker.create({
        connection: env.nativeConnection,
        taskQueue,
        activities,
        ...(taskQueue === TASK_QUEUE.control ? { workflowBundle: bundle } : {}),
      }),
    ),
  );
  const runs = workers.map((worker) => worker.run());
  return {
    async stop() {
      for (const worker of workers) worker.shutdown();
      await Promise.all(runs);
    },
  };
}

export async function startLifecycle({ env }: Stage, model: string) {
  const ref = { model, environment: REF.environment };
  return await env.client.workflow.start(modelLifecycle, {
    taskQueue: TASK_QUEUE.control,
    workflowId: lifecycleId(ref),
    args: [ref],
  });
}

const STEP_MS = 30_000;
const REAL_DEADLINE_MS = 240_000;

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
