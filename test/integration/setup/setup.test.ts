import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findOnPath, productRoot } from '../../../src/embedded/binaries.ts';

/** Nothing listens on the discard port: what an unreachable registry looks like. */
const NO_REGISTRY = 'http://127.0.0.1:9/';

let checkout: string;
let bin: string;

/** A checkout with the scripts and locks, and a PATH on which only `sh` and what a test adds is found. */
beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'perennial-setup-'));
  bin = join(checkout, 'bin');
  mkdirSync(bin);
  for (const name of ['scripts', 'requirements', 'package.json', 'package-lock.json', '.npmrc']) {
    cpSync(join(productRoot(), name), join(checkout, name), { recursive: true });
  }
  for (const tool of ['sh', 'env', 'dirname', 'uname', 'sed']) link(tool);
});
afterEach(() => rmSync(checkout, { recursive: true, force: true }));

function link(tool: string): void {
  const path = findOnPath(tool);
  if (path === undefined) throw new Error(`${tool} is not on PATH`);
  symlinkSync(path, join(bin, tool));
}

function fake(tool: string, script: string): void {
  writeFileSync(join(bin, tool), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, tool), 0o755);
}

function npmIsInstalled(): void {
  mkdirSync(join(checkout, 'node_modules'));
  cpSync(join(checkout, 'package-lock.json'), join(checkout, 'node_modules', '.package-lock.json'));
}

function setup(env: Readonly<Record<string, string>> = {}, nodeArgs: readonly string[] = []) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...nodeArgs, join(checkout, 'scripts', 'setup.mjs'), '--quiet'],
    { encoding: 'utf8', cwd: checkout, env: { HOME: checkout, PATH: bin, ...env } },
  );
  return { status, stdout, stderr };
}

const oneLine = (pattern: RegExp): unknown => ({
  status: 1,
  stdout: '',
  stderr: expect.stringMatching(new RegExp(`^perennial set-up: ${pattern.source}[^\\n]*\\n$`)) as string,
});

describe('set-up tells in one line what is wrong and what mends it', () => {
  it('an old Node', () => {
    const older = 'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"18.20.0"})';
    expect(setup({}, ['--import', older])).toEqual(oneLine(/Node 18\.20\.0 is too old: .*>= 20\.3/));
  });

  it('no Python, and an old one', () => {
    npmIsInstalled();
    expect(setup()).toEqual(oneLine(/Python not found: .*>= 3\.10 with venv .*apt install/));
    fake('python3', 'echo 3 8 /usr/bin/python3');
    expect(setup()).toEqual(oneLine(/Python too old \(python3 is 3\.8\)/));
  });

  it('Python without its venv module', () => {
    npmIsInstalled();
    fake('python3', 'case "$2" in *version_info*) echo 3 12 "$0" ;; *) exit 1 ;; esac');
    expect(setup()).toEqual(oneLine(/Python 3\.12 at .* has no venv module\. .*python3-venv/));
  });

  it('no npm', () => {
    expect(setup()).toEqual(oneLine(/npm could not be started \(ENOENT\)/));
  });

  it('an npm registry that cannot be reached', () => {
    const path = `${bin}:${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
    const result = setup({ PATH: path, npm_config_registry: NO_REGISTRY, npm_config_fetch_retries: '0' });
    expect(result).toEqual(oneLine(/The npm package registry could not be reached\..*log: /));
    expect(existsSync(join(checkout, '.perennial', 'logs', 'setup-npm.log'))).toBe(true);
  });

  it('a Python registry that cannot be reached, and leaves nothing that passes for done', () => {
    npmIsInstalled();
    const path = `${bin}:${process.env['PATH'] ?? ''}`;
    const pip = { PIP_INDEX_URL: NO_REGISTRY, PIP_RETRIES: '1', PIP_NO_CACHE_DIR: '1', PIP_FIND_LINKS: '' };
    const result = setup({ PATH: path, ...pip });
    expect(result).toEqual(oneLine(/The pip package registry could not be reached\./));
    expect(existsSync(join(checkout, '.venv', '.perennial-stamp.json'))).toBe(false);
  });

  it('a full disk, as npm reports it', () => {
    fake('npm', 'echo "npm error code ENOSPC" >&2; exit 228');
    expect(setup()).toEqual(oneLine(/Disk full while installing\./));
  });

  it('an option that does not exist', () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(checkout, 'scripts', 'setup.mjs'), '--depp'],
      {
        encoding: 'utf8',
      },
    );
    expect({ status, lines: stderr.trim().split('\n').length }).toEqual({ status: 1, lines: 1 });
  });
});

it('takes over the lock of a set-up that was killed, and gives its own back', () => {
  npmIsInstalled();
  const lock = join(checkout, '.perennial', 'setup.lock');
  mkdirSync(dirname(lock));
  const dead = spawnSync(process.execPath, ['-e', '']).pid;
  writeFileSync(lock, String(dead));
  expect(setup()).toEqual(oneLine(/Python not found/));
  expect(existsSync(lock)).toBe(false);
});
