import { setTimeout as sleep } from 'node:timers/promises';

/** For one thing to come true on a machine busy with much else; far more than it takes on an idle one. */
const DEADLINE_MS = 120_000;
const POLL_MS = 50;

/** Polls a condition until it holds. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within ${String(DEADLINE_MS)} ms: ${what}`);
    await sleep(POLL_MS);
  }
}
