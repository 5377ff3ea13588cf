import { setTimeout as sleep } from 'node:timers/promises';
import type { Stack } from '../../../src/embedded/stack.ts';

const RECOVERY_PATIENCE_MS = 90_000;
const POLL_MS = 50;
/** The API gives PostgreSQL and Temporal two seconds to answer. */
const ANSWER_MS = 3000;
/** Where the servers of the product tell that they work; each is asked by the name of its endpoint. */
const HEALTH = [
  ['api', '/readyz'],
  ['gateway', '/healthz'],
] as const;

type Watched = Pick<Stack, 'processes' | 'endpoints'>;
/** How often each process has been started again. */
export type Restarts = ReadonlyMap<string, number>;

export function restartsOf(stack: Pick<Stack, 'processes'>): Restarts {
  return new Map(stack.processes().map(({ name, restarts }) => [name, restarts]));
}

/**
 * What is not back: processes that are not ready, and servers that don't answer well. `killed` are those that must have
 * started again since: a process that was just killed is called ready until its end has been seen.
 */
async function away(stack: Watched, killed: Restarts): Promise<string[]> {
  const processes = stack
    .processes()
    .filter(({ name, state, restarts }) => state !== 'ready' || restarts <= (killed.get(name) ?? -1))
    .map(({ name }) => name);
  // A process that is not ready need not be asked.
  if (processes.length > 0) return processes;
  const answers = await Promise.all(
    HEALTH.map(async ([name, path]) => {
      const address = stack.endpoints[name];
      if (address === undefined) return [];
      const isWell = await fetch(`${address}${path}`, { signal: AbortSignal.timeout(ANSWER_MS) }).then(
        ({ ok }) => ok,
        () => false,
      );
      return isWell ? [] : [`${name}${path}`];
    }),
  );
  return answers.flat();
}

/** How it went: when all was back, or what is still away when patience is over. */
export type Recovery =
  | { readonly kind: 'back'; readonly afterMs: number }
  | { readonly kind: 'away'; readonly names: readonly string[] };

/** Waits until every process is ready again, those that were killed have started anew, and API and gateway answer. */
export async function untilBack(
  stack: Watched,
  { killed = new Map(), signal }: { readonly killed?: Restarts; readonly signal?: AbortSignal } = {},
): Promise<Recovery> {
  const startedAt = performance.now();
  for (;;) {
    const names = await away(stack, killed);
    const afterMs = Math.round(performance.now() - startedAt);
    if (names.length === 0) return { kind: 'back', afterMs };
    if (signal?.aborted || afterMs > RECOVERY_PATIENCE_MS) return { kind: 'away', names };
    await sleep(POLL_MS, undefined, signal && { signal }).catch(() => undefined);
  }
}
