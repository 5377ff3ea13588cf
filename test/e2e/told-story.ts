import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { z } from 'zod';
import type { StoryReport } from '../../examples/story/story.ts';
import { productRoot } from '../../src/embedded/binaries.ts';

const OUTPUT_LINES = 20;
const LOG_LINES = 8;
const LINE_LENGTH = 500;
/** A stack stops within this time; then it is killed, and its processes with it. */
const STOP_MS = 30_000;

type StepReport = StoryReport['steps'][number];

/** A story that was told by the built product, and what it reported. */
export interface ToldStory {
  readonly exitCode: number | null;
  readonly report: StoryReport;
  step(id: string): StepReport;
  /** The figures behind a step. */
  facts<T extends z.ZodType>(id: string, schema: T): z.output<T>;
}

/**
 * Runs a story as a person does, by the program behind `npm run <target>`, which also builds what is out of date.
 * Throws with the step that failed and the ends of all logs unless the whole story came true.
 */
export class StoryProcess {
  readonly #reportFile: string;
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];

  /** @param reportFile relative to the checkout; the stack's logs lie beside it */
  constructor(target: string, reportFile: string, args: readonly string[] = []) {
    this.#reportFile = join(productRoot(), reportFile);
    // An earlier run's report must not pass for this one's.
    rmSync(this.#reportFile, { force: true });
    this.#child = spawn(process.execPath, [join(productRoot(), 'scripts/run.mjs'), target, ...args], {
      cwd: productRoot(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (chunk: Buffer) =>
        this.#lines.push(...chunk.toString().split('\n').filter(Boolean)),
      );
  }

  async told(): Promise<ToldStory> {
    if (this.#running) await once(this.#child, 'close');
    const { exitCode } = this.#child;
    if (!existsSync(this.#reportFile)) throw new Error(this.#failure(exitCode, null));
    const report = JSON.parse(readFileSync(this.#reportFile, 'utf8')) as StoryReport;
    if (exitCode !== 0 || !report.ok) throw new Error(this.#failure(exitCode, report));
    const step = (id: string): StepReport => {
      const found = report.steps.find((one) => one.id === id);
      if (!found)
        throw new Error(`the story has no step ${id}; it has ${report.steps.map((s) => s.id).join(', ')}`);
      return found;
    };
    return { exitCode, report, step, facts: (id, schema) => schema.parse(step(id).facts) };
  }

  /** Ends a story that is still being told, with all its processes. */
  async stop(): Promise<void> {
    if (!this.#running) return;
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGTERM');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    await closed;
    clearTimeout(late);
  }

  get #running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  #failure(exitCode: number | null, report: StoryReport | null): string {
    const failed = report?.steps.find(({ ok }) => !ok);
    const told = failed
      ? `step ${failed.id} (${failed.title})\n  expected: ${failed.expected}\n  seen:     ${failed.seen}`
      : 'no step is reported as failed';
    return [
      `The story did not come true (exit code ${String(exitCode)}): ${told}`,
      '',
      'Its last lines:',
      ...this.#lines.slice(-OUTPUT_LINES),
      ...logsBeside(this.#reportFile),
    ].join('\n');
  }
}

/** The end of each log of the stack. */
function logsBeside(reportFile: string): string[] {
  const directory = join(dirname(reportFile), 'logs');
  if (!existsSync(directory)) return [];
  return readdirSync(directory).flatMap((name) => {
    const lines = readFileSync(join(directory, name), 'utf8').trimEnd().split('\n').slice(-LOG_LINES);
    return ['', `== ${name}`, ...lines.map((line) => line.slice(0, LINE_LENGTH))];
  });
}
