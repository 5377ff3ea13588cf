import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTimeOf } from '../../../src/embedded/process-identity.ts';
import { acquireStackLock } from '../../../src/embedded/stack-lock.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'perennial-lock-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const lockPath = (): string => join(folder, 'stack.lock');

describe('acquireStackLock', () => {
  it('lets one in and tells the next who holds it, until it is given back', () => {
    const release = acquireStackLock(folder);
    expect(() => acquireStackLock(folder)).toThrow(
      expect.objectContaining({
        code: 'STACK_ALREADY_RUNNING',
        message: expect.stringContaining(`pid ${String(process.pid)}`) as string,
      }) as Error,
    );
    release();
    acquireStackLock(folder)();
    expect(existsSync(lockPath())).toBe(false);
  });

  it('takes over the lock of a process that was killed', async () => {
    const holder = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    const pid = holder.pid ?? 0;
    writeFileSync(lockPath(), JSON.stringify({ pid, startTime: startTimeOf(pid) }));
    expect(() => acquireStackLock(folder)).toThrow(/running/);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    acquireStackLock(folder)();
  });

  it('is not fooled by a new process under the pid of the dead holder', () => {
    writeFileSync(lockPath(), JSON.stringify({ pid: process.pid, startTime: 'long ago' }));
    acquireStackLock(folder)();
  });

  it('takes over a lock file that cannot be read', () => {
    writeFileSync(lockPath(), '{"pid":');
    acquireStackLock(folder)();
  });

  it('does not wait for ever on a take-over that was killed half-way', () => {
    writeFileSync(lockPath(), JSON.stringify({ pid: process.pid, startTime: 'long ago' }));
    writeFileSync(`${lockPath()}.claim`, '1');
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(`${lockPath()}.claim`, longAgo, longAgo);
    acquireStackLock(folder)();
  });

  it('does not remove a lock that another process has taken since', () => {
    const release = acquireStackLock(folder);
    writeFileSync(lockPath(), JSON.stringify({ pid: 1, startTime: startTimeOf(1) }));
    release();
    expect(existsSync(lockPath())).toBe(true);
  });
});
