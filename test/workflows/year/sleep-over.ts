import { setTimeout as delay } from 'node:timers/promises';
import type { TestWorkflowEnvironment } from '@temporalio/testing';

/** Real time after which a sleep is looked into. */
const LOOK_EVERY_MS = 1_000;

/**
 * Makes a `sleep` that goes on where the test server's clock has stopped: it holds its clock while the end of a child
 * is told to the run that started it, and for ever where that run has carried itself on meanwhile. The clock is
 * released once for each such child; once too often would break it, so they are counted and not guessed.
 * @param childIds every workflow so far that may be a child of one that carries itself on
 */
export function createSleepOver(
  env: TestWorkflowEnvironment,
  childIds: () => readonly string[],
): (ms: number) => Promise<void> {
  const { workflow } = env.client;
  const ended = new Set<string>();

  async function outlivedItsStarter(id: string): Promise<boolean> {
    const child = await workflow
      .getHandle(id)
      .describe()
      .catch(() => null);
    if (child === null || child.closeTime === undefined) return false;
    ended.add(id);
    const { workflowId, runId } = child.parentExecution ?? {};
    if (typeof workflowId !== 'string' || typeof runId !== 'string') return false;
    const { closeTime } = await workflow.getHandle(workflowId, runId).describe();
    return closeTime !== undefined && closeTime <= child.closeTime;
  }

  return async (ms) => {
    const over = env.sleep(ms).then(() => true);
    while (!(await Promise.race([over, delay(LOOK_EVERY_MS, false)]))) {
      // All at once: after a year they are a thousand.
      const alive = childIds().filter((child) => !ended.has(child));
      const outlived = (await Promise.all(alive.map(outlivedItsStarter))).filter(Boolean);
      for (let due = outlived.length; due > 0; due--)
        await env.connection.testService?.unlockTimeSkipping({});
    }
  };
}
