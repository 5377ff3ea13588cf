import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

/**
 * Lines on stdin: `+ <target> <signal>` adds, `- <target>` removes; a negative target is a process group.
 * The end of stdin means that the parent is gone: whatever is still listed gets its signal.
 */
const WATCHER_SOURCE = `
const targets = new Map();
let rest = '';
process.on('SIGINT', () => {}).on('SIGTERM', () => {}).on('SIGHUP', () => {});
process.stdin.setEncoding('utf8').on('data', (chunk) => {
  const lines = (rest + chunk).split('\\n');
  rest = lines.pop();
  for (const line of lines) {
    const [sign, target, signal] = line.split(' ');
    if (sign === '+') targets.set(target, signal); else targets.delete(target);
  }
}).on('close', () => {
  for (const [target, signal] of targets) {
    try { process.kill(Number(target), signal); } catch {}
  }
});`;

let watcher: ChildProcess | undefined;

/**
 * One watcher for each process; it never keeps its parent alive. Call it before the child is spawned, so that
 * between the spawn and `bindToParent` there is nothing but a write to a pipe.
 */
export function ensureWatcher(): ChildProcess {
  if (watcher === undefined) {
    watcher = spawn(process.execPath, ['-e', WATCHER_SOURCE], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      env: {},
    });
    watcher.unref();
    const stdin = watcher.stdin as (NodeJS.WritableStream & { unref?: () => void }) | null;
    stdin?.unref?.();
    stdin?.on('error', () => (watcher = undefined));
    watcher.on('exit', () => (watcher = undefined));
  }
  return watcher;
}

/**
 * Makes the watcher signal `child` when this process ends. A process group stays listed after its leader
 * has exited only while the leader's exit has not been seen, so a reused id is never signalled.
 */
export function bindToParent(child: ChildProcess, signal: NodeJS.Signals, wholeGroup: boolean): void {
  const target = String(wholeGroup ? -(child.pid ?? 0) : (child.pid ?? 0));
  ensureWatcher().stdin?.write(`+ ${target} ${signal}\n`);
  child.once('exit', () => watcher?.stdin?.write(`- ${target}\n`));
}
