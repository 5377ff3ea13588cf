import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { PerennialError } from '../errors/define-error.ts';
import { DEPENDENCY_UNAVAILABLE } from '../errors/lifecycle-errors.ts';
import type { Config } from './config.ts';

/** The search attributes that every workflow of the product sets. Temporal's enum: 2 is Keyword. */
export const SEARCH_ATTRIBUTES = { PerennialModel: 2, PerennialEnvironment: 2, PerennialStage: 2 } as const;

const GRPC_ALREADY_EXISTS = 6;
const RETENTION = '30 days';
const READY_TIMEOUT_MS = 60_000;
const POLL_MS = 100;

type TemporalConfig = Config['temporal'];

/** What both kinds of connection take: TLS and the API key of a hosted Temporal. */
export function temporalConnectionOptions(config: TemporalConfig) {
  return {
    address: config.address,
    tls: config.tls,
    ...(config.apiKey === undefined ? {} : { apiKey: config.apiKey }),
  };
}

/**
 * Connects a client, which reconnects by itself when the server was away.
 * @throws PerennialError DEPENDENCY_UNAVAILABLE when nothing answers within `timeoutMs`.
 */
export async function connectTemporal(
  config: TemporalConfig,
  timeoutMs = READY_TIMEOUT_MS,
): Promise<Connection> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await Connection.connect({
        ...temporalConnectionOptions(config),
        connectTimeout: Math.max(1_000, deadline - performance.now()),
      });
    } catch (cause) {
      if (performance.now() >= deadline) {
        const text = `Temporal at ${config.address} did not answer within ${String(timeoutMs)} ms. Is the server running?`;
        throw new PerennialError(DEPENDENCY_UNAVAILABLE, text, { cause });
      }
      await sleep(POLL_MS);
    }
  }
}

/**
 * Makes the namespace and the search attributes exist and usable; safe to repeat and to run at once from
 * several processes. A new namespace takes some seconds to reach every part of the server, hence the wait.
 */
export async function prepareNamespace(connection: Connection, namespace: string): Promise<void> {
  await registerNamespace(connection, namespace);
  const deadline = performance.now() + READY_TIMEOUT_MS;
  let cause: unknown;
  while (performance.now() < deadline) {
    try {
      const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
      const missing = Object.entries(SEARCH_ATTRIBUTES).filter(
        ([name]) => !Object.hasOwn(customAttributes ?? {}, name),
      );
      if (missing.length === 0) return;
      await connection.operatorService.addSearchAttributes({
        namespace,
        searchAttributes: Object.fromEntries(missing),
      });
    } catch (error) {
      cause = error;
    }
    await sleep(POLL_MS);
  }
  const text = `The search attributes of the Temporal namespace ${namespace} could not be registered.`;
  throw new PerennialError(DEPENDENCY_UNAVAILABLE, text, { cause });
}

async function registerNamespace(connection: Connection, namespace: string): Promise<void> {
  try {
    await connection.workflowService.describeNamespace({ namespace });
    return;
  } catch {
    // Not there yet (or not visible to this key): registering tells which.
  }
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: msToTs(RETENTION),
    });
  } catch (cause) {
    if (isGrpcCode(cause, GRPC_ALREADY_EXISTS)) return;
    const text = `The Temporal namespace ${namespace} does not exist and could not be registered.`;
    throw new PerennialError(DEPENDENCY_UNAVAILABLE, text, { cause });
  }
}

function isGrpcCode(error: unknown, code: number): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
