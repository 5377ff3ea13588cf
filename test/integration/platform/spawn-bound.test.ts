import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { productRoot } from '../../../src/embedded/binaries.ts';
import { spawnBound } from '../../../src/platform/spawn-bound.ts';
import { ensureBuilt } from '../built-product.ts';
import { until } from '../../until.ts';
import { isRunning } from '../embedded/stack-process.ts';

let folder: string;
beforeAll(() => {
  ensureBuilt('src/platform/spawn-bound.js');
  folder = mkdtempSync(join(tmpdir(), 'perennial-bound-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const spawnBoundUrl = (): string =>
  pathToFileURL(join(productRoot(), 'dist/src/platform/spawn-bound.js')).href;

/** A parent that binds a shell, which starts a `sleep` of its own; both write down their pids. */
async function startFamily(
  name: string,
  options: string,
  setup = '',
): Promise<{ kill: () => void; pids: number[] }> {
  const pidFile = join(folder, name);
  const script = `echo $$ > '${pidFile}.tmp'; sleep 600 & echo $! >> '${pidFile}.tmp'; mv '${pidFile}.tmp' '${pidFile}'; wait`;
  const source = `${setup}
    const { spawnBound } = await import(${JSON.stringify(spawnBoundUrl())});
    spawnBound('sh', ['-c', ${JSON.stringify(script)}], { stdio: 'ignore', ${options} });
    (await import('node:fs')).writeFileSync(${JSON.stringify(`${pidFile}.bound`)}, '');
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: 'ignore' });
  // The child may be quicker than the call that starts it: the bond is there once that has returned.
  await until('the family runs, and is bound', () => existsSync(pidFile) && existsSync(`${pidFile}.bound`));
  const pids = readFileSync(pidFile, 'utf8').trim().split('\n').map(Number);
  expect(pids.every(isRunning)).toBe(true);
  return { kill: () => void parent.kill('SIGKILL'), pids };
}

describe('spawnBound', () => {
  it('ends the child when its parent gets kill -9', async () => {
    const family = await startFamily('child', '');
    family.kill();
    await until('the child is gone', () => !isRunning(family.pids[0] ?? 0));
    process.kill(family.pids[1] ?? 0, 'SIGKILL');
  });

  it('ends all that the child has started as well, where the whole group is bound', async () => {
    const family = await startFamily('group', 'wholeGroup: true');
    family.kill();
    await until('the whole group is gone', () => !family.pids.some(isRunning));
  });

  it('does the same on systems without parent-death signals', async () => {
    const elsewhere = "Object.defineProperty(process, 'platform', { value: 'darwin' });";
    const family = await startFamily('watcher', 'wholeGroup: true', elsewhere);
    family.kill();
    await until('the whole group is gone', () => !family.pids.some(isRunning));
  });

  it('hands on exit codes, signals and the pid of the command itself', async () => {
    const code = await new Promise((resolve) => spawnBound('sh', ['-c', 'exit 7']).once('exit', resolve));
    expect(code).toBe(7);
    const child = spawnBound('sleep', ['600']);
    const signal = new Promise((resolve) => child.once('exit', (_code, by) => resolve(by)));
    process.kill(child.pid ?? 0, 'SIGTERM');
    expect(await signal).toBe('SIGTERM');
  });
});
