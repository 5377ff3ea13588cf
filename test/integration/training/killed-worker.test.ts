import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { ensureBuilt } from '../built-product.ts';

let folder: string;
beforeAll(() => {
  ensureBuilt('src/training/process-executor.js');
  folder = mkdtempSync(join(tmpdir(), 'perennial-killed-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${String(pid)}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

it('leaves no trainer behind when its worker is killed', async () => {
  const script = `sleep 600 & echo "$$ $!" > pids; echo '{"progress":{"step":1}}'; wait`;
  writeFileSync(join(folder, 'train.sh'), script);
  const command = {
    id: 'run/1',
    command: ['sh', 'train.sh'],
    workingDirectory: folder,
    environment: { PATH: process.env['PATH'] },
    logPath: join(folder, 'trainer.log'),
    secrets: [],
    graceTimeMs: 1_000,
  };
  const main = fileURLToPath(new URL('./run-executor.mjs', import.meta.url));
  const worker = spawn(process.execPath, [main, JSON.stringify(command)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise<void>((done, fail) => {
    worker.stdout.once('data', () => done());
    worker.once('exit', (code) => fail(new Error(`the worker ended with ${String(code)}`)));
  });
  const pids = readFileSync(join(folder, 'pids'), 'utf8').trim().split(' ').map(Number);
  expect(pids.map(isRunning)).toEqual([true, true]);
  worker.removeAllListeners('exit');
  worker.kill('SIGKILL');
  await vi.waitUntil(() => pids.every((pid) => !isRunning(pid)), { timeout: 60_000 });
});
