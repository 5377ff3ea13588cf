import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { PerennialError } from '../errors/define-error.ts';
import { STACK_ALREADY_RUNNING } from '../errors/platform-errors.ts';
import { isAlive, startTimeOf } from './process-identity.ts';

const Holder = z.object({ pid: z.number().int(), startTime: z.string() });
type Holder = z.infer<typeof Holder>;

/** A take-over is a handful of system calls; a claim older than this was left by a process that was killed in it. */
const CLAIM_STALE_MS = 5_000;

function readHolder(path: string): Holder | undefined {
  try {
    return Holder.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined;
  }
}

/** Makes `path` with all its content in one step; false when it is there already. */
function createWhole(path: string, content: string): boolean {
  const temporary = `${path}.${String(process.pid)}.tmp`;
  writeFileSync(temporary, content, { mode: 0o600 });
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Removes the lock of a dead holder; only the one process that has the claim may, so no fresh lock is removed. */
function removeStale(path: string): void {
  const claim = `${path}.claim`;
  if (!createWhole(claim, String(process.pid))) {
    const age = Date.now() - (statSync(claim, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > CLAIM_STALE_MS) rmSync(claim, { force: true });
    return;
  }
  try {
    const holder = readHolder(path);
    if (holder === undefined || !isAlive(holder.pid, holder.startTime)) rmSync(path, { force: true });
  } finally {
    rmSync(claim, { force: true });
  }
}

/**
 * Takes the data directory for this process. The lock of a process that was killed is taken over.
 * @returns the function that gives it back.
 * @throws PerennialError STACK_ALREADY_RUNNING when a live process holds it.
 */
export function acquireStackLock(dataDir: string): () => void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const path = join(dataDir, 'stack.lock');
  const own: Holder = { pid: process.pid, startTime: startTimeOf(process.pid) ?? '' };
  const deadline = Date.now() + 2 * CLAIM_STALE_MS;
  while (!createWhole(path, JSON.stringify(own))) {
    const holder = readHolder(path);
    const alive = holder !== undefined && isAlive(holder.pid, holder.startTime);
    if (alive || Date.now() > deadline) {
      const text = `A stack is running in ${dataDir} already (pid ${String(holder?.pid)}). Stop it first, or set PERENNIAL_DATA_DIR to another directory.`;
      throw new PerennialError(STACK_ALREADY_RUNNING, text);
    }
    removeStale(path);
  }
  return () => {
    const holder = readHolder(path);
    if (holder?.pid === own.pid && holder.startTime === own.startTime) rmSync(path, { force: true });
  };
}
