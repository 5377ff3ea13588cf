import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import type { Logger } from '../platform/logger.ts';
import type { Database } from '../registry/database.ts';
import { readOnlineFeatures } from '../registry/online-features.ts';
import { CachedFeatures } from './cached-features.ts';
import { gatewayHttp } from './gateway-http.ts';
import type { GatewayHttpLimits } from './gateway-http.ts';
import { GatewayMetrics } from './gateway-metrics.ts';
import { PredictionService } from './prediction-service.ts';
import { RecentAnswers } from './recent-answers.ts';
import { RouteFollower } from './route-follower.ts';
import { SegmentShipper } from './segment-shipper.ts';
import { SeldomLog } from './seldom-log.ts';
import { ShadowQueue } from './shadow-queue.ts';
import { Spool } from './spool.ts';
import { VersionFeatures } from './version-features.ts';
import { VersionLoader } from './version-loader.ts';

/** What may be chosen for a gateway; all else follows from these. */
export interface GatewaySettings extends GatewayHttpLimits {
  readonly spoolSealMs: number;
  readonly spoolSealBytes: number;
  readonly spoolLimitBytes: number;
  readonly shipEveryMs: number;
  readonly rereadMs: number;
  /** At most one second, so that refreshed features act at once. */
  readonly featureTtlMs: number;
  /** How long a request waits for PostgreSQL before it takes the last known features. */
  readonly featureTimeoutMs: number;
}

const GATEWAY_DEFAULTS: GatewaySettings = {
  spoolSealMs: 2000,
  spoolSealBytes: 8 * 2 ** 20,
  spoolLimitBytes: 2 ** 30,
  shipEveryMs: 500,
  rereadMs: 5000,
  featureTtlMs: 1000,
  featureTimeoutMs: 1000,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  maxConnections: 10_000,
};

const FEATURE_ROWS_IN_MEMORY = 50_000;
const FEATURE_REST_MS = 1000;
const RECENT_ANSWERS = 10_000;
const RECENT_ANSWER_BYTES = 32 * 2 ** 20;
/** Each waits for its turn with its request in memory: a candidate takes about 200 bytes, a value 8. */
const SHADOW_BOUNDS = { jobs: 2000, size: 500_000 };
const STOP_SHIPPING_MS = 15_000;
const CLOSE_IDLE_EVERY_MS = 50;
/** A request that takes longer than this when the gateway stops is cut off, unanswered and unlogged. */
const FINISH_REQUESTS_MS = 10_000;

export interface GatewayOptions {
  readonly gatewayId: string;
  readonly environment: string;
  /** Where others reach it. */
  readonly url: string;
  readonly dataDir: string;
  readonly db: Database;
  /** Reads the features of versions that are on trial. */
  readonly trialDb: Database;
  readonly store: Pick<ArtifactStore, 'fetchFile' | 'putFile'>;
  readonly logger: Logger;
  readonly settings?: Partial<GatewaySettings>;
}

export interface Gateway {
  readonly app: FastifyInstance;
  /** Takes up the routes; resolves when they have been read once, or PostgreSQL was found to be away. */
  start(): Promise<void>;
  /** Finishes the requests under way, then the log: nothing answered is left behind unsealed. */
  stop(): Promise<void>;
}

/** Puts one gateway together. The caller listens, and ends the database's pools after `stop`. */
export function createGateway(options: GatewayOptions): Gateway {
  const { gatewayId, environment, db, store, logger } = options;
  const settings = { ...GATEWAY_DEFAULTS, ...options.settings };
  const home = join(options.dataDir, 'gateways', gatewayId);
  const metrics = new GatewayMetrics();
  const seldom = new SeldomLog(logger);
  const loader = new VersionLoader(store, join(home, 'models'));
  const spool = new Spool({
    directory: join(options.dataDir, 'spool', gatewayId),
    gatewayId,
    sealMs: settings.spoolSealMs,
    sealBytes: settings.spoolSealBytes,
    limitBytes: settings.spoolLimitBytes,
  });
  const shipper = new SegmentShipper({
    spool,
    store,
    db,
    gatewayId,
    environment,
    everyMs: settings.shipEveryMs,
    onError: (error, segmentId) => {
      metrics.shipFailures();
      logger.warn({ err: error, segmentId }, 'a segment of the prediction log waits');
    },
  });
  const follower = new RouteFollower({
    gatewayId,
    environment,
    url: options.url,
    db,
    loader,
    memoryPath: join(home, 'routes.json'),
    rereadMs: settings.rereadMs,
    logger,
  });
  const features = new CachedFeatures({
    read: (model, lookups) => readOnlineFeatures(db, model, environment, lookups),
    ttlMs: settings.featureTtlMs,
    maxRows: FEATURE_ROWS_IN_MEMORY,
    timeoutMs: settings.featureTimeoutMs,
    restMs: FEATURE_REST_MS,
    onError: (error) => seldom.warn('features', error, 'online features come from memory'),
  });
  const shadows = new ShadowQueue(SHADOW_BOUNDS, (error) =>
    logger.debug({ err: error }, 'a shadow did not answer'),
  );
  const service = new PredictionService({
    routeOf: (model) => follower.routeOf(model),
    awaits: (model) => follower.awaits(model),
    loader,
    features: new VersionFeatures({
      ...{ features, environment, db, trialDb: options.trialDb },
      championOf: (model) => follower.routeOf(model)?.champion ?? null,
    }),
    spool,
    recent: new RecentAnswers(RECENT_ANSWERS, RECENT_ANSWER_BYTES),
    shadows,
    metrics,
  });
  metrics.observe({ follower, spool, shadows, features });
  let accepting = true;
  const app = gatewayHttp({
    service,
    follower,
    loader,
    metrics,
    gatewayId,
    environment,
    accepting: () => accepting,
    logger,
    seldom,
    limits: settings,
  });
  return {
    app,
    async start() {
      shipper.start();
      await follower.start();
    },
    async stop() {
      accepting = false;
      await closeHttp(app);
      await shadows.finish();
      shipper.stop();
      spool.seal();
      await Promise.race([shipper.flush(), expiry(STOP_SHIPPING_MS)]);
      await follower.stop();
    },
  };
}

/** Connections that are kept alive would hold the server open: each is closed once its request is answered. */
async function closeHttp(app: FastifyInstance): Promise<void> {
  const idle = setInterval(() => app.server.closeIdleConnections(), CLOSE_IDLE_EVERY_MS);
  const late = setTimeout(() => app.server.closeAllConnections(), FINISH_REQUESTS_MS);
  try {
    await app.close();
  } finally {
    clearInterval(idle);
    clearTimeout(late);
  }
}

/** What is not shipped by then is found at the next start. */
function expiry(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
