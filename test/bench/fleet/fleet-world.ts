import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { PRODUCT_PROCESSES } from '../../../src/embedded/product-processes.ts';
import { startStack } from '../../../src/embedded/stack.ts';
import type { Stack } from '../../../src/embedded/stack.ts';
import { connectTemporal } from '../../../src/platform/temporal-connection.ts';
import { openDatabase, withTransaction } from '../../../src/registry/database.ts';
import type { Database } from '../../../src/registry/database.ts';
import { generateToken, storeToken } from '../../../src/registry/tokens.ts';
import { specInput } from '../../integration/registry/registry-fixture.ts';
import { costOf } from './process-cost.ts';
import type { ProcessCost } from './process-cost.ts';

export const ENDPOINT = 'storm';
export const SECRET = 'a webhook secret of the bench';

/** No data or training worker: a production that a trigger starts stays under way, as one that trains for hours. */
const PROCESSES = new Set(['worker-control', 'api']);
export const MEASURED = ['worker-control', 'api', 'temporal', 'postgres'] as const;
export type Measured = (typeof MEASURED)[number];
export type Costs = Readonly<Record<Measured, ProcessCost>>;

export const modelName = (index: number): string => `fleet-${String(index).padStart(4, '0')}`;

/** A model with all three schedules, at intervals that none of them reaches while the bench runs. */
export function fleetSpec(name: string) {
  const spec = specInput(name, {
    monitoring: { every: '12h', monitors: [{ type: 'staleness', name: 'old', maxAge: '90d' }] },
    retraining: { schedule: { every: '7d' }, dailyBudget: 100 },
  });
  return { ...spec, features: { ...spec.features, refresh: { every: '24h' } } };
}

/** The product as it is installed: servers, API and control worker in processes of their own. */
export class FleetWorld {
  readonly stack: Stack;
  readonly db: Database;
  readonly client: Client;
  readonly #token: string;
  readonly #close: () => Promise<void>;

  private constructor(stack: Stack, db: Database, client: Client, token: string, close: () => Promise<void>) {
    this.stack = stack;
    this.db = db;
    this.client = client;
    this.#token = token;
    this.#close = close;
  }

  static async open(): Promise<FleetWorld> {
    const dataDir = mkdtempSync(join(tmpdir(), 'perennial-fleet-'));
    const stack = await startStack({
      dataDir,
      services: ['postgres', 's3', 'temporal'],
      products: PRODUCT_PROCESSES.filter(({ name }) => PROCESSES.has(name)),
      // Nobody is to be told: mail and Slack have benches of their own.
      productEnv: {
        PERENNIAL_WEBHOOK_SECRETS: JSON.stringify({ [ENDPOINT]: SECRET }),
        SMTP_URL: '',
        SLACK_BOT_TOKEN: '',
        LOG_LEVEL: 'warn',
      },
    });
    const db = openDatabase(stack.env['DATABASE_URL'] ?? '', () => undefined);
    const address = stack.env['TEMPORAL_ADDRESS'] ?? '';
    const namespace = stack.env['TEMPORAL_NAMESPACE'] ?? '';
    const connection = await connectTemporal({ address, namespace, tls: false, apiKey: undefined });
    const secret = generateToken();
    const person = { actor: 'ada', roles: ['ml-engineer'], expiresAt: null, createdBy: 'bench' } as const;
    await withTransaction(db, (tx) => storeToken(tx, secret, person));
    const close = async (): Promise<void> => {
      await connection.close();
      await db.end();
      await stack.stop();
      rmSync(dataDir, { recursive: true, force: true });
    };
    return new FleetWorld(stack, db, new Client({ connection, namespace }), secret.token, close);
  }

  get url(): string {
    return this.stack.endpoints['api'] ?? '';
  }

  get environment(): string {
    return this.stack.env['PERENNIAL_ENVIRONMENT'] ?? '';
  }

  close(): Promise<void> {
    return this.#close();
  }

  async post(path: string, body: unknown): Promise<{ status: number; body: unknown }> {
    const headers = { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' };
    const response = await fetch(this.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: response.status, body: await response.json() };
  }

  /** Applies models `from` to `to - 1` through the public API, a few at a time. */
  async apply(from: number, to: number): Promise<void> {
    let next = from;
    const work = async (): Promise<void> => {
      while (next < to) {
        const name = modelName(next++);
        const answer = await this.post('/v1/models', { spec: fleetSpec(name) });
        if (answer.status !== 200) throw new Error(`${name} was not applied: ${JSON.stringify(answer)}`);
      }
    };
    await Promise.all(Array.from({ length: 4 }, work));
  }

  costs(): Costs {
    const running = new Map(this.stack.processes().map(({ name, pid }) => [name, pid]));
    const entries = MEASURED.map((name) => [name, costOf(running.get(name) ?? 0)] as const);
    return Object.fromEntries(entries) as Record<Measured, ProcessCost>;
  }
}
