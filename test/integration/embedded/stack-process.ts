import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { startTimeOf } from '../../../src/embedded/process-identity.ts';
import type { ProcessStatus } from '../../../src/embedded/supervised-process.ts';
import { until } from '../../until.ts';

export interface StackUp {
  readonly kind: 'up';
  readonly afterMs: number;
  readonly env: Readonly<Record<string, string>>;
  readonly endpoints: Readonly<Record<string, string>>;
  readonly processes: readonly ProcessStatus[];
}

type Line = { readonly kind: string; readonly name?: string } & Readonly<Record<string, unknown>>;

export const isRunning = (pid: number): boolean => startTimeOf(pid) !== undefined;

/** A stack under a supervisor in a process of its own, so that the supervisor can be killed. */
export class StackProcess {
  readonly child: ChildProcess;
  readonly lines: Line[] = [];
  readonly exited: Promise<number | null>;

  constructor(options: Readonly<Record<string, unknown>>) {
    const script = join(import.meta.dirname, 'run-stack.mjs');
    this.child = spawn(process.execPath, [script, JSON.stringify(options)], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.exited = new Promise((resolve) => this.child.once('exit', (code) => resolve(code)));
    if (this.child.stdout !== null) {
      createInterface({ input: this.child.stdout }).on('line', (line) =>
        this.lines.push(JSON.parse(line) as Line),
      );
    }
  }

  count(kind: string, name: string): number {
    return this.lines.filter((line) => line.kind === kind && line.name === name).length;
  }

  async up(): Promise<StackUp> {
    await until('the stack is up', () => this.lines.some((line) => ['up', 'error'].includes(line.kind)));
    const up = this.lines.find((line) => line.kind === 'up');
    if (up === undefined) throw new Error(JSON.stringify(this.lines.at(-1)));
    return up as unknown as StackUp;
  }

  async failure(): Promise<Line> {
    await until('the stack refuses to start', () => this.lines.some((line) => line.kind === 'error'));
    return this.lines.find((line) => line.kind === 'error') as Line;
  }

  async stop(): Promise<number | null> {
    this.child.kill('SIGINT');
    return await this.exited;
  }
}
