import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt } from '../built-product.ts';

const CANARY = 'canary-51c0ffee-of-the-service';
const WORKER = fileURLToPath(new URL('./shielded-worker.mjs', import.meta.url));
let folder: string;
beforeAll(() => {
  ensureBuilt('src/training/process-executor.js');
  folder = mkdtempSync(join(tmpdir(), 'perennial-shielded-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a trainer under a worker whose environment holds the canary. @returns what the trainer saw */
function train(script: string): string {
  writeFileSync(join(folder, 'train.sh'), `{ ${script}\n} > seen 2>&1`);
  const command = {
    id: 'run/1',
    command: ['sh', 'train.sh'],
    workingDirectory: folder,
    environment: { PATH: process.env['PATH'] },
    logPath: join(folder, 'trainer.log'),
    secrets: [],
    graceTimeMs: 1_000,
  };
  const worker = spawnSync(process.execPath, [WORKER, JSON.stringify(command)], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], CANARY, DATABASE_URL: `postgres://perennial:${CANARY}@127.0.0.1/x` },
  });
  expect(worker.stderr).toBe('');
  expect(JSON.parse(worker.stdout)).toMatchObject({ known: [CANARY, CANARY] });
  return readFileSync(join(folder, 'seen'), 'latin1');
}

const LINUX = process.platform === 'linux';

describe('a trainer', () => {
  it('has nothing of its worker in its own environment', () => {
    expect(train('env')).not.toContain('canary');
  });

  it('finds no secret in the environment of its worker, or of any process that it may look at', () => {
    const seen = train(`tr '\\0' '\\n' < /proc/$PPID/environ; cat /proc/[0-9]*/environ; ps eww -A; true`);
    expect(seen).not.toContain(CANARY);
  });

  it('has not even the right to look where its worker is root: neither environment nor memory', () => {
    const seen = train(`cat /proc/$PPID/environ && echo look; exec 3< /proc/$PPID/mem && echo peek; true`);
    const root = LINUX && process.getuid?.() === 0;
    // Without root the kernel decides about memory by its ptrace_scope: docs/security.md says what that means.
    if (root) expect(seen).not.toMatch(/look|peek/);
    else expect(seen).not.toContain(CANARY);
  });

  it('can gain no rights by a program with the set-user-id bit', () => {
    const seen = train(`grep NoNewPrivs /proc/self/status; true`);
    expect(seen).toContain(LINUX ? 'NoNewPrivs:\t1' : '');
  });
});

it('would see all of it without the worker taking its environment', () => {
  const naive = spawnSync('sh', ['-c', `sh -c 'cat /proc/$PPID/environ' || true`], {
    encoding: 'latin1',
    env: { PATH: process.env['PATH'], CANARY },
  });
  expect(naive.stdout).toContain(LINUX ? CANARY : '');
});
