import { hostname } from 'node:os';
import { TASK_QUEUE } from '../src/contracts/task-queues.ts';
import { loadConfig } from '../src/platform/config.ts';
import { connectTemporal } from '../src/platform/temporal-connection.ts';

/** Temporal's enum TaskQueueType: every worker of ours polls activities. */
const ACTIVITY_QUEUE = 2;
/** A poll lasts a minute, so a worker that is alive has been seen within two. */
const SEEN_WITHIN_MS = 120_000;
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Exits 0 when the worker of this machine or container polls its queue, as Temporal itself sees it, else 1:
 * `node dist/workers/health.js control`.
 */
async function isPolling(queue: string): Promise<boolean> {
  const config = loadConfig(process.env);
  const connection = await connectTemporal(config.temporal, CONNECT_TIMEOUT_MS);
  try {
    const { pollers } = await connection.workflowService.describeTaskQueue({
      namespace: config.temporal.namespace,
      taskQueue: { name: queue },
      taskQueueType: ACTIVITY_QUEUE,
    });
    const seen = (pollers ?? []).filter((poller) => poller.identity?.endsWith(`@${hostname()}`) === true);
    const newest = Math.max(0, ...seen.map((poller) => Number(poller.lastAccessTime?.seconds ?? 0)));
    return Date.now() - newest * 1000 < SEEN_WITHIN_MS;
  } finally {
    await connection.close();
  }
}

const queues: Readonly<Record<string, string>> = TASK_QUEUE;
const queue = queues[process.argv[2] ?? ''];
if (queue === undefined) {
  process.stderr.write(`usage: node dist/workers/health.js ${Object.keys(TASK_QUEUE).join('|')}\n`);
  process.exitCode = 2;
} else if (!(await isPolling(queue))) {
  process.stderr.write(`no worker of this host polls ${queue}\n`);
  process.exitCode = 1;
}
