import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { bindToParent, ensureWatcher } from './parent-watcher.ts';

export interface SpawnBoundOptions extends Omit<SpawnOptions, 'shell'> {
  /** What the child gets when this process dies, default SIGKILL. */
  readonly deathSignal?: 'SIGKILL' | 'SIGTERM' | 'SIGINT' | 'SIGQUIT';
  /**
   * Also bind the processes that the child starts. The child leads a process group of its own (`detached`),
   * and all of it is signalled; so is what `process.kill(-child.pid, signal)` reaches.
   */
  readonly wholeGroup?: boolean;
  /** Linux: run the child with these options of `setpriv`, such as another user or fewer rights. */
  readonly setpriv?: readonly string[];
}

let setprivWorks: boolean | undefined;

/** util-linux has had --pdeathsig since 2.33; BusyBox has a setpriv without it. */
function hasSetpriv(): boolean {
  setprivWorks ??=
    process.platform === 'linux' &&
    spawnSync('setpriv', ['--pdeathsig', 'KILL', '--', 'true'], { stdio: 'ignore' }).status === 0;
  return setprivWorks;
}

/**
 * Starts a child that dies with this process, even when this process gets SIGKILL.
 *
 * On Linux the kernel sends the signal (`prctl(PR_SET_PDEATHSIG)`, set by `setpriv` before it becomes the
 * command, so the pid is the command's own). Elsewhere, and for whole groups, one small watcher process per
 * parent does it when its stdin closes. A command that does not exist ends with exit code 127 on Linux and
 * with an `error` event elsewhere. The watcher's bond holds from the return of this call on. Call it from the main thread: the kernel counts the spawning thread as the parent.
 */
export function spawnBound(
  command: string,
  args: readonly string[],
  options: SpawnBoundOptions = {},
): ChildProcess {
  const { deathSignal = 'SIGKILL', wholeGroup = false, setpriv = [], ...spawnOptions } = options;
  const settings = wholeGroup ? { ...spawnOptions, detached: true } : spawnOptions;
  const viaSetpriv = hasSetpriv();
  const watched = wholeGroup || !viaSetpriv;
  if (watched) ensureWatcher();
  const child = viaSetpriv
    ? spawn('setpriv', [...setpriv, '--pdeathsig', deathSignal.slice(3), '--', command, ...args], settings)
    : spawn(command, args, settings);
  if (child.pid !== undefined && watched) bindToParent(child, deathSignal, wholeGroup);
  return child;
}
