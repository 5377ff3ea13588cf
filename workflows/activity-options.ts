import type { ActivityOptions } from '@temporalio/workflow';
import { TASK_QUEUE } from '../src/contracts/task-queues.ts';

/** Rows of the registry. Outlives a database that is away for a day; a bad input is never retried. */
export const REGISTRY_WRITE: ActivityOptions = {
  taskQueue: TASK_QUEUE.control,
  startToCloseTimeout: '20s',
  scheduleToCloseTimeout: '24h',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '10s' },
};

/** A message to people: a channel that is away for hours gets it when it is back. */
export const MESSAGE: ActivityOptions = {
  taskQueue: TASK_QUEUE.control,
  startToCloseTimeout: '1m',
  scheduleToCloseTimeout: '24h',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '2m' },
};

/** A request to somebody else's server: tried for a day, at longer and longer intervals or as the server asks. */
export const WEBHOOK: ActivityOptions = {
  taskQueue: TASK_QUEUE.webhooks,
  startToCloseTimeout: '45s',
  scheduleToCloseTimeout: '24h',
  retry: { initialInterval: '5s', backoffCoefficient: 4, maximumInterval: '1h' },
};

/** How a delivery ended. */
export const WEBHOOK_RECORD: ActivityOptions = { ...REGISTRY_WRITE, taskQueue: TASK_QUEUE.webhooks };

/** Attempts that end because a worker or a store died: at intervals of up to five minutes they last 78 minutes. */
const OUTAGE_ATTEMPTS = 24;
/** What is made once outlives an outage of an hour. */
const OUTLIVES_OUTAGE = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '5m' } as const;
/** What is made on a schedule makes way for the next pass after two and a half minutes. */
const MAKES_WAY: ActivityOptions['retry'] = {
  initialInterval: '1s',
  backoffCoefficient: 2,
  maximumInterval: '30s',
  maximumAttempts: 10,
};

/** Much data, read or made; heartbeats tell a dead worker from a slow query. */
export const DATA_WORK: ActivityOptions = {
  taskQueue: TASK_QUEUE.data,
  startToCloseTimeout: '2h',
  heartbeatTimeout: '15s',
  retry: { ...OUTLIVES_OUTAGE, maximumAttempts: OUTAGE_ATTEMPTS },
};

/** Gates and counts: small answers over much data. */
export const ASSESSMENT: ActivityOptions = { ...DATA_WORK, startToCloseTimeout: '15m' };

/** The same on a schedule. */
export const PASS_DATA_WORK: ActivityOptions = { ...DATA_WORK, retry: MAKES_WAY };
export const PASS_ASSESSMENT: ActivityOptions = { ...ASSESSMENT, retry: MAKES_WAY };

/** Beside the trainer's own limits: fetching the frame, stopping it, and keeping its result once the store is back. */
const TRAINING_OVERHEAD_MS = 90 * 60_000;

/** Behind others that have the GPUs of the machine. */
const GPU_WAIT_MS = 24 * 3_600_000;

/**
 * Training ends by the trainer's own timeout; a worker that dies is noticed by its missing heartbeats. The trainer's own
 * failures are counted by the activity.
 */
export function training(trainer: {
  readonly timeout: number;
  readonly graceTime: number;
  readonly maxAttempts: number;
}): ActivityOptions {
  return {
    taskQueue: TASK_QUEUE.training,
    startToCloseTimeout: GPU_WAIT_MS + trainer.timeout + trainer.graceTime + TRAINING_OVERHEAD_MS,
    heartbeatTimeout: '20s',
    retry: { ...OUTLIVES_OUTAGE, maximumAttempts: trainer.maxAttempts + OUTAGE_ATTEMPTS },
  };
}

/** Changes of live traffic. They must get through, so they are tried until the database is back. */
export const ROUTE_CHANGE: ActivityOptions = {
  taskQueue: TASK_QUEUE.rollout,
  startToCloseTimeout: '20s',
  scheduleToCloseTimeout: '24h',
  retry: { initialInterval: '250ms', backoffCoefficient: 2, maximumInterval: '5s' },
};

/** Waiting for every gateway; an abort need not wait for it to notice that it was cancelled. */
export const ROUTE_CONFIRMATION: ActivityOptions = {
  taskQueue: TASK_QUEUE.rollout,
  startToCloseTimeout: '5m',
  scheduleToCloseTimeout: '30m',
  heartbeatTimeout: '20s',
  cancellationType: 'TRY_CANCEL',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '10s' },
};

/** Loading a model to see that it answers. */
export const LOAD_CHECK: ActivityOptions = {
  taskQueue: TASK_QUEUE.rollout,
  startToCloseTimeout: '2m',
  scheduleToCloseTimeout: '15m',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '10s', maximumAttempts: 5 },
};

/** One look of a rollout: no answer is a verdict too, so it gives up soon. */
export const MEASUREMENT: ActivityOptions = {
  taskQueue: TASK_QUEUE.rollout,
  startToCloseTimeout: '1m',
  cancellationType: 'TRY_CANCEL',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumAttempts: 3 },
};
