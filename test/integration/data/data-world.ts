import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { S3Client } from '@aws-sdk/client-s3';
import { MockActivityEnvironment } from '@temporalio/testing';
import pg from 'pg';
import { createFeatureActivities } from '../../../activities/features.ts';
import { createFrameActivities } from '../../../activities/frame.ts';
import { createIngestActivities } from '../../../activities/ingest.ts';
import { createArtifactStore } from '../../../src/artifacts/artifact-store.ts';
import type { ArtifactStore } from '../../../src/artifacts/artifact-store.ts';
import { createS3Client } from '../../../src/artifacts/s3-client.ts';
import type { DataActivities } from '../../../src/contracts/activities/data.ts';
import { ModelSpec } from '../../../src/contracts/spec/model-spec.ts';
import type { ModelSpecInput } from '../../../src/contracts/spec/model-spec.ts';
import { attachDataset } from '../../../src/data/dataset-views.ts';
import { withDuckDb } from '../../../src/data/duckdb.ts';
import type { SqlRow } from '../../../src/data/duckdb.ts';
import { loadConfig } from '../../../src/platform/config.ts';
import { migrate, openDatabase, withTransaction } from '../../../src/registry/database.ts';
import type { Database } from '../../../src/registry/database.ts';
import { readSourceState } from '../../../src/registry/datasets.ts';
import { applySpec } from '../../../src/registry/specs.ts';
import { freshBucket, freshDatabase, useInfrastructure } from '../infrastructure.ts';

export const MODEL = 'shop';
export const ENVIRONMENT = 'dev';
const ref = { model: MODEL, environment: ENVIRONMENT };

type MyActivities = Pick<
  DataActivities,
  'ingestSource' | 'materialiseFeatures' | 'buildFrame' | 'countNewExamples'
>;

/** Everything that the data activities stand on, real: registry, S3, and a database of the shop's own. */
export interface DataWorld {
  readonly db: Database;
  readonly s3: S3Client;
  readonly bucket: string;
  readonly store: ArtifactStore;
  /** The database that sources read. */
  readonly shop: pg.Client;
  readonly directory: string;
  readonly secrets: Record<string, string>;
  readonly clock: { nowMs: number };
  /** Applies a spec with these parts; the rest is a small valid spec. @returns its revision */
  apply(parts: Partial<ModelSpecInput>): Promise<number>;
  /** Runs an activity as a worker would. */
  call<K extends keyof MyActivities>(
    name: K,
    input: Omit<Parameters<MyActivities[K]>[0], 'model' | 'environment'>,
    options?: { readonly activityId?: string; readonly attempt?: number },
  ): ReturnType<MyActivities[K]>;
  /** Rows of SQL over a source's good dataset, attached as `d`. */
  query(source: string, sql: string): Promise<SqlRow[]>;
  close(): Promise<void>;
}

let calls = 0;

export async function createDataWorld(): Promise<DataWorld> {
  const { env } = useInfrastructure();
  const [databaseUrl, shopUrl, bucket] = [await freshDatabase(), await freshDatabase(), await freshBucket()];
  const directory = await mkdtemp(join(tmpdir(), 'perennial-data-'));
  const config = loadConfig({ ...env, DATABASE_URL: databaseUrl, S3_BUCKET: bucket });
  const db = openDatabase(databaseUrl, () => undefined);
  await migrate(db);
  const shop = new pg.Client({ connectionString: shopUrl });
  await shop.connect();
  const s3 = createS3Client(config.s3);
  const store = createArtifactStore({ client: s3, bucket, cacheDirectory: join(directory, 'cache') });
  const secrets: Record<string, string> = { SHOP_URL: shopUrl };
  const clock = { nowMs: Date.parse('2026-06-01T00:00:00Z') };
  const duckdb = { directory: join(directory, 'scratch'), memoryMb: 512 };
  const activities: MyActivities = {
    ...createIngestActivities({
      db,
      store,
      s3,
      duckdb,
      files: { baseDirectory: directory, directories: [directory], closed: [join(directory, 'stack.json')] },
      secrets: (name) => secrets[name],
      now: () => clock.nowMs,
    }),
    ...createFeatureActivities({ db, store, duckdb }),
    ...createFrameActivities({ db, store, duckdb }),
  };
  return {
    db,
    s3,
    bucket,
    store,
    shop,
    directory,
    secrets,
    clock,
    async apply(parts) {
      const spec = ModelSpec.parse({ ...SMALL_SPEC, ...parts });
      const input = { environment: ENVIRONMENT, spec, bundle: null, actor: { id: 'ada', roles: [] } };
      return (await withTransaction(db, (tx) => applySpec(tx, input))).revision;
    },
    call(name, input, options = {}) {
      calls += 1;
      const environment = new MockActivityEnvironment({
        activityId: options.activityId ?? `call-${String(calls)}`,
        attempt: options.attempt ?? 1,
      });
      const run = activities[name] as (i: unknown) => Promise<unknown>;
      return environment.run(run, { ...ref, ...input }) as never;
    },
    async query(source, sql) {
      const { manifest } = await readSourceState(db, { ...ref, source });
      return withDuckDb(duckdb, async (session) => {
        if (manifest) await attachDataset(session, store, 'd', manifest);
        return session.rows(sql);
      });
    },
    async close() {
      await shop.end();
      await db.end();
      s3.destroy();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const SMALL_SPEC = {
  apiVersion: 'perennial/v1',
  name: MODEL,
  description: 'A model of the tests.',
  owner: { team: 'tests' },
  sources: {},
  features: { views: {} },
  training: {
    spine: { query: { sql: 'SELECT 1' }, id: 'id', label: 'label', keys: ['k'] },
    features: ['v.x'],
    trainer: { command: ['true'] },
  },
  evaluation: { task: 'binary' },
} satisfies ModelSpecInput;
