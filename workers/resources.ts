import { join } from 'node:path';
import type { S3Client } from '@aws-sdk/client-s3';
import { createArtifactStore } from '../src/artifacts/artifact-store.ts';
import type { ArtifactStore } from '../src/artifacts/artifact-store.ts';
import { createS3Client } from '../src/artifacts/s3-client.ts';
import { isServiceVariable } from '../src/contracts/spec/names.ts';
import type { Config } from '../src/platform/config.ts';
import type { Logger } from '../src/platform/logger.ts';
import { migrate, openDatabase } from '../src/registry/database.ts';
import type { Database } from '../src/registry/database.ts';

/** What the activities of every worker stand on. */
export interface Resources {
  readonly config: Config;
  readonly logger: Logger;
  readonly db: Database;
  readonly s3: S3Client;
  readonly store: ArtifactStore;
  /** The value of an environment variable that a spec names; undefined when it is not set, or the service's own. */
  readonly secrets: (name: string) => string | undefined;
  close(): Promise<void>;
}

/** Connects to PostgreSQL and S3, and makes the schema and the bucket where they are missing. */
export async function openResources(config: Config, logger: Logger): Promise<Resources> {
  const db = openDatabase(config.databaseUrl, (error) => logger.warn({ err: error }, 'lost a connection'));
  const s3 = createS3Client(config.s3);
  const store = createArtifactStore({
    client: s3,
    bucket: config.s3.bucket,
    cacheDirectory: join(config.dataDir, 'cache', 'blobs'),
  });
  await migrate(db);
  await store.ensureBucket();
  return {
    config,
    logger,
    db,
    s3,
    store,
    secrets: (name) => (isServiceVariable(name) ? undefined : process.env[name]),
    async close() {
      await db.end();
      s3.destroy();
    },
  };
}
