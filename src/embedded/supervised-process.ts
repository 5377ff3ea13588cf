import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PerennialError } from '../errors/define-error.ts';
import { STACK_START_FAILED } from '../errors/platform-errors.ts';
import { spawnBound } from '../platform/spawn-bound.ts';
import { startTimeOf } from './process-identity.ts';
import type { Service, StackEvent } from './service.ts';

/** A machine that is busy with much else starts nothing sooner for being made to begin anew. */
const READY_TIMEOUT_MS = 180_000;
const CHECK_INTERVAL_MS = 50;
const FIRST_BACKOFF_MS = 200;
const LONGEST_BACKOFF_MS = 10_000;
/** A process that has been ready for this long starts again without the back-off of earlier failures. */
const STEADY_MS = 20_000;
const LOG_ROTATE_BYTES = 20 * 1024 * 1024;
const LOG_TAIL_LINES = 16;

export interface ProcessStatus {
  readonly name: string;
  readonly pid: number | undefined;
  readonly startTime: string | undefined;
  readonly state: 'starting' | 'ready' | 'waiting' | 'stopped';
  readonly restarts: number;
  readonly logPath: string;
}

/** One child of the stack, kept running until `stop()`: started again with back-off whenever it ends. */
export class SupervisedProcess {
  readonly service: Service;
  readonly #logPath: string;
  readonly #onEvent: (event: StackEvent) => void;
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  #state: ProcessStatus['state'] = 'stopped';
  #restarts = 0;
  #readyAt = 0;
  #backoffMs = FIRST_BACKOFF_MS;
  #stopping = new AbortController();

  constructor(service: Service, logPath: string, onEvent: (event: StackEvent) => void) {
    this.service = service;
    this.#logPath = logPath;
    this.#onEvent = onEvent;
  }

  status(): ProcessStatus {
    const pid = this.#child?.pid;
    return {
      name: this.service.name,
      pid,
      startTime: pid === undefined ? undefined : startTimeOf(pid),
      state: this.#state,
      restarts: this.#restarts,
      logPath: this.#logPath,
    };
  }

  /** Starts it for the first time and returns once it is ready. @throws STACK_START_FAILED with the end of its log. */
  async start(): Promise<void> {
    this.#stopping = new AbortController();
    const { ended } = await this.#launch();
    const ready = await this.#waitUntilReady(ended);
    if (ready !== true) {
      await this.stop();
      throw new PerennialError(
        STACK_START_FAILED,
        `${this.service.name} ${ready}. The end of ${this.#logPath}:\n${this.#logTail()}`,
      );
    }
  }

  kill(signal: NodeJS.Signals): boolean {
    return this.#child?.kill(signal) ?? false;
  }

  /** Asks it to end, waits, and kills it when it does not. Nothing is started again. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const child = this.#child;
    if (child !== undefined) {
      child.kill(this.service.stopSignal);
      const patience = new AbortController();
      const late = sleep(this.service.stopTimeoutMs, 'late' as const, { signal: patience.signal }).catch(
        () => undefined,
      );
      if ((await Promise.race([this.#exited, late])) === 'late') child.kill('SIGKILL');
      patience.abort();
      await this.#exited;
    }
    if (this.#state !== 'stopped') this.#onEvent({ kind: 'stopped', name: this.service.name });
    this.#state = 'stopped';
  }

  /** @returns `ended`: settled with the reason when this very child has ended. */
  async #launch(): Promise<{ ended: Promise<string> }> {
    const { service } = this;
    this.#state = 'starting';
    await service.prepare?.();
    const log = openLog(this.#logPath);
    const child = spawnBound(service.command, service.args, {
      cwd: service.cwd,
      env: { ...service.env },
      // A group of its own: Ctrl-C in a terminal reaches only the supervisor, which stops children in order.
      detached: true,
      stdio: service.announcesReady === true ? ['ignore', log, log, 'ipc'] : ['ignore', log, log],
      ...(service.deathSignal === undefined ? {} : { deathSignal: service.deathSignal }),
      ...(service.setpriv === undefined ? {} : { setpriv: service.setpriv }),
    });
    closeSync(log);
    this.#child = child;
    const ended = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(`could not be started: ${error.message}`));
      child.once('exit', (code, signal) => {
        resolve(signal === null ? `ended with exit code ${String(code)}` : `was ended by ${signal}`);
      });
    });
    this.#exited = ended.then(() => {
      this.#child = undefined;
      if (!this.#stopping.signal.aborted && this.#state === 'ready') void this.#restart(child);
    });
    this.#onEvent({ kind: 'starting', name: service.name, pid: child.pid });
    return { ended };
  }

  async #waitUntilReady(ended: Promise<string>): Promise<true | string> {
    const startedAt = Date.now();
    let end: string | undefined;
    void ended.then((reason) => (end = reason));
    let announced = this.service.announcesReady !== true;
    this.#child?.on('message', (message) => (announced ||= message === 'ready'));
    let lastProblem = 'it did not announce that it is ready';
    while (Date.now() - startedAt < READY_TIMEOUT_MS && !this.#stopping.signal.aborted) {
      if (end !== undefined) return end;
      try {
        if (announced) {
          await this.service.check?.();
          await this.service.afterReady?.();
          if (end !== undefined) return end;
          this.#state = 'ready';
          this.#readyAt = Date.now();
          this.#onEvent({ kind: 'ready', name: this.service.name, afterMs: Date.now() - startedAt });
          return true;
        }
      } catch (error) {
        lastProblem = error instanceof Error ? error.message : String(error);
      }
      await Promise.race([sleep(CHECK_INTERVAL_MS), ended]);
    }
    if (this.#stopping.signal.aborted) return 'was stopped while it started';
    return `was not ready after ${String(READY_TIMEOUT_MS / 1000)} s (${lastProblem})`;
  }

  async #restart(ended: ChildProcess): Promise<void> {
    const { name } = this.service;
    let exit: { code: number | null; signal: string | null } = {
      code: ended.exitCode,
      signal: ended.signalCode,
    };
    // One that was asked to end, and did so in order, has not failed.
    if (exit.code === 0 || Date.now() - this.#readyAt > STEADY_MS) this.#backoffMs = FIRST_BACKOFF_MS;
    while (!this.#stopping.signal.aborted) {
      this.#state = 'waiting';
      this.#onEvent({ kind: 'exited', name, ...exit, restartInMs: this.#backoffMs });
      await sleep(this.#backoffMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      this.#backoffMs = Math.min(this.#backoffMs * 2, LONGEST_BACKOFF_MS);
      if (this.#stopping.signal.aborted) return;
      this.#restarts += 1;
      try {
        const ready = await this.#waitUntilReady((await this.#launch()).ended);
        if (ready === true) return;
        if (!this.#stopping.signal.aborted) this.#onEvent({ kind: 'failed', name, reason: ready });
      } catch (error) {
        this.#onEvent({
          kind: 'failed',
          name,
          reason: error instanceof Error ? error.message : String(error),
        });
      }
      const child = this.#child;
      child?.kill('SIGKILL');
      await this.#exited;
      exit = { code: child?.exitCode ?? null, signal: child?.signalCode ?? null };
    }
  }

  #logTail(): string {
    try {
      return readFileSync(this.#logPath, 'utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
    } catch {
      return '(no log)';
    }
  }
}

/** The child writes to the file itself, so its last words are kept even when the supervisor is gone. */
function openLog(path: string): number {
  mkdirSync(dirname(path), { recursive: true });
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > LOG_ROTATE_BYTES)
    renameSync(path, `${path}.1`);
  return openSync(path, 'a', 0o600);
}
