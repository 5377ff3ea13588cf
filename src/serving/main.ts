import { join } from 'node:path';
import { createArtifactStore } from '../artifacts/artifact-store.ts';
import { createS3Client } from '../artifacts/s3-client.ts';
import { announceReady } from '../platform/announce-ready.ts';
import { loadConfig } from '../platform/config.ts';
import { createLogger } from '../platform/logger.ts';
import { takeEnvironment } from '../platform/take-environment.ts';
import { openDatabase } from '../registry/database.ts';
import { createGateway } from './gateway.ts';

/** The process `gateway`: answers predictions until it is told to stop. */
const config = loadConfig(takeEnvironment());
const logger = createLogger({ name: 'gateway', level: config.logLevel });
// Routes, features and segments are read and written in milliseconds; a gateway must not wait for a dead network.
const ANSWER_WITHIN_MS = 5000;
const open = (poolSize: number) =>
  openDatabase(config.databaseUrl, (error) => logger.warn({ err: error }, 'a connection was lost'), {
    poolSize,
    answerWithinMs: ANSWER_WITHIN_MS,
  });
const db = open(10);
const trialDb = open(3);
const s3 = createS3Client(config.s3);
const { host, port, id } = config.gateway;
const gateway = createGateway({
  gatewayId: id,
  environment: config.environment,
  url: `http://${host}:${String(port)}`,
  dataDir: config.dataDir,
  db,
  trialDb,
  store: createArtifactStore({
    client: s3,
    bucket: config.s3.bucket,
    cacheDirectory: join(config.dataDir, 'cache', 'blobs'),
  }),
  logger,
});

const told = new Promise<NodeJS.Signals>((resolve) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, resolve);
});

await gateway.app.listen({ host, port });
const started = await Promise.race([gateway.start().then(() => true), told.then(() => false)]);
if (started) {
  logger.info({ host, port }, 'serving');
  announceReady();
}
logger.info({ signal: await told }, 'stopping');
try {
  await gateway.stop();
  await Promise.all([db.end(), trialDb.end()]);
  s3.destroy();
} catch (error) {
  logger.error({ err: error }, 'did not stop in order');
  process.exitCode = 1;
}
