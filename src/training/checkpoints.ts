import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import { ARTIFACT_CORRUPT, ARTIFACT_NOT_FOUND } from '../errors/data-errors.ts';
import { isPerennialError } from '../errors/define-error.ts';
import { BUNDLE_INVALID } from '../errors/training-errors.ts';
import type { Logger } from '../platform/logger.ts';
import { packBundle, unpackBundle } from './bundle.ts';

const COMPLETE_MARKER = 'COMPLETE';

/** A checkpoint in the store, as heartbeats carry it from attempt to attempt. */
export interface StoredCheckpoint {
  readonly name: string;
  readonly digest: string;
  /** When its marker was written, in milliseconds since the epoch. */
  readonly completedAt: number;
}

export interface LocalCheckpoint {
  readonly name: string;
  readonly path: string;
  readonly completedAt: number;
}

/** The newest whole checkpoint of a folder: the marker is written last, so what has none is torn. */
export async function newestCheckpoint(folder: string): Promise<LocalCheckpoint | null> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  let newest: LocalCheckpoint | null = null;
  for (const entry of entries) {
    if (!entry.isDirectory()) continue;
    const path = join(folder, entry.name);
    const marker = await stat(join(path, COMPLETE_MARKER)).catch(() => null);
    if (!marker?.isFile()) continue;
    const found = { name: entry.name, path, completedAt: marker.mtimeMs };
    if (newest === null || isNewer(found, newest)) newest = found;
  }
  return newest;
}

/** By the marker's time; of two within one tick the one with the greater name, in which steps count up. */
function isNewer(a: LocalCheckpoint, b: LocalCheckpoint): boolean {
  if (a.completedAt !== b.completedAt) return a.completedAt > b.completedAt;
  return a.name.localeCompare(b.name, 'en', { numeric: true }) > 0;
}

/** Stores a checkpoint's files. Unchanged files of an earlier one are found in the store and not sent again. */
export async function storeCheckpoint(
  store: ArtifactStore,
  checkpoint: LocalCheckpoint,
): Promise<StoredCheckpoint> {
  const digest = await packBundle(store, checkpoint.path);
  return { name: checkpoint.name, digest, completedAt: checkpoint.completedAt };
}

/** What a retry would meet again. */
const DAMAGED: readonly string[] = [ARTIFACT_CORRUPT.code, ARTIFACT_NOT_FOUND.code, BUNDLE_INVALID.code];

/**
 * The path to resume from: the newest of what earlier attempts left on this machine and what the last heartbeat
 * names in the store, which is written to `restoreInto`. null starts afresh. One in the store that is damaged costs what
 * was learned since the newest on this machine, never the training.
 */
export async function checkpointToResume(
  { store, log }: { readonly store: ArtifactStore; readonly log: Logger },
  localFolders: readonly string[],
  stored: StoredCheckpoint | null,
  restoreInto: string,
): Promise<string | null> {
  let newest: LocalCheckpoint | null = null;
  for (const folder of localFolders) {
    const found = await newestCheckpoint(folder);
    if (found !== null && (newest === null || isNewer(found, newest))) newest = found;
  }
  if (newest !== null && newest.completedAt >= (stored?.completedAt ?? 0)) return newest.path;
  if (stored === null) return null;
  await rm(restoreInto, { recursive: true, force: true });
  try {
    await unpackBundle(store, stored.digest, restoreInto);
    return restoreInto;
  } catch (error) {
    if (!isPerennialError(error) || !DAMAGED.includes(error.code)) throw error;
    log.warn({ err: error, checkpoint: stored }, 'a stored checkpoint is damaged');
    return newest?.path ?? null;
  }
}
