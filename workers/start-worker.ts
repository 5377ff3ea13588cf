import { fileURLToPath } from 'node:url';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import type { WorkerOptions } from '@temporalio/worker';
import { TASK_QUEUE } from '../src/contracts/task-queues.ts';
import type { TaskQueueName } from '../src/contracts/task-queues.ts';
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
  try {
    const options: WorkerOptions = {
      connection,
      namespace: config.temporal.namespace,
      taskQueue: TASK_QUEUE[plan.queue],
      activities: wrapActivities(plan.activities(resources)),
      maxConcurrentActivityTaskExecutions: plan.maxConcurrentActivities,
      maxHeartbeatThrottleInterval: MAX_HEARTBEAT_THROTTLE,
      shutdownGraceTime: plan.shutdownGraceMs,
      shutdownForceTime: plan.shutdownGraceMs + (plan.unwindMs ?? FORCE_AFTER_GRACE_MS),
      ...(plan.workflows
        ? { workflowBundle: { codePath: WORKFLOW_BUNDLE }, maxCachedWorkflows: MAX_CACHED_WORKFLOWS }
        : {}),
    };
    const worker = await Worker.create(options);
    const running = worker.run();
    announceReady();
    await running;
  } finally {
    await resources.close();
    await connection.close();
  }
}
