import { setTimeout as sleep } from 'node:timers/promises';
import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import { isPerennialError } from '../errors/define-error.ts';
import { DEPENDENCY_UNAVAILABLE } from '../errors/lifecycle-errors.ts';
import type { Logger } from '../platform/logger.ts';
import { isDatabaseAway } from '../registry/database-away.ts';
import type { Database } from '../registry/database.ts';
import { finishRun } from '../registry/runs.ts';
import type { RunFile } from '../registry/runs.ts';
import type { TrainerOutput } from './trainer-output.ts';

/** Less than what the activity has beside the trainer's own time. */
const WAITS_FOR_MS = 75 * 60_000;
const AGAIN_AFTER_MS = 2_000;

interface Keepers {
  readonly db: Database;
  readonly store: ArtifactStore;
  readonly log: Logger;
}

/**
 * Stores what a trainer left and records that its run succeeded. A store or a database that is away is waited for: what
 * took hours to train lies on this disk only.
 * @throws PerennialError DEPENDENCY_UNAVAILABLE when that lasts for over an hour; the signal's reason when cancelled.
 */
export async function keepResult(
  keepers: Keepers,
  runId: string,
  output: TrainerOutput,
  logPath: string,
  signal: AbortSignal,
): Promise<void> {
  const giveUpAt = performance.now() + WAITS_FOR_MS;
  for (;;) {
    try {
      return await keepOnce(keepers, runId, output, logPath);
    } catch (error) {
      signal.throwIfAborted();
      if (!isAway(error) || performance.now() >= giveUpAt) throw error;
      keepers.log.warn({ err: error, runId }, 'a result cannot be kept yet');
    }
    await sleep(AGAIN_AFTER_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

async function keepOnce(
  keepers: Keepers,
  runId: string,
  { result, modelPath, files }: TrainerOutput,
  logPath: string,
): Promise<void> {
  const { db, store } = keepers;
  const artifact = await store.putFile(modelPath);
  const kept: RunFile[] = [];
  for (const { path, name, description } of files) {
    const { digest, size } = await store.putFile(path);
    kept.push({ path: name, description, digest, sizeBytes: size });
  }
  await finishRun(db, runId, {
    runtime: result.environment,
    metrics: result.metrics,
    featureImportance: result.featureImportance,
    signature: result.model.signature,
    artifact: artifact.digest,
    sizeBytes: artifact.size,
    logBlob: await storeLog(keepers, logPath),
    files: kept,
  });
}

function isAway(error: unknown): boolean {
  return isPerennialError(error) ? error.code === DEPENDENCY_UNAVAILABLE.code : isDatabaseAway(error);
}

/** A log that could not be stored is no reason to train again. */
export async function storeLog(
  { store, log }: Pick<Keepers, 'store' | 'log'>,
  logPath: string,
): Promise<string | null> {
  try {
    return (await store.putFile(logPath)).digest;
  } catch (error) {
    log.warn({ err: error, log: logPath }, "a trainer's log could not be stored");
    return null;
  }
}
