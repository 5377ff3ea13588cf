import { once } from 'node:events';
import { relative } from 'node:path';
import pc from 'picocolors';
import type { StackEvent } from './service.ts';
import { startStack } from './stack.ts';
import type { Stack, StackOptions } from './stack.ts';

export interface DevOptions extends Pick<StackOptions, 'dataDir' | 'environment' | 'outerEnv' | 'products'> {
  /** Where lines for the person go. Default: stdout. */
  readonly write?: (line: string) => void;
  /** Runs once all is up: the first API token, a first spec. What it returns is printed below the addresses. */
  readonly onUp?: (stack: Stack) => Promise<readonly string[]>;
}

/** What a person is told of an event; undefined for what goes as it should. */
function describeEvent(event: StackEvent): string | undefined {
  switch (event.kind) {
    case 'starting':
    case 'stopped':
      return undefined;
    case 'ready':
      return `${pc.green('✓')} ${event.name} is ready after ${(event.afterMs / 1000).toFixed(1)} s`;
    case 'exited': {
      const how = event.signal === null ? `exit code ${String(event.code)}` : event.signal;
      return `${pc.yellow('!')} ${event.name} ended (${how}); it starts again in ${(event.restartInMs / 1000).toFixed(1)} s`;
    }
    case 'failed':
      return `${pc.red('✗')} ${event.name} ${event.reason}`;
  }
}

const ADDRESS_LABELS: Readonly<Record<string, string>> = {
  api: 'API',
  gateway: 'Gateway',
  temporalUi: 'Temporal UI',
  temporal: 'Temporal',
  mailInbox: 'Mail inbox',
  slackView: 'Slack view',
  webhookSink: 'Webhooks',
};

/** The addresses of a running stack, where its data lies and how to stop it; one line each. */
function describeStack(stack: Stack): string[] {
  const addresses = Object.entries(ADDRESS_LABELS).flatMap(([key, label]) => {
    const address = stack.endpoints[key];
    return address === undefined ? [] : [`  ${label.padEnd(12)} ${pc.cyan(address)}`];
  });
  const folder = relative(process.cwd(), stack.dataDir) || stack.dataDir;
  const place = folder.startsWith('..') ? stack.dataDir : folder;
  return [
    '',
    ...addresses,
    `  ${'Data'.padEnd(12)} ${place} (logs in ${place}/logs; remove the folder to start clean)`,
    `  ${'Stop'.padEnd(12)} Ctrl-C; the next start goes on where this one stopped`,
    '',
  ];
}

/**
 * `perennial dev`: runs the whole stack in the foreground until SIGINT or SIGTERM. Everything that was running
 * when an earlier one was stopped or killed goes on.
 * @returns when all of it has stopped.
 * @throws PerennialError as `startStack` does.
 */
export async function runDev(options: DevOptions): Promise<void> {
  const { write = (line: string) => void process.stdout.write(`${line}\n`), onUp, ...stackOptions } = options;
  const request = new AbortController();
  const stopRequested = once(request.signal, 'abort');
  const onSignal = (): void => request.abort();
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    const stack = await startStack({
      ...stackOptions,
      signal: request.signal,
      onEvent: (event) => {
        const line = describeEvent(event);
        if (line !== undefined) write(line);
      },
    });
    try {
      for (const line of describeStack(stack)) write(line);
      for (const line of (await onUp?.(stack)) ?? []) write(line);
      if (!request.signal.aborted) await stopRequested;
      write('Stopping …');
    } finally {
      await stack.stop();
    }
  } catch (error) {
    // Ctrl-C before all was up is a stop, not a failure.
    if (!request.signal.aborted) throw error;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}
