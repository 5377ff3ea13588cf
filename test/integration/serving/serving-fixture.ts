import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createRolloutActivities } from '../../../activities/rollout.ts';
import { createArtifactStore } from '../../../src/artifacts/artifact-store.ts';
import type { ArtifactStore } from '../../../src/artifacts/artifact-store.ts';
import { createS3Client } from '../../../src/artifacts/s3-client.ts';
import { ModelSpec } from '../../../src/contracts/spec/model-spec.ts';
import type { Signature } from '../../../src/contracts/trainer.ts';
import type { Actor } from '../../../src/domain/actor.ts';
import type { VersionStage } from '../../../src/domain/version-stage.ts';
import { loadConfig } from '../../../src/platform/config.ts';
import { createLogger } from '../../../src/platform/logger.ts';
import { migrate, openDatabase, withTransaction } from '../../../src/registry/database.ts';
import type { Database } from '../../../src/registry/database.ts';
import { onlineKey } from '../../../src/registry/online-features.ts';
import type { KeyValue } from '../../../src/registry/online-features.ts';
import { applySpec } from '../../../src/registry/specs.ts';
import { createGateway } from '../../../src/serving/gateway.ts';
import type { Gateway, GatewaySettings } from '../../../src/serving/gateway.ts';
import { openPredictionLog } from '../../../src/serving/prediction-log.ts';
import { freshBucket, freshDatabase, useInfrastructure } from '../infrastructure.ts';

export const MODEL = 'plants';
export const ADA: Actor = { id: 'ada', roles: ['ml-engineer'] };
/** For one thing to come true on a machine busy with much else; far more than it takes on an idle one. */
const WAIT_MS = 50_000;
/** Likewise: in these tests only a network that is cut, or silent, keeps features back. */
const FEATURE_TIMEOUT_MS = 20_000;

export const SIGNATURE: Signature = {
  inputs: [{ name: 'features', type: 'float32', shape: [-1, 3] }],
  outputs: [{ name: 'score', type: 'float32', shape: [-1] }],
};

function modelFile(name: string): string {
  return fileURLToPath(new URL(`./models/${name}.onnx`, import.meta.url));
}

/** A shop: a view of the customer, one of the plant, and one that is keyed by a column of both. */
export const SPEC = ModelSpec.parse({
  apiVersion: 'perennial/v1',
  name: MODEL,
  description: 'Which plant a customer buys.',
  owner: { team: 'shop' },
  sources: {},
  features: {
    views: {
      customer: {
        description: 'The customer.',
        keys: ['customer_id'],
        query: { sql: 'SELECT 1' },
        columns: { spend: 'Money.', region: 'Where.' },
      },
      plant: {
        description: 'The plant.',
        keys: ['plant_id'],
        query: { sql: 'SELECT 1' },
        columns: { price: 'Money.' },
        ttl: '1h',
      },
      local: {
        description: 'A plant where the customer lives.',
        keys: ['region', 'plant_id'],
        query: { sql: 'SELECT 1' },
        columns: { sales: 'Pieces.' },
      },
    },
  },
  training: {
    spine: { query: { sql: 'SELECT 1' }, id: 'id', label: 'bought', keys: ['customer_id', 'plant_id'] },
    features: ['customer.spend', 'local.sales', 'plant.price'],
    trainer: { command: ['python', 'train.py'] },
  },
  evaluation: { task: 'binary' },
  serving: {
    rank: { entity: ['customer_id'], candidate: ['plant_id'], defaultK: 3 },
    outcomes: {
      bought: { description: 'Bought something.', type: 'boolean' },
      spent: { description: 'Money.', type: 'number' },
    },
  },
});

export interface ServingWorld {
  readonly db: Database;
  readonly databaseUrl: string;
  readonly bucket: string;
  readonly store: ArtifactStore;
  readonly environment: string;
  readonly env: Readonly<Record<string, string>>;
  readonly activities: ReturnType<typeof createRolloutActivities>;
  readonly log: ReturnType<typeof openPredictionLog>;
  /** Registers a version whose model is a file of ./models. @returns its number */
  addVersion(
    file: string,
    options?: { stage?: VersionStage; signature?: Signature; specRevision?: number; model?: string },
  ): Promise<number>;
  setFeatures(view: string, key: readonly KeyValue[], values: object, at?: Date): Promise<void>;
  close(): Promise<void>;
}

