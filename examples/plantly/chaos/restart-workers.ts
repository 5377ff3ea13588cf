import { setTimeout as sleep } from 'node:timers/promises';
import type { Stack } from '../../../src/embedded/stack.ts';

const POLL_MS = 50;

/**
 * A deploy: each worker stops in order, what it is made of by then starts in its place, and it is back before the
 * next one goes. @returns how many were stopped
 */
export async function restartWorkers(
  stack: Pick<Stack, 'processes' | 'kill'>,
  patienceMs: number,
  signal: AbortSignal,
): Promise<number> {
  let stopped = 0;
  for (const { name, restarts } of stack.processes().filter((one) => one.name.startsWith('worker-'))) {
    if (!stack.kill(name, 'SIGTERM')) continue;
    stopped += 1;
    const deadline = Date.now() + patienceMs;
    const isBack = (): boolean =>
      stack.processes().some((now) => now.name === name && now.restarts > restarts && now.state === 'ready');
    while (!signal.aborted && Date.now() < deadline && !isBack())
      await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
  return stopped;
}
