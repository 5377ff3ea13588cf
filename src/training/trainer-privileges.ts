import { spawnSync } from 'node:child_process';

/** A program with the set-user-id bit gives a trainer no other rights. */
const NO_GAIN = ['--no-new-privs'];
/**
 * Root without its capabilities, but for the one to pass closed folders: it may then look into the memory and the
 * environment of no process that has them, such as its worker.
 */
const AS_WEAK_ROOT = [...NO_GAIN, '--bounding-set=-all,+dac_override', '--inh-caps=-all'];

let found: readonly string[] | undefined;

/** Options of `setpriv` for a trainer: the strongest that work for this worker. */
export function trainerPrivileges(): readonly string[] {
  found ??= strongest(process.getuid?.() === 0 ? [AS_WEAK_ROOT, NO_GAIN] : [NO_GAIN]);
  return found;
}

function strongest(choices: readonly (readonly string[])[]): readonly string[] {
  if (process.platform !== 'linux') return [];
  const works = (options: readonly string[]): boolean =>
    spawnSync('setpriv', [...options, '--', 'true'], { stdio: 'ignore' }).status === 0;
  return choices.find(works) ?? [];
}
