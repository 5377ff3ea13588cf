import { readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { migrate, openDatabase } from '../registry/database.ts';
import { INFRASTRUCTURE, planInfrastructure } from './infrastructure.ts';
import type { InfrastructureName } from './infrastructure.ts';
import { isAlive } from './process-identity.ts';
import { PRODUCT_PROCESSES, productService } from './product-processes.ts';
import type { ProductProcess } from './product-processes.ts';
import type { Service, StackEvent } from './service.ts';
import { acquireStackLock } from './stack-lock.ts';
import { loadStackState, writePrivateFile } from './stack-state.ts';
import { SupervisedProcess } from './supervised-process.ts';
import type { ProcessStatus } from './supervised-process.ts';
import { userVariables } from './user-variables.ts';

export interface StackOptions {
  /** Holds all state of the stack; made when missing. */
  readonly dataDir: string;
  /** Default `dev`. */
  readonly environment?: string;
  /**
   * Where TEMPORAL_ADDRESS, DATABASE_URL and so on may name services outside, and what a spec may name. Default: none are
   * looked at.
   */
  readonly outerEnv?: NodeJS.ProcessEnv;
  /** Default: all. */
  readonly services?: readonly InfrastructureName[];
  /** Default: all of the product; ignored by `startInfrastructure`. */
  readonly products?: readonly ProductProcess[];
  /** Added to the environment of the product's processes. */
  readonly productEnv?: Readonly<Record<string, string>>;
  /**
   * Runs once the infrastructure answers and before the product starts, and may add to its environment what only
   * then is known: the address of a database of the application's own, or one of the `endpoints`.
   */
  readonly beforeProducts?: (
    env: Readonly<Record<string, string>>,
    endpoints: Readonly<Record<string, string>>,
  ) => Promise<Readonly<Record<string, string>>>;
  /** False trades a crash of the machine for speed; a kill of any process loses nothing either way. Default true. */
  readonly durable?: boolean;
  readonly onEvent?: (event: StackEvent) => void;
  /** Aborted while the stack starts: what has been started is stopped, and `startStack` rejects. */
  readonly signal?: AbortSignal;
}

export interface Stack {
  readonly dataDir: string;
  /** The environment of the product's processes: every variable of config.ts. Holds secrets. */
  readonly env: Readonly<Record<string, string>>;
  /** Addresses: api, gateway, temporal, temporalUi, mailInbox, slackView, webhookSink. */
  readonly endpoints: Readonly<Record<string, string>>;
  readonly processes: () => readonly ProcessStatus[];
  /** Sends a signal to one process, which is then started again; false when it is not running. */
  readonly kill: (name: string, signal?: NodeJS.Signals) => boolean;
  /** Brings the registry's schema up to date and starts processes of the product beside those that run. */
  readonly startProducts: (products: readonly ProductProcess[]) => Promise<void>;
  /** Stops the product, then its servers, and gives the data directory back. Safe to call twice. */
  readonly stop: () => Promise<void>;
}

const PidList = z.record(z.string(), z.object({ pid: z.number().int(), startTime: z.string() }));

/** The infrastructure alone: PostgreSQL, S3, Temporal, mail and Slack sinks. */
export function startInfrastructure(options: StackOptions): Promise<Stack> {
  return startStack({ ...options, products: [] });
}

/**
 * Starts the stack in a data directory, or picks it up where it was stopped or killed. Every process is
 * started again when it dies, and all of them die with this one, however it ends.
 * @throws PerennialError STACK_ALREADY_RUNNING, STACK_BINARY_MISSING, STACK_STATE_INVALID or STACK_START_FAILED;
 * what had been started is stopped again.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const dataDir = resolve(options.dataDir);
  const release = acquireStackLock(dataDir);
  const running: SupervisedProcess[] = [];
  const pidFile = join(dataDir, 'pids.json');
  const processes = (): ProcessStatus[] => running.map((child) => child.status());
  const onEvent = (event: StackEvent): void => {
    writePids(pidFile, processes());
    options.onEvent?.(event);
  };
  const start = (service: Service): Promise<void> => {
    options.signal?.throwIfAborted();
    const child = new SupervisedProcess(service, join(dataDir, 'logs', `${service.name}.log`), onEvent);
    running.push(child);
    return child.start();
  };
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= stopAll(running).finally(() => {
      rmSync(pidFile, { force: true });
      release();
    });
    return stopping;
  };
  const onAbort = (): void => void stop();
  options.signal?.addEventListener('abort', onAbort, { once: true });
  try {
    endOrphans(pidFile);
    const plan = await planInfrastructure(loadStackState(dataDir), {
      dataDir,
      environment: options.environment ?? 'dev',
      outerEnv: options.outerEnv ?? {},
      services: options.services ?? INFRASTRUCTURE,
      durable: options.durable ?? true,
    });
    await allOrFirstError(plan.services.map(start));
    const ofUser = userVariables(options.outerEnv ?? {});
    const known = { ...plan.env, ...options.productEnv };
    const env = { ...known, ...(await options.beforeProducts?.(known, plan.endpoints)) };
    const startProducts = async (products: readonly ProductProcess[]): Promise<void> => {
      if (products.length > 0) await migrateRegistry(env['DATABASE_URL'] ?? '');
      await allOrFirstError(products.map((product) => start(productService(product, { ...ofUser, ...env }))));
    };
    await startProducts(options.products ?? PRODUCT_PROCESSES);
    const kill = (name: string, signal: NodeJS.Signals = 'SIGKILL'): boolean =>
      running.find((child) => child.service.name === name)?.kill(signal) ?? false;
    return { dataDir, env, endpoints: plan.endpoints, processes, kill, startProducts, stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', onAbort);
  }
}

async function migrateRegistry(databaseUrl: string): Promise<void> {
  const database = openDatabase(databaseUrl, () => undefined, { poolSize: 1 });
  try {
    await migrate(database);
  } finally {
    await database.end();
  }
}

/** The product stops before the servers that it needs; each layer at once. */
async function stopAll(running: readonly SupervisedProcess[]): Promise<void> {
  const infrastructure = new Set<string>(INFRASTRUCTURE);
  const isProduct = (child: SupervisedProcess): boolean => !infrastructure.has(child.service.name);
  await Promise.all(running.filter(isProduct).map((child) => child.stop()));
  await Promise.all(running.filter((child) => !isProduct(child)).map((child) => child.stop()));
}

/** Waits for all, so that nothing is still starting when the first error is handed on. */
async function allOrFirstError(starts: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(starts);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

function writePids(path: string, processes: readonly ProcessStatus[]): void {
  const alive = processes.flatMap(({ name, pid, startTime }) =>
    pid === undefined || startTime === undefined ? [] : [[name, { pid, startTime }]],
  );
  writePrivateFile(path, `${JSON.stringify(Object.fromEntries(alive), null, 2)}\n`);
}

/** Children die with their parent by themselves; where a system could not hold that, the next start ends them. */
function endOrphans(pidFile: string): void {
  let listed: z.infer<typeof PidList>;
  try {
    listed = PidList.parse(JSON.parse(readFileSync(pidFile, 'utf8')));
  } catch {
    return;
  }
  for (const { pid, startTime } of Object.values(listed)) {
    if (isAlive(pid, startTime)) process.kill(pid, 'SIGKILL');
  }
}
