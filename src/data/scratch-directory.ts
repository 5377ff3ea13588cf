import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'duckdb-';
/** Far longer than any job may take: what is older has no owner, whatever machine it was on. */
const LIFETIME_MS = 24 * 3_600_000;

const OWNER = `${hostname().replaceAll(/[^A-Za-z0-9]/g, '_')}-${String(process.pid)}-`;

/** A message without the paths of scratch folders, which say nothing to a reader. */
export function withoutScratchPaths(message: string): string {
  return message.replaceAll(/\/\S*duckdb-\w+-\d+-[0-9a-f-]{36}\//g, '');
}

/** The folders that this process has looked through for what killed ones left. */
const swept = new Set<string>();

/** Makes the folder of one job. The first call of a process also removes those whose process was killed. */
export async function makeScratchDirectory(parent: string): Promise<string> {
  const directory = join(parent, `${PREFIX}${OWNER}${randomUUID()}`);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  if (!swept.has(parent)) {
    swept.add(parent);
    await removeOrphans(parent, Date.now());
  }
  return directory;
}

/** Removes the folders of dead processes of this machine, and old ones of others that share the disk. */
export async function removeOrphans(parent: string, nowMs: number): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(PREFIX)) continue;
    const path = join(parent, name);
    const changedMs = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      // Its owner has just removed it.
      () => nowMs,
    );
    if (ownerIsDead(name) || nowMs - changedMs > LIFETIME_MS)
      await rm(path, { recursive: true, force: true });
  }
}

/** Only a process of this machine can be known to be dead. */
function ownerIsDead(name: string): boolean {
  const [host = '', pid = ''] = name.slice(PREFIX.length).split('-');
  if (host !== OWNER.split('-')[0] || !/^\d+$/.test(pid)) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
