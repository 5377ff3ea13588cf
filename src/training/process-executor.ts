import type { ChildProcess } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TrainerProgress } from '../contracts/trainer.ts';
import { PerennialError } from '../errors/define-error.ts';
import { RUN_NOT_FOUND, TRAINER_COMMAND_INVALID } from '../errors/training-errors.ts';
import { spawnBound } from '../platform/spawn-bound.ts';
import { parseTrainerJson } from './parse-trainer-json.ts';
import { LineSplitter, TrainerLog } from './trainer-log.ts';
import { trainerPrivileges } from './trainer-privileges.ts';
import type { TrainerCommand, TrainerStatus, TrainingExecutor } from './training-executor.ts';

/** Trainers that have ended and whose end can still be asked for. */
const REMEMBERED_ENDS = 100;

type Ended = Extract<TrainerStatus, { kind: 'ended' }>;

interface RunningTrainer {
  readonly child: ChildProcess;
  readonly graceTimeMs: number;
  readonly ended: Promise<Ended>;
  result: Ended | null;
  progress: TrainerProgress['progress'] | null;
  cancelled: boolean;
  /** Called once, by the next progress line. */
  wake: (() => void) | null;
}

/** Reads one line of stdout: progress, or null for a line of log. A number that is not finite counts as none. */
export function parseProgress(line: string): TrainerProgress['progress'] | null {
  if (!line.trimStart().startsWith('{') || !line.includes('"progress"')) return null;
  try {
    const parsed = TrainerProgress.safeParse(parseTrainerJson(line));
    return parsed.success ? parsed.data.progress : null;
  } catch {
    return null;
  }
}

/**
 * The absolute path of a trainer's program. A path with a slash is relative to the working directory, a bare
 * name is looked up on PATH: whoever starts the worker puts the interpreter's folder first there.
 * @throws PerennialError TRAINER_COMMAND_INVALID
 */
export async function resolveProgram(
  program: string,
  workingDirectory: string,
  path: string,
): Promise<string> {
  const runnable = async (file: string) =>
    access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
  if (program.includes('/')) {
    const file = isAbsolute(program) ? program : resolve(workingDirectory, program);
    if (await runnable(file)) return file;
    throw new PerennialError(
      TRAINER_COMMAND_INVALID,
      `the trainer's program ${program} is not an executable file of its directory; set its mode, or name an interpreter first`,
    );
  }
  const folders = path.split(delimiter).filter((folder) => folder !== '');
  // Debian and macOS have no `python`.
  for (const name of program === 'python' ? ['python', 'python3'] : [program]) {
    for (const folder of folders) if (await runnable(join(folder, name))) return join(folder, name);
  }
  throw new PerennialError(
    TRAINER_COMMAND_INVALID,
    `the trainer's program ${program} is not on this worker's PATH; install it there, or give its path`,
  );
}

/** Runs trainers as processes of this worker. They die with it, even when it is killed. */
export class ProcessExecutor implements TrainingExecutor {
  readonly #running = new Map<string, RunningTrainer>();

  async start(command: TrainerCommand): Promise<void> {
    if (this.#running.has(command.id)) return;
    const [program = '', ...args] = command.command;
    const { workingDirectory: cwd, environment: env } = command;
    const file = await resolveProgram(program, cwd, env['PATH'] ?? '');
    // Another call may have started it while this one looked for the program.
    if (this.#running.has(command.id)) return;
    const child = spawnBound(file, args, {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      deathSignal: 'SIGKILL',
      wholeGroup: true,
      setpriv: trainerPrivileges(),
    });
    const log = new TrainerLog(command.logPath, command.secrets);
    log.write('stdout', `== ${command.id} at ${new Date().toISOString()}: ${command.command.join(' ')}`);
    const trainer: RunningTrainer = {
      child,
      graceTimeMs: command.graceTimeMs,
      ended: ended(child, log, () => trainer),
      result: null,
      progress: null,
      cancelled: false,
      wake: null,
    };
    this.#running.set(command.id, trainer);
    this.#forgetOldest();
    const stdout = new LineSplitter((line) => {
      const progress = parseProgress(line);
      if (progress === null) return log.write('stdout', line);
      trainer.progress = progress;
      trainer.wake?.();
    });
    const stderr = new LineSplitter((line) => log.write('stderr', line));
    child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk)).on('end', () => stdout.end());
    child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk)).on('end', () => stderr.end());
  }

  async poll(id: string, waitMs: number): Promise<TrainerStatus> {
    const trainer = this.#trainer(id);
    const stopWaiting = new AbortController();
    try {
      await Promise.race([
        trainer.ended,
        new Promise<void>((done) => (trainer.wake = done)),
        sleep(waitMs, undefined, { signal: stopWaiting.signal }).catch(() => undefined),
      ]);
    } finally {
      stopWaiting.abort();
      trainer.wake = null;
    }
    return trainer.result ?? { kind: 'running', progress: trainer.progress };
  }

  async cancel(id: string): Promise<TrainerStatus> {
    const trainer = this.#trainer(id);
    if (trainer.result !== null) return trainer.result;
    trainer.cancelled = true;
    signalGroup(trainer.child, 'SIGTERM');
    const killer = setTimeout(() => signalGroup(trainer.child, 'SIGKILL'), trainer.graceTimeMs);
    try {
      return await trainer.ended;
    } finally {
      clearTimeout(killer);
    }
  }

  #forgetOldest(): void {
    const over = [...this.#running]
      .filter(([, trainer]) => trainer.result !== null)
      .slice(0, -REMEMBERED_ENDS);
    for (const [id] of over) this.#running.delete(id);
  }

  #trainer(id: string): RunningTrainer {
    const trainer = this.#running.get(id);
    if (!trainer) throw new PerennialError(RUN_NOT_FOUND, `no trainer ${id} was started by this worker`);
    return trainer;
  }
}

/** Signals the trainer and all that it started; a group that is gone already is what was wanted. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    child.kill(signal);
  }
}

const PIPE_DRAIN_MS = 2_000;

async function ended(child: ChildProcess, log: TrainerLog, self: () => RunningTrainer): Promise<Ended> {
  const drained = new Promise<void>((done) => child.once('close', () => done()));
  const [exitCode, signal] = await new Promise<[number | null, string | null]>((done) => {
    child.once('error', () => done([127, null]));
    child.once('exit', (code, name) => done([code, name]));
  });
  // What the trainer left running in its group must not outlive it, nor hold its pipes open.
  signalGroup(child, 'SIGKILL');
  const giveUp = new AbortController();
  await Promise.race([drained, sleep(PIPE_DRAIN_MS, undefined, { signal: giveUp.signal }).catch(() => null)]);
  giveUp.abort();
  child.stdout?.destroy();
  child.stderr?.destroy();
  const lastLines = log.lastLines();
  await log.close();
  const trainer = self();
  trainer.result = {
    kind: 'ended',
    progress: trainer.progress,
    exitCode,
    signal,
    cancelled: trainer.cancelled,
    lastLines,
  };
  return trainer.result;
}
