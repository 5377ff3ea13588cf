import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ProcessExecutor, parseProgress, resolveProgram } from '../../../src/training/process-executor.ts';
import type { TrainerCommand, TrainerStatus } from '../../../src/training/training-executor.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'perennial-executor-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function shell(script: string, more: Partial<TrainerCommand> = {}): TrainerCommand {
  writeFileSync(join(folder, 'train.sh'), script);
  return {
    id: 'run/1',
    command: ['sh', 'train.sh'],
    workingDirectory: folder,
    environment: { PATH: process.env['PATH'] ?? '' },
    logPath: join(folder, 'trainer.log'),
    secrets: [],
    // Longer than a test may take: who is killed for being slow must be one that a test wants killed.
    graceTimeMs: 60_000,
    ...more,
  };
}

async function endOf(executor: ProcessExecutor, id = 'run/1') {
  for (;;) {
    const status = await executor.poll(id, 5_000);
    if (status.kind === 'ended') return status;
  }
}

async function progressOf(executor: ProcessExecutor, step: number): Promise<TrainerStatus> {
  for (;;) {
    const status = await executor.poll('run/1', 5_000);
    if (status.progress?.step === step) return status;
    if (status.kind === 'ended') throw new Error(`ended before step ${String(step)}`);
  }
}

