import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { createArtifactStore } from '../artifacts/artifact-store.ts';
import { createS3Client } from '../artifacts/s3-client.ts';
import { announceReady } from '../platform/announce-ready.ts';
import { loadConfig } from '../platform/config.ts';
import type { Config } from '../platform/config.ts';
import { createLogger } from '../platform/logger.ts';
import type { Logger } from '../platform/logger.ts';
import { takeEnvironment } from '../platform/take-environment.ts';
import { connectTemporal, prepareNamespace } from '../platform/temporal-connection.ts';
import { migrate, openDatabase } from '../registry/database.ts';
import type { ApiDependencies } from './api-instance.ts';
import { ensureFirstAdmin } from './bootstrap-token.ts';
import { createLifecycleClient } from './lifecycle-client.ts';
import { buildServer } from './server.ts';
import { carryOutAll } from './spec-application.ts';

/** Connections of a storm that wait to be taken; the kernel may allow fewer. What is beyond waits for seconds or breaks. */
const CONNECTION_BACKLOG = 4_096;

/** Runs the API server until SIGTERM or SIGINT; requests under way are finished first. */
async function main(config: Config, logger: Logger): Promise<void> {
  const db = openDatabase(config.databaseUrl, (error) => logger.warn({ err: error }, 'lost a connection'), {
    // Somebody waits for the answer.
    answerWithinMs: 10_000,
  });
  await migrate(db);
  const first = await ensureFirstAdmin(db, config.dataDir);
  if (first) logger.info({ file: first.file }, 'made the first admin token');
  const connection = await connectTemporal(config.temporal);
  const { namespace } = config.temporal;
  await prepareNamespace(connection, namespace);
  const temporal = new Client({ connection, namespace });
  const artifacts = createArtifactStore({
    client: createS3Client(config.s3),
    bucket: config.s3.bucket,
    cacheDirectory: join(config.dataDir, 'cache', 'blobs'),
  });
  await artifacts.ensureBucket();
  const deps: ApiDependencies = {
    environment: config.environment,
    db,
    temporal,
    lifecycle: createLifecycleClient(temporal),
    artifacts,
    linkSecret: config.linkSecret,
    webhookSecrets: config.webhookSecrets,
    webhookAllowedHosts: config.webhookAllowedHosts,
    trustedProxies: config.trustedProxies,
    now: Date.now,
  };
  const app = await buildServer(deps, logger);
  await app.listen({ host: config.api.host, port: config.api.port, backlog: CONNECTION_BACKLOG });
  announceReady();
  const carriedOut = carryOutAll(deps, (ref, error) =>
    logger.error({ err: error, ...ref }, 'the spec could not be carried out; apply it again'),
  );
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
  await app.close();
  await carriedOut;
  await connection.close();
  await db.end();
}

const config = loadConfig(takeEnvironment());
const logger = createLogger({ name: 'api', level: config.logLevel });
main(config, logger).catch((error: unknown) => {
  logger.fatal({ err: error }, 'the API server could not start');
  process.exitCode = 1;
});
