import { Client } from '@temporalio/client';
import type { Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { pino } from 'pino';
import { createRegistryActivities } from '../../../activities/registry.ts';
import { createWebhookActivities } from '../../../activities/webhooks.ts';
import type { ArtifactStore } from '../../../src/artifacts/artifact-store.ts';
import type { ApiDependencies, ApiInstance } from '../../../src/api/api-instance.ts';
import { createLifecycleClient } from '../../../src/api/lifecycle-client.ts';
import { buildServer } from '../../../src/api/server.ts';
import { TASK_QUEUE } from '../../../src/contracts/task-queues.ts';
import type { RoleName } from '../../../src/domain/role.ts';
import { dispatchingWebhooks } from '../../../src/notifications/dispatch-webhooks.ts';
import { wrapActivities } from '../../../src/platform/activity-errors.ts';
import { connectTemporal } from '../../../src/platform/temporal-connection.ts';
import { withTransaction } from '../../../src/registry/database.ts';
import type { Database } from '../../../src/registry/database.ts';
import { generateToken, storeToken } from '../../../src/registry/tokens.ts';
import { bundledWorkflows } from '../../workflows/bundled-workflows.ts';
import { startTemporal } from '../infrastructure.ts';
import type { TestTemporal } from '../infrastructure.ts';
import { ENVIRONMENT, openRegistry } from '../registry/registry-fixture.ts';
import { openStore } from '../training/open-store.ts';
import { scriptedWork } from './scripted-work.ts';
import type { Script } from './scripted-work.ts';

export const LINK_SECRET = 'a link secret of the tests';
const ALLOWED_HOSTS = ['127.0.0.1'];
export const WEBHOOK_SECRET = 'a webhook secret of the tests';
export const NIGHTLY_SECRET = 'a webhook secret of another endpoint';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // The tests look into answers of every shape.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any;
  readonly text: string;
}

function depsOf({ db, store, client }: Pick<ApiWorld, 'db' | 'store' | 'client'>): ApiDependencies {
  return {
    environment: ENVIRONMENT,
    db,
    temporal: client,
    lifecycle: createLifecycleClient(client),
    artifacts: store,
    linkSecret: LINK_SECRET,
    webhookSecrets: { ci: WEBHOOK_SECRET, nightly: NIGHTLY_SECRET },
    webhookAllowedHosts: ALLOWED_HOSTS,
    now: Date.now,
  };
}

/** A real API server on loopback over a real registry, S3 and Temporal, with the product's workflows on one worker. */
export class ApiWorld {
  readonly script: Script = { requests: 1000 };
  /** Variables of the workers that specs name. */
  readonly secrets: Record<string, string> = {};
  readonly #workers: { readonly worker: Worker; readonly running: Promise<void> }[] = [];

  readonly db: Database;
  readonly store: ArtifactStore;
  readonly temporal: TestTemporal;
  readonly client: Client;
  readonly app: ApiInstance;
  readonly url: string;
  /** What the server logged, line by line. */
  readonly logs: readonly string[];

  private constructor(
    parts: Pick<ApiWorld, 'db' | 'store' | 'temporal' | 'client' | 'app' | 'url' | 'logs'>,
  ) {
    this.db = parts.db;
    this.store = parts.store;
    this.temporal = parts.temporal;
    this.client = parts.client;
    this.app = parts.app;
    this.url = parts.url;
    this.logs = parts.logs;
  }

  static async open(): Promise<ApiWorld> {
    const [db, store, temporal] = await Promise.all([openRegistry(), openStore(), startTemporal()]);
    const { address, namespace } = temporal;
    const connection = await connectTemporal({ address, namespace, tls: false, apiKey: undefined });
    const client = new Client({ connection, namespace });
    const logs: string[] = [];
    const logger = pino({ level: 'info' }, { write: (line: string) => void logs.push(line) });
    const app = await buildServer(depsOf({ db, store, client }), logger);
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    return new ApiWorld({ db, store, temporal, client, app, url, logs });
  }

  /** What the server works with, for another one beside it. */
  deps(parts: Partial<ApiDependencies> = {}): ApiDependencies {
    return { ...depsOf(this), ...parts };
  }

  /** Runs the product's workflows, the registry's activities, and scripted ones for the rest. */
  async startWorkers(): Promise<void> {
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    const workflowBundle = bundledWorkflows();
    const { address, namespace } = this.temporal;
    const connection = await NativeConnection.connect({ address });
    const { db, client, secrets } = this;
    const work = {
      ...createRegistryActivities({ db, artifacts: this.store }),
      ...scriptedWork(db, this.store, this.script),
      ...createWebhookActivities({ db, allowedHosts: ALLOWED_HOSTS, secrets: (name) => secrets[name] }),
      notify: async () => ({ delivered: ['test'] }),
    };
    const activities = wrapActivities(dispatchingWebhooks(work, { db, environment: ENVIRONMENT, client }));
    for (const taskQueue of Object.values(TASK_QUEUE)) {
      const workflows = taskQueue === TASK_QUEUE.control ? { workflowBundle } : {};
      const worker = await Worker.create({ connection, namespace, taskQueue, activities, ...workflows });
      this.#workers.push({ worker, running: worker.run() });
    }
  }

  async close(): Promise<void> {
    for (const { worker } of this.#workers) worker.shutdown();
    await Promise.all(this.#workers.map(({ running }) => running));
    await this.app.close();
    await (this.client.connection as Connection).close();
    await this.db.end();
    await this.temporal.stop();
  }

  /** A token for a person with these roles. */
  async tokenFor(actor: string, ...roles: RoleName[]): Promise<string> {
    const secret = generateToken();
    await withTransaction(this.db, (tx) =>
      storeToken(tx, secret, { actor, roles, expiresAt: null, createdBy: 'test' }),
    );
    return secret.token;
  }

  async call(token: string | null, method: string, path: string, body?: unknown): Promise<Answer> {
    return this.send(method, path, {
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  async send(method: string, path: string, init: RequestInit = {}): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, { ...init, method, redirect: 'manual' });
    const text = await response.text();
    const json = response.headers.get('content-type')?.includes('application/json') === true;
    return {
      status: response.status,
      headers: response.headers,
      body: json ? (JSON.parse(text) as unknown) : null,
      text,
    };
  }
}

const POLL_MS = 100;
/** For one thing to come true on a machine busy with much else; far more than it takes on an idle one. */
const DEADLINE_MS = 50_000;

/** Asks again until the answer holds; fails at the deadline with the last one. */
export async function until<T>(
  what: string,
  ask: () => Promise<T>,
  holds: (value: T) => boolean,
): Promise<T> {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const value = await ask();
    if (holds(value)) return value;
    if (Date.now() > deadline)
      throw new Error(`${what} did not come true; last seen ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
