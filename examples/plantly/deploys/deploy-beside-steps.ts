import { setTimeout as sleep } from 'node:timers/promises';
import type { Stack } from '../../../src/embedded/stack.ts';
import { restartWorkers } from '../chaos/restart-workers.ts';
import type { DeployableBuild } from './deployable-build.ts';
import { unmetStages } from './stages.ts';
import type { StageSpan } from './stages.ts';

const WORKER_PATIENCE_MS = 90_000;
const POLL_MS = 250;

/** All workers were replaced by a new build, one after the other. Times in milliseconds since the epoch. */
export interface Deploy {
  readonly during: string;
  readonly from: number;
  readonly to: number;
  /** Whether all were stopped and all came back. */
  readonly whole: boolean;
}

export interface Target {
  readonly stack: Pick<Stack, 'processes' | 'kill'>;
  readonly build: Pick<DeployableBuild, 'deployNext'>;
  /** The stages of all versions until now. */
  readonly spans: () => Promise<readonly StageSpan[]>;
}

/**
 * A deploy as soon as a step begins, and another whenever a version is in a stage in which none has begun, until the step
 * is over. Each is of a build of its own, and is added to `deploys`.
 */
export async function deployBeside(
  step: string,
  { stack, build, spans }: Target,
  deploys: Deploy[],
  { over, stop }: { readonly over: AbortSignal; readonly stop: AbortSignal },
): Promise<void> {
  do {
    build.deployNext();
    deploys.push(await deploy(step, stack, stop));
    while (!over.aborted && !stop.aborted && unmetStages(await spans(), deploys).length === 0)
      await sleep(POLL_MS, undefined, { signal: over }).catch(() => undefined);
  } while (!over.aborted && !stop.aborted);
}

async function deploy(during: string, stack: Target['stack'], stop: AbortSignal): Promise<Deploy> {
  const workers = () => stack.processes().filter(({ name }) => name.startsWith('worker-'));
  const from = Date.now();
  const stopped = await restartWorkers(stack, WORKER_PATIENCE_MS, stop);
  const whole = stopped === workers().length && workers().every(({ state }) => state === 'ready');
  return { during, from, to: Date.now(), whole };
}
