import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseFreePort } from '../../../src/embedded/ports.ts';
import { get, until } from './serving-fixture.ts';
import type { ServingWorld } from './serving-fixture.ts';

const GATEWAY_MAIN = 'src/serving/main.js';

const started: ChildProcess[] = [];

/** Ends what a failed test left running. */
export function killGateways(): void {
  for (const child of started) if (child.exitCode === null) child.kill('SIGKILL');
}

export interface GatewayProcess {
  readonly url: string;
  readonly child: ChildProcess;
  /** Ends it with a signal and waits until it is gone. @returns its exit code, null when the signal ended it */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null>;
}

export function gatewayFolder(): string {
  return mkdtempSync(join(tmpdir(), 'gateway-process-'));
}

/** From below the range that systems give out themselves: else it may be gone before the gateway has started. */
export async function gatewayPort(): Promise<string> {
  return String(await chooseFreePort(new Set()));
}

/** The built gateway (see `ensureBuilt`) as a process of its own; resolves when it is ready. */
export async function startGatewayProcess(
  world: ServingWorld,
  dataDir: string,
  more: Readonly<Record<string, string>> = {},
): Promise<GatewayProcess> {
  const port = more['GATEWAY_PORT'] ?? (await gatewayPort());
  const env = {
    ...world.env,
    PERENNIAL_DATA_DIR: dataDir,
    GATEWAY_ID: 'killed',
    ...more,
    GATEWAY_PORT: port,
  };
  const child = spawn(process.execPath, [join('dist', GATEWAY_MAIN)], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  started.push(child);
  const url = `http://127.0.0.1:${port}`;
  await until(
    'the gateway is ready',
    async () => {
      if (child.exitCode !== null) throw new Error(`the gateway ended with ${child.exitCode}`);
      return get(url, '/healthz').then(
        (answer) => answer.status,
        () => 0,
      );
    },
    (status) => status === 200,
  );
  return {
    url,
    child,
    async end(signal) {
      const gone = once(child, 'exit');
      child.kill(signal);
      await gone;
      return child.exitCode;
    },
  };
}
