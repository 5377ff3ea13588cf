import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Fields of /proc/<pid>/stat after the parenthesised name: the state is the first, the start time the twentieth. */
const STATE_FIELD = 0;
const START_TIME_FIELD = 19;

/**
 * When the process started, as the system tells it: together with the pid it names one process for good,
 * so that a reused pid is not taken for the old process. Undefined when there is none, or only a zombie.
 */
export function startTimeOf(pid: number): string | undefined {
  if (process.platform === 'linux') {
    try {
      const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[STATE_FIELD] === 'Z' ? undefined : fields[START_TIME_FIELD];
    } catch {
      return undefined;
    }
  }
  const { stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim() === '' ? undefined : stdout.trim();
}

/** Whether exactly this process is still alive. */
export function isAlive(pid: number, startTime: string): boolean {
  return startTimeOf(pid) === startTime;
}
