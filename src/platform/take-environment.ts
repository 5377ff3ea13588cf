import { closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';

/** Fields of /proc/<pid>/stat after the parenthesised name: where the environment lies in memory. */
const ENV_START_FIELD = 47;
const ENV_END_FIELD = 48;
const MAX_BLOCK_BYTES = 4 * 2 ** 20;

/**
 * The environment of this process, which from here on no other process can look up: Linux shows the block that a process
 * was started with to all of the same user (`/proc/<pid>/environ`), so its values are overwritten there. `process.env`
 * stays as it was. To be called first in a process, before any other thread may ask for a variable.
 */
export function takeEnvironment(): NodeJS.ProcessEnv {
  const environment = { ...process.env };
  if (!wipeBlock()) return environment;
  // Setting a variable gives it a place of its own, outside of that block.
  for (const [name, value] of Object.entries(environment)) process.env[name] = value;
  return environment;
}

/** @returns whether the block was overwritten; a hardened kernel and other systems don't allow it */
function wipeBlock(): boolean {
  if (process.platform !== 'linux') return false;
  try {
    const [start, end] = blockBounds();
    if (!(start > 0 && end > start && end - start <= MAX_BLOCK_BYTES)) return false;
    const memory = openSync('/proc/self/mem', 'r+');
    try {
      const block = Buffer.alloc(end - start);
      readSync(memory, block, 0, block.length, start);
      return writeSync(memory, withoutValues(block), 0, block.length, start) === block.length;
    } finally {
      closeSync(memory);
    }
  } catch {
    return false;
  }
}

function blockBounds(): [number, number] {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return [Number(fields[ENV_START_FIELD]), Number(fields[ENV_END_FIELD])];
}

/** The names stay where they are: the C library finds variables by them until they are set anew. */
function withoutValues(block: Buffer): Buffer {
  let inValue = false;
  for (const [i, byte] of block.entries()) {
    if (byte === 0) inValue = false;
    else if (inValue) block[i] = 0;
    else if (byte === 0x3d) inValue = true;
  }
  return block;
}
