import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { startStack } from '../../../src/embedded/stack.ts';
import type { Stack, StackOptions } from '../../../src/embedded/stack.ts';
import { acquireStackLock } from '../../../src/embedded/stack-lock.ts';

/** The checkout. The compiled file lies one folder deeper, below dist/. */
const HERE = fileURLToPath(new URL('.', import.meta.url));
const CHECKOUT = HERE.includes(`${join('dist', 'examples')}`)
  ? join(HERE, '../../../..')
  : join(HERE, '../../..');

export const PLANTLY = join(CHECKOUT, 'examples/plantly');
/** State of the demo's stack, and its report. */
export const DEMO_DIR = join(CHECKOUT, '.perennial/demo');
/** The shop's own world: its application log and its books. perennial.yaml names the log. */
export const SHOP_DIR = join(CHECKOUT, '.perennial/plantly');
export const REPORT_FILE = join(DEMO_DIR, 'report.json');
export const MODEL = 'plant-recommender';

export interface PlantlyStack {
  readonly stack: Stack;
  readonly shopDatabaseUrl: string;
  readonly logDirectory: string;
  readonly ledgerFile: string;
  /** Signs the webhooks that the spec asks for. */
  readonly webhookSecret: string;
}

/** The shop's database stands beside the registry, on the same server. */
async function createShopDatabase(registryUrl: string): Promise<string> {
  const url = new URL(registryUrl);
  const client = new pg.Client({ connectionString: registryUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query("SELECT 1 FROM pg_database WHERE datname = 'plantly'");
    if (rowCount === 0) await client.query('CREATE DATABASE plantly');
  } finally {
    await client.end();
  }
  url.pathname = '/plantly';
  return url.toString();
}

export interface PlantlyOptions extends Pick<StackOptions, 'onEvent' | 'signal' | 'outerEnv' | 'products'> {
  /** Given the environment of the product's processes, says what is to be different in it. */
  readonly wire?: (env: Readonly<Record<string, string>>) => Promise<Readonly<Record<string, string>>>;
}

/** Starts from nothing: whatever an earlier run left is removed, unless one is still running. */
export async function startPlantly({ wire, ...options }: PlantlyOptions): Promise<PlantlyStack> {
  acquireStackLock(DEMO_DIR)();
  await rm(DEMO_DIR, { recursive: true, force: true });
  await rm(SHOP_DIR, { recursive: true, force: true });
  let shopDatabaseUrl = '';
  const webhookSecret = randomBytes(32).toString('hex');
  const stack = await startStack({
    ...options,
    dataDir: DEMO_DIR,
    environment: 'demo',
    beforeProducts: async (env, { webhookSink = '' }) => {
      shopDatabaseUrl = await createShopDatabase(env['DATABASE_URL'] ?? '');
      const shop = {
        PLANTLY_DATABASE_URL: shopDatabaseUrl,
        PLANTLY_WEBHOOK_URL: `${webhookSink}/plantly`,
        PLANTLY_WEBHOOK_SECRET: webhookSecret,
      };
      return { ...shop, ...(await wire?.({ ...env, ...shop })) };
    },
  });
  return {
    stack,
    shopDatabaseUrl,
    logDirectory: join(SHOP_DIR, 'log'),
    ledgerFile: join(SHOP_DIR, 'ledger.ndjson'),
    webhookSecret,
  };
}