/** A registry with one applied model, a bucket, and three plants that `linear` scores 3, 2 and 1 for customer c1. */
export async function servingWorld(): Promise<ServingWorld> {
  const databaseUrl = await freshDatabase();
  const bucket = await freshBucket();
  const env = { ...useInfrastructure().env, DATABASE_URL: databaseUrl, S3_BUCKET: bucket, LOG_LEVEL: 'warn' };
  const config = loadConfig(env);
  const db = openDatabase(databaseUrl, () => undefined);
  await migrate(db);
  const client = createS3Client(config.s3);
  const cacheDirectory = mkdtempSync(join(tmpdir(), 'serving-cache-'));
  const store = createArtifactStore({ client, bucket, cacheDirectory });
  const log = openPredictionLog({ db, store });
  const environment = config.environment;
  await withTransaction(db, (tx) => applySpec(tx, { environment, spec: SPEC, bundle: null, actor: ADA }));
  let next = 1;
  const world: ServingWorld = {
    db,
    databaseUrl,
    bucket,
    store,
    environment,
    env,
    log,
    activities: createRolloutActivities({ db, store, log }),
    async addVersion(
      file,
      { stage = 'approved', signature = SIGNATURE, specRevision = 1, model = MODEL } = {},
    ) {
      const { digest, size } = await store.putFile(file.includes('/') ? file : modelFile(file));
      const version = next++;
      await db.query(
        `INSERT INTO versions (model, environment, version, stage, spec_revision, trigger_key, trigger, requested_by,
           artifact, size_bytes, signature) VALUES ($1, $2, $3, $4, $9, $5, '{}', 'ada', $6, $7, $8)`,
        [
          model,
          environment,
          version,
          stage,
          `t${version}`,
          digest,
          size,
          JSON.stringify(signature),
          specRevision,
        ],
      );
      return version;
    },
    async setFeatures(view, key, values, at = new Date()) {
      await db.query(
        `INSERT INTO online_features (model, environment, view, key, values, event_time) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (model, environment, view, key) DO UPDATE SET values = $5, event_time = $6`,
        [MODEL, environment, view, onlineKey(key), JSON.stringify(values), at],
      );
    },
    async close() {
      await db.end();
      client.destroy();
    },
  };
  await world.setFeatures('customer', ['c1'], { spend: 1, region: 'north' });
  for (const plant of [1, 2, 3]) {
    await world.setFeatures('plant', [plant], { price: plant });
    await world.setFeatures('local', ['north', plant], { sales: 1.5 });
  }
  return world;
}

/** Gives one version all of a model's traffic. */
export function serveAll(world: ServingWorld, key: string, version: number, model: string) {
  return world.activities.setRoute({
    model,
    environment: world.environment,
    key,
    weights: [{ version, weight: 100 }],
    shadow: [],
    reason: 'test',
    actor: ADA,
  });
}

/** A gateway in this process that has started. */
export async function startGateway(
  ...options: Parameters<typeof openGateway>
): Promise<Awaited<ReturnType<typeof openGateway>>> {
  const gateway = await openGateway(...options);
  await gateway.start();
  return gateway;
}

/** A gateway in this process, listening and not started. */
export async function openGateway(
  world: ServingWorld,
  options: {
    id?: string;
    dataDir?: string;
    db?: Database;
    store?: ServingWorld['store'];
    settings?: Partial<GatewaySettings>;
  } = {},
): Promise<Gateway & { readonly url: string; readonly dataDir: string }> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'gateway-'));
  const gateway = createGateway({
    gatewayId: options.id ?? 'gateway-1',
    environment: world.environment,
    url: 'http://127.0.0.1:0',
    dataDir,
    db: options.db ?? world.db,
    trialDb: options.db ?? world.db,
    store: options.store ?? world.store,
    logger: createLogger({ name: 'gateway', level: 'silent' }),
    settings: {
      spoolSealMs: 100,
      shipEveryMs: 50,
      rereadMs: 200,
      featureTimeoutMs: FEATURE_TIMEOUT_MS,
      ...options.settings,
    },
  });
  const url = await gateway.app.listen({ host: '127.0.0.1', port: 0 });
  return { ...gateway, url, dataDir };
}

/** Whatever fields the gateway's answers have; a test reads those of its own call. */
interface AnswerBody {
  readonly requestId: string;
  readonly version: number;
  readonly generation: number;
  readonly items: readonly { readonly candidate: object; readonly score: number; readonly rank: number }[];
  readonly outputs: readonly object[];
  readonly routes: readonly { readonly generation: number; readonly loaded: readonly number[] }[];
}
export interface Answer {
  readonly status: number;
  readonly body: AnswerBody;
}

export async function post(url: string, path: string, body: unknown): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as AnswerBody };
}

/** What a caller decides by whether to ask again. */
export async function verdict(
  url: string,
  path: string,
  body?: unknown,
): Promise<{
  readonly status: number;
  readonly code: string | undefined;
  readonly retryAfter: string | null;
}> {
  const response = await fetch(`${url}${path}`, {
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    headers: { 'content-type': 'application/json' },
  });
  const { code } = (await response.json()) as { code?: string };
  return { status: response.status, code, retryAfter: response.headers.get('retry-after') };
}

export async function get(url: string, path: string): Promise<Answer> {
  const response = await fetch(`${url}${path}`);
  return { status: response.status, body: (await response.json()) as AnswerBody };
}

export const rankBody = (requestId: string, more: object = {}) => ({
  requestId,
  entity: { customer_id: 'c1' },
  candidates: [{ plant_id: 1 }, { plant_id: 2 }, { plant_id: 3 }],
  ...more,
});

/** Waits until the condition holds; fails with its last value. */
export async function until<T>(
  what: string,
  read: () => Promise<T>,
  holds: (value: T) => boolean,
): Promise<T> {
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    const value = await read();
    if (holds(value)) return value;
    if (Date.now() > deadline)
      throw new Error(`${what} did not come true; last was ${JSON.stringify(value)}`);
    await sleep(25);
  }
}
