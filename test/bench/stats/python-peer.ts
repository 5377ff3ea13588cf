import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const BENCH = join(new URL('../../../', import.meta.url).pathname, '.perennial', 'bench');

/** A Python of its own with one peer in it, made on first use. @returns the path of its interpreter */
export function pythonWith(name: string, requirements: readonly string[]): string {
  const folder = join(BENCH, name);
  const python = join(folder, 'bin', 'python');
  const stamp = join(folder, 'installed.txt');
  if (existsSync(stamp)) return python;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(BENCH, { recursive: true });
  console.log(`installing ${requirements.join(', ')} into ${folder} …`);
  execFileSync('python3', ['-m', 'venv', folder]);
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...requirements], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  writeFileSync(stamp, `${requirements.join('\n')}\n`);
  return python;
}

/** What a peer's program prints as JSON on its last line. */
export function runPeer<T>(python: string, program: string, args: readonly string[]): T {
  const run = spawnSync(python, [program, ...args], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (run.status !== 0)
    throw new Error(`the peer ended with ${String(run.status)}:\n${run.stderr.slice(-4000)}`);
  return JSON.parse(run.stdout.trim().split('\n').at(-1) ?? '') as T;
}
