import { setTimeout as sleep } from 'node:timers/promises';
import { endOfStory, NotSeen } from './story.ts';

const POLL_MS = 400;

/**
 * Asks until the answer is there. `probe` returns undefined for "not yet"; an error of a service that is being
 * restarted counts as "not yet" too, so that a story outlives a crash. Throws NotSeen with the last state; ends with
 * the story.
 */
export async function until<T>(
  what: string,
  timeoutMs: number,
  probe: () => Promise<T | undefined>,
  describe: () => string = () => '',
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  const end = endOfStory();
  let lastError = '';
  for (;;) {
    try {
      const answer = await probe();
      if (answer !== undefined) return answer;
      lastError = '';
    } catch (error) {
      if (error instanceof NotSeen) throw error;
      lastError = error instanceof Error ? error.message : String(error);
    }
    if (Date.now() > deadline) {
      const state = [describe(), lastError].filter((part) => part !== '').join('; ');
      throw new NotSeen(
        `${what}: not within ${Math.round(timeoutMs / 1000)} s${state ? ` (last: ${state})` : ''}`,
      );
    }
    await sleep(POLL_MS, undefined, end ? { signal: end } : {});
  }
}