function isAlive(pid: number): boolean {
  try {
    // A zombie still takes signals; /proc tells it apart.
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${String(pid)}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

describe('a trainer as a process', () => {
  it('ends with its exit code and its last lines of stderr', async () => {
    const executor = new ProcessExecutor();
    await executor.start(shell('echo fine; echo "no label column" >&2; exit 2'));
    const end = await endOf(executor);
    expect(end).toMatchObject({
      exitCode: 2,
      signal: null,
      cancelled: false,
      lastLines: ['no label column'],
    });
  });

  it('tells progress from log', async () => {
    const executor = new ProcessExecutor();
    const line = '{"progress":{"step":3,"totalSteps":9,"metrics":{"loss":0.5}}}';
    await executor.start(shell(`echo hello; echo '${line}'; echo '{"progress":"odd"}'`));
    const end = await endOf(executor);
    expect(end.progress).toEqual({ step: 3, totalSteps: 9, metrics: { loss: 0.5 } });
    const log = readFileSync(join(folder, 'trainer.log'), 'utf8');
    expect(log).toContain('hello\n');
    expect(log).toContain('{"progress":"odd"}');
    expect(log).not.toContain('totalSteps');
  });

  it('sees nothing of the worker but what it is given', async () => {
    vi.stubEnv('WORKER_SECRET', 'must-not-leak');
    const executor = new ProcessExecutor();
    await executor.start(shell('env', { environment: { PATH: process.env['PATH'] ?? '', GIVEN: 'yes' } }));
    await endOf(executor);
    vi.unstubAllEnvs();
    const log = readFileSync(join(folder, 'trainer.log'), 'utf8');
    expect(log).toContain('GIVEN=yes');
    expect(log).not.toContain('must-not-leak');
  });

  it('masks secrets in log and messages, also within a line and over several lines', async () => {
    const executor = new ProcessExecutor();
    const secrets = ['hunter22', 'FIRST-LINE\nSECOND-LINE'];
    await executor.start(
      shell('echo "url://user:hunter22@host" >&2; printf "SECOND-LINE\\n" >&2; exit 1', { secrets }),
    );
    const end = await endOf(executor);
    expect(end.lastLines).toEqual(['url://user:[masked]@host', '[masked]']);
    expect(readFileSync(join(folder, 'trainer.log'), 'utf8')).not.toMatch(/hunter22|SECOND-LINE/);
  });

  it('lets a trainer checkpoint on SIGTERM and go', async () => {
    const executor = new ProcessExecutor();
    const script = `trap 'echo saved > saved; exit 0' TERM; echo '{"progress":{"step":1}}'; while :; do sleep 0.05; done`;
    await executor.start(shell(script));
    await progressOf(executor, 1);
    expect(await executor.cancel('run/1')).toMatchObject({ kind: 'ended', exitCode: 0, cancelled: true });
    expect(readFileSync(join(folder, 'saved'), 'utf8')).toBe('saved\n');
  });

  it('kills a trainer that ignores SIGTERM after the grace time, and all that it started', async () => {
    const executor = new ProcessExecutor();
    const script = `trap '' TERM; sleep 600 & echo $! > child; echo '{"progress":{"step":1}}'; while :; do sleep 0.05; done`;
    await executor.start(shell(script, { graceTimeMs: 200 }));
    await progressOf(executor, 1);
    const child = Number(readFileSync(join(folder, 'child'), 'utf8'));
    expect(isAlive(child)).toBe(true);
    expect(await executor.cancel('run/1')).toMatchObject({ signal: 'SIGKILL', cancelled: true });
    await vi.waitUntil(() => !isAlive(child), { timeout: 30_000 });
  });

  it('does not wait for a child that a trainer left behind with its pipes', async () => {
    const executor = new ProcessExecutor();
    await executor.start(shell('sleep 600 & echo $! > child; exit 0'));
    expect(await endOf(executor)).toMatchObject({ exitCode: 0 });
    const child = Number(readFileSync(join(folder, 'child'), 'utf8'));
    await vi.waitUntil(() => !isAlive(child), { timeout: 30_000 });
  });

  it('bounds the log and keeps its end', async () => {
    const executor = new ProcessExecutor();
    await executor.start(shell(`yes "$(printf 'x%.0s' $(seq 1 1000))" | head -n 20000; echo the end`));
    await endOf(executor);
    const log = readFileSync(join(folder, 'trainer.log'), 'utf8');
    expect(log.length).toBeLessThan(17 * 2 ** 20);
    expect(log).toMatch(/\.\.\. \d+ lines left out \.\.\./);
    expect(log.endsWith('the end\n')).toBe(true);
  });

  it('attaches to a trainer that is running when it is started again', async () => {
    const executor = new ProcessExecutor();
    const command = shell('echo once >> count; sleep 0.2');
    await Promise.all([executor.start(command), executor.start(command)]);
    await endOf(executor);
    expect(readFileSync(join(folder, 'count'), 'utf8')).toBe('once\n');
  });

  it('runs no shell: an argument is one word, whatever it holds', async () => {
    const executor = new ProcessExecutor();
    const command = shell('echo "$1"');
    await executor.start({ ...command, command: [...command.command, '$(touch harm); `touch harm`'] });
    await endOf(executor);
    expect(readFileSync(join(folder, 'trainer.log'), 'utf8')).toContain('\n$(touch harm); `touch harm`\n');
    expect(() => readFileSync(join(folder, 'harm'))).toThrow();
  });
});

describe('the program of a trainer', () => {
  const path = process.env['PATH'] ?? '';

  it('is the first of that name on PATH, and python3 where there is no python', async () => {
    const own = join(folder, 'own-python');
    mkdirSync(own);
    writeFileSync(join(own, 'python3'), '#!/bin/sh\n', { mode: 0o755 });
    expect(await resolveProgram('python', folder, own)).toBe(join(own, 'python3'));
    writeFileSync(join(own, 'python'), '#!/bin/sh\n', { mode: 0o755 });
    expect(await resolveProgram('python', folder, `${own}:${path}`)).toBe(join(own, 'python'));
  });

  it('is refused clearly when it is not there or not executable', async () => {
    writeFileSync(join(folder, 'train.py'), '', { mode: 0o644 });
    const refused = { code: 'TRAINER_COMMAND_INVALID' };
    await expect(resolveProgram('no-such-program', folder, path)).rejects.toMatchObject(refused);
    await expect(resolveProgram('./train.py', folder, path)).rejects.toMatchObject(refused);
  });
});

describe('parseProgress', () => {
  it.each(['', '{', '{"progress":', '[1]', 'null', '{"progress":{"step":"x"}}', '{"loss":1}'])(
    'takes %j for log',
    (line) => expect(parseProgress(line)).toBeNull(),
  );

  it('takes null and numbers that are not finite for what is not known', () => {
    const line =
      '{"progress":{"step":3,"totalSteps":null,"metrics":{"loss":NaN,"a":-Infinity,"b":null,"c":0.5},"etaSeconds":Infinity}}';
    expect(parseProgress(line)).toEqual({ step: 3, totalSteps: null, metrics: { c: 0.5 }, etaSeconds: null });
    expect(parseProgress('{"progress":{"step":4,"metrics":null}}')).toEqual({ step: 4, metrics: {} });
    expect(parseProgress('{"progress":{"step":5,"metrics":{"NaN \\" NaN":1}}}')).toEqual({
      step: 5,
      metrics: { 'NaN " NaN': 1 },
    });
  });

  it('takes a progress without a step for log', () => {
    expect(parseProgress('{"progress":{"step":NaN}}')).toBeNull();
  });
});
