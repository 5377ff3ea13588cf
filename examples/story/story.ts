import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Reporter } from './reporter.ts';

/** What a step saw: one sentence for a person, and the ids, versions and figures behind it. */
interface Seen {
  readonly seen: string;
  readonly facts?: Readonly<Record<string, unknown>>;
}

export interface Step {
  readonly id: string;
  readonly title: string;
  /** What must come true. */
  readonly expected: string;
  readonly run: (tell: (detail: string) => void) => Promise<Seen>;
}

interface StepReport {
  readonly id: string;
  readonly title: string;
  readonly expected: string;
  readonly ok: boolean;
  readonly seen: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly startedAt: string;
  readonly durationMs: number;
}

export interface StoryReport {
  readonly story: string;
  readonly ok: boolean;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly steps: readonly StepReport[];
}

/** A step's expectation that did not come true. */
export class NotSeen extends Error {}

const listening = new AsyncLocalStorage<AbortSignal>();

/** Ends the story that the caller is a step of; outside of one nothing does. */
export function endOfStory(): AbortSignal | undefined {
  return listening.getStore();
}

/** Ends the wait for a step at once when the story is stopped, whatever the step is doing. */
async function unlessStopped<T>(signal: AbortSignal, step: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  return new Promise<T>((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
    void listening
      .run(signal, step)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', stop));
  });
}

async function writeWhole(file: string, report: StoryReport): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.part`, `${JSON.stringify(report, null, 2)}\n`);
  await rename(`${file}.part`, file);
}

/**
 * Runs the steps in order until one fails or `signal` stops it, and keeps the report on disk up to date after each.
 * The story is true only if every step came true.
 */
export async function runStory(
  story: string,
  steps: readonly Step[],
  reporter: Reporter,
  reportFile: string,
  signal: AbortSignal,
): Promise<StoryReport> {
  const startedAt = Date.now();
  const done: StepReport[] = [];
  const report = (): StoryReport => ({
    story,
    ok: done.length === steps.length && done.every((step) => step.ok),
    startedAt: new Date(startedAt).toISOString(),
    durationMs: Date.now() - startedAt,
    steps: done,
  });
  for (const [index, step] of steps.entries()) {
    const stepStartedAt = Date.now();
    reporter.begin(index + 1, steps.length, step.title);
    let outcome: { ok: boolean } & Seen;
    try {
      outcome = {
        ok: true,
        ...(await unlessStopped(signal, () => step.run((detail) => reporter.detail(detail)))),
      };
    } catch (error) {
      outcome = {
        ok: false,
        seen:
          error instanceof Error
            ? `${error.name === 'Error' ? '' : `${error.name}: `}${error.message}`
            : String(error),
      };
    }
    const durationMs = Date.now() - stepStartedAt;
    done.push({
      id: step.id,
      title: step.title,
      expected: step.expected,
      ok: outcome.ok,
      seen: outcome.seen,
      facts: outcome.facts ?? {},
      startedAt: new Date(stepStartedAt).toISOString(),
      durationMs,
    });
    reporter.end(outcome.ok, outcome.seen, durationMs, step.expected);
    await writeWhole(reportFile, report());
    if (!outcome.ok) break;
  }
  return report();
}
