import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import type { WorkerOptions } from '@temporalio/worker';
import { TASK_QUEUE } from '../src/contracts/task-queues.ts';
import type { TaskQueueName } from '../src/contracts/task-queues.ts';
import { dispatchingWebhooks } from '../src/notifications/dispatch-webhooks.ts';
import { wrapActivities } from '../src/platform/activity-errors.ts';
import { announceReady } from '../src/platform/announce-ready.ts';
import { loadConfig } from '../src/platform/config.ts';
import { createLogger } from '../src/platform/logger.ts';
import { takeEnvironment } from '../src/platform/take-environment.ts';
import { connectTemporalNative } from '../src/platform/temporal-native-connection.ts';
import { openResources } from './resources.ts';
import type { Resources } from './resources.ts';

/** Made by `npm run build`, so that a worker starts in a third of a second. */
const WORKFLOW_BUNDLE = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));
const MAX_HEARTBEAT_THROTTLE = '10s';
/** After the grace time of activities: a worker that hangs is ended. */
const FORCE_AFTER_GRACE_MS = 15_000;
const MAX_CACHED_WORKFLOWS = 300;

type ActivityTable<T> = { readonly [K in keyof T]: (...args: never[]) => Promise<unknown> };

/** A queue that the same process works off too, with slots of its own. */
export interface BesidePlan {
  readonly queue: TaskQueueName;
  readonly maxConcurrentActivities: number;
  readonly activities: (resources: Resources) => object;
}

export interface WorkerPlan<T extends ActivityTable<T>> {
  readonly queue: TaskQueueName;
  /** Whether this worker also runs workflows. */
  readonly workflows: boolean;
  readonly maxConcurrentActivities: number;
  /** From SIGTERM on: how long a running activity may go on, before it is cancelled. */
  readonly shutdownGraceMs: number;
  /** From its cancellation on: what it gets to end tidily, such as by a checkpoint. */
  readonly unwindMs?: number;
  readonly activities: (resources: Resources) => T;
  readonly beside?: BesidePlan;
}

/** Runs one worker process until SIGTERM or SIGINT. */
export async function startWorker<T extends ActivityTable<T>>(plan: WorkerPlan<T>): Promise<void> {
  const config = loadConfig(takeEnvironment());
  const logger = createLogger({ name: `worker-${plan.queue}`, level: config.logLevel });
  Runtime.install({
    logger: new DefaultLogger('INFO', ({ level, message, meta }) => {
      const write = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
      logger[write[level]](meta ?? {}, message);
    }),
  });
  const connection = await connectTemporalNative(config.temporal);
  const resources = await openResources(config, logger);
  const client = new Client({ connection, namespace: config.temporal.namespace });
  const dispatch = { db: resources.db, environment: config.environment, client };
  try {
    const common = {
      connection,
      namespace: config.temporal.namespace,
      maxHeartbeatThrottleInterval: MAX_HEARTBEAT_THROTTLE,
      shutdownGraceTime: plan.shutdownGraceMs,
      shutdownForceTime: plan.shutdownGraceMs + (plan.unwindMs ?? FORCE_AFTER_GRACE_MS),
    } as const;
    const main: WorkerOptions = {
      ...common,
      taskQueue: TASK_QUEUE[plan.queue],
      activities: wrapActivities(dispatchingWebhooks(plan.activities(resources), dispatch)),
      maxConcurrentActivityTaskExecutions: plan.maxConcurrentActivities,
      ...(plan.workflows
        ? { workflowBundle: { codePath: WORKFLOW_BUNDLE }, maxCachedWorkflows: MAX_CACHED_WORKFLOWS }
        : {}),
    };
    const { beside } = plan;
    const others: WorkerOptions[] =
      beside === undefined
        ? []
        : [
            {
              ...common,
              taskQueue: TASK_QUEUE[beside.queue],
              activities: wrapActivities(beside.activities(resources)),
              maxConcurrentActivityTaskExecutions: beside.maxConcurrentActivities,
            },
          ];
    const workers = await Promise.all([main, ...others].map((options) => Worker.create(options)));
    const running = workers.map((worker) => worker.run());
    announceReady();
    await allOrNone(workers, running);
  } finally {
    await resources.close();
    // A worker that was made beside one that could not be made holds the connection; what is wrong with that one counts.
    await connection.close().catch((error: unknown) => logger.warn({ err: error }, 'connection not closed'));
  }
}

/** A worker that fails takes the others with it, so that the process ends and is started again whole. */
async function allOrNone(workers: readonly Worker[], running: readonly Promise<void>[]): Promise<void> {
  const watched = running.map((run) =>
    run.catch((error: unknown) => {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      throw error;
    }),
  );
  const failed = (await Promise.allSettled(watched)).find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
