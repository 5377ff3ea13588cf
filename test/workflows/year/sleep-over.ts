import { setTimeout as delay } from 'node:timers/promises';
import type { TestWorkflowEnvironment } from '@temporalio/testing';

/** Real time after which a sleep is looked into. */
const LOOK_EVERY_MS = 1_000;
/** Real time for which no child may be found to release the clock for; a sleep takes a second at most. */
const STUCK_AFTER_MS = 180_000;

/**
 * Makes a `sleep` that goes on where the test server's clock has stopped: it holds its clock while the end of a child
 * is told to the run that started it, and for ever where that run has ended or carried itself on meanwhile. The clock
 * is released once for each such child, which is one whose end its starter's history, closed for good, doesn't tell;
 * once too often would break the clock. (Times don't show it: a starter may close in the moment between the child's
 * end and its being told.)
 * @param childIds every workflow so far that may outlive the run that started it
 */
export function createSleepOver(
  env: TestWorkflowEnvironment,
  childIds: () => readonly string[],
): (ms: number) => Promise<void> {
  const settled = new Set<string>();
  const closedRuns = new Map<string, ReadonlySet<string>>();

  /** Which children's ends a run was told of. */
  async function toldTo(workflowId: string, runId: string) {
    const known = closedRuns.get(runId);
    if (known !== undefined) return { closed: true, ends: known };
    const run = env.client.workflow.getHandle(workflowId, runId);
    // Before its history: what it closes without having been told, it is never told.
    const closed = (await run.describe()).closeTime !== undefined;
    const { events } = await run.fetchHistory();
    const ends = new Set<string>();
    for (const event of events ?? []) {
      const end =
        event.childWorkflowExecutionCompletedEventAttributes ??
        event.childWorkflowExecutionFailedEventAttributes ??
        event.childWorkflowExecutionCanceledEventAttributes ??
        event.childWorkflowExecutionTimedOutEventAttributes;
      if (typeof end?.workflowExecution?.workflowId === 'string') ends.add(end.workflowExecution.workflowId);
    }
    if (closed) closedRuns.set(runId, ends);
    return { closed, ends };
  }

  async function holdsTheClock(id: string): Promise<boolean> {
    const child = await env.client.workflow
      .getHandle(id)
      .describe()
      .catch(() => null);
    if (child?.closeTime === undefined) return false;
    const { workflowId, runId } = child.parentExecution ?? {};
    if (typeof workflowId !== 'string' || typeof runId !== 'string') {
      settled.add(id);
      return false;
    }
    const { closed, ends } = await toldTo(workflowId, runId);
    const told = ends.has(id);
    if (told || closed) settled.add(id);
    return closed && !told;
  }

  return async (ms) => {
    const over = env.sleep(ms).then(() => true);
    over.catch(() => undefined);
    let releasedAt = performance.now();
    while (!(await Promise.race([over, delay(LOOK_EVERY_MS, false)]))) {
      // All at once: after a year they are a thousand.
      const unsettled = childIds().filter((child) => !settled.has(child));
      const holders = (await Promise.all(unsettled.map(holdsTheClock))).filter(Boolean);
      for (let due = holders.length; due > 0; due--) await env.connection.testService?.unlockTimeSkipping({});
      if (holders.length > 0) releasedAt = performance.now();
      if (performance.now() - releasedAt > STUCK_AFTER_MS)
        throw new Error(`the test server's clock stands still; not settled: ${unsettled.join(', ')}`);
    }
  };
}
