import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, utimesSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  makeScratchDirectory,
  removeOrphans,
  withoutScratchPaths,
} from '../../../src/data/scratch-directory.ts';

const HOST = hostname().replaceAll(/[^A-Za-z0-9]/g, '_');
const ID = '0b0a7e9c-0000-4000-8000-000000000000';

function folderWith(...names: readonly string[]): string {
  const parent = mkdtempSync(join(tmpdir(), 'perennial-scratch-'));
  for (const name of names) mkdirSync(join(parent, name));
  return parent;
}

const deadPid = (): number => spawnSync(process.execPath, ['-e', '0']).pid;

it('removes the folders of killed processes of this machine when a process makes its first', async () => {
  const orphan = `duckdb-${HOST}-${String(deadPid())}-${ID}`;
  const parent = folderWith(orphan);
  const own = await makeScratchDirectory(parent);
  expect(readdirSync(parent).map((name) => join(parent, name))).toEqual([own]);
});

it("leaves the folders of live processes, of other machines, and what isn't its own", async () => {
  const kept = [`duckdb-${HOST}-${String(process.pid)}-${ID}`, `duckdb-other-1-${ID}`, 'something-else'];
  const parent = folderWith(...kept);
  await removeOrphans(parent, Date.now());
  expect(readdirSync(parent).sort()).toEqual([...kept].sort());
});

it('removes what another machine left a day ago: no job lasts that long', async () => {
  const parent = folderWith(`duckdb-other-1-${ID}`);
  const old = new Date(Date.now() - 25 * 3_600_000);
  utimesSync(join(parent, `duckdb-other-1-${ID}`), old, old);
  await removeOrphans(parent, Date.now());
  expect(readdirSync(parent)).toEqual([]);
});

it('leaves the path of its own folder out of a message', async () => {
  const own = await makeScratchDirectory(folderWith());
  expect(withoutScratchPaths(`IO Error: cannot open "${own}/input-1" now`)).toBe(
    'IO Error: cannot open "input-1" now',
  );
});
