import { readFileSync, readdirSync } from 'node:fs';
import type { Stack } from '../../../src/embedded/stack.ts';

/**
 * Sends a signal to a process of the stack, or to the trainers that run.
 * @returns false when nothing was there to be hit
 */
export function strike(
  stack: Pick<Stack, 'processes' | 'kill'>,
  target: string,
  signal: NodeJS.Signals,
): boolean {
  const pidOf = (name: string): number | undefined =>
    stack.processes().find((process) => process.name === name)?.pid;
  if (target === 'trainer') {
    const worker = pidOf('worker-training');
    const trainers = worker === undefined ? [] : childrenOf(worker).filter(isPython);
    return trainers.map((pid) => send(pid, signal)).includes(true);
  }
  const pid = pidOf(target);
  const hit = stack.kill(target, signal);
  // Each session of PostgreSQL is a process, which goes on while the one that takes connections is stopped.
  if (target === 'postgres' && pid !== undefined && (signal === 'SIGSTOP' || signal === 'SIGCONT'))
    for (const session of childrenOf(pid)) send(session, signal);
  return hit;
}

/** @returns false for a process that has just ended */
function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Children of a process by the kernel's own list. */
function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      try {
        const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
        const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
        return parent === pid ? [Number(entry)] : [];
      } catch {
        return [];
      }
    });
}

function isPython(pid: number): boolean {
  try {
    return readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').includes('python');
  } catch {
    return false;
  }
}
