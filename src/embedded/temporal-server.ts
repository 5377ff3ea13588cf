import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { connectTemporal, prepareNamespace } from '../platform/temporal-connection.ts';
import { findTemporal } from './binaries.ts';
import { LOOPBACK } from './ports.ts';
import { baseEnvironment } from './service.ts';
import type { Service } from './service.ts';

export const TEMPORAL_PORTS = ['temporal', 'temporal-ui', 'temporal-http', 'temporal-metrics'] as const;
type TemporalPort = (typeof TEMPORAL_PORTS)[number];

const CHECK_TIMEOUT_MS = 2_000;
/** Write-ahead logging doubles the throughput of the file database and survives kill -9. */
const SQLITE_PRAGMAS = ['journal_mode=WAL', 'synchronous=NORMAL', 'busy_timeout=5000'];
/** The dev server polls its task queues 20 times a second unless told otherwise: 50 ms for each task. */
const DYNAMIC_CONFIG = ['history.transferProcessorMaxPollRPS=5000', 'history.timerProcessorMaxPollRPS=5000'];

export interface TemporalSettings {
  readonly dataDir: string;
  readonly ports: Readonly<Record<TemporalPort, number>>;
  readonly namespace: string;
}

export function temporalAddress(settings: TemporalSettings): string {
  return `${LOOPBACK}:${String(settings.ports.temporal)}`;
}

export function temporalService(settings: TemporalSettings): Service {
  const { ports } = settings;
  const folder = join(settings.dataDir, 'temporal');
  const connection = {
    address: temporalAddress(settings),
    namespace: settings.namespace,
    tls: false,
    apiKey: undefined,
  };
  return {
    name: 'temporal',
    command: findTemporal(),
    args: [
      ...['server', 'start-dev', '--ip', LOOPBACK, '--port', String(ports.temporal), '--log-level', 'warn'],
      ...['--ui-port', String(ports['temporal-ui']), '--http-port', String(ports['temporal-http'])],
      ...['--metrics-port', String(ports['temporal-metrics']), '--namespace', settings.namespace],
      ...['--db-filename', join(folder, 'temporal.db')],
      ...SQLITE_PRAGMAS.flatMap((pragma) => ['--sqlite-pragma', pragma]),
      ...DYNAMIC_CONFIG.flatMap((entry) => ['--dynamic-config-value', entry]),
    ],
    env: { ...baseEnvironment(), HOME: folder },
    cwd: folder,
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 10_000,
    prepare: () => void mkdirSync(folder, { recursive: true, mode: 0o700 }),
    check: () => withClient(connection, () => Promise.resolve()),
    // The flag --search-attribute is ignored on a database that exists, so this goes through the API.
    afterReady: () => withClient(connection, (client) => prepareNamespace(client, settings.namespace)),
  };
}

type Client = Awaited<ReturnType<typeof connectTemporal>>;

async function withClient(
  config: Parameters<typeof connectTemporal>[0],
  work: (client: Client) => Promise<void>,
): Promise<void> {
  const client = await connectTemporal(config, CHECK_TIMEOUT_MS);
  try {
    await work(client);
  } finally {
    await client.close();
  }
}
