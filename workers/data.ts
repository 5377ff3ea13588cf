import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createEvaluationActivities } from '../activities/evaluation.ts';
import { createFeatureActivities } from '../activities/features.ts';
import { createFrameActivities } from '../activities/frame.ts';
import { createIngestActivities } from '../activities/ingest.ts';
import { createMonitoringActivities } from '../activities/monitoring.ts';
import { privateFiles } from '../src/platform/private-files.ts';
import { openPredictionLog } from '../src/serving/prediction-log.ts';
import { startWorker } from './start-worker.ts';

/** Several jobs run at once, and small ones cost a third less on one thread than on two. */
const THREADS_PER_JOB = Math.max(1, Math.floor(availableParallelism() / 2));

await startWorker({
  queue: 'data',
  workflows: false,
  maxConcurrentActivities: 4,
  shutdownGraceMs: 10_000,
  activities: ({ config, db, store, s3, secrets, logger }) => {
    const duckdb = { directory: join(config.dataDir, 'duckdb'), threads: THREADS_PER_JOB };
    return {
      ...createIngestActivities({
        db,
        store,
        s3,
        duckdb,
        files: {
          baseDirectory: process.cwd(),
          directories: config.sourceDirectories,
          closed: privateFiles(config.dataDir),
        },
        secrets,
        now: Date.now,
      }),
      ...createFeatureActivities({ db, store, duckdb }),
      ...createFrameActivities({ db, store, duckdb }),
      ...createEvaluationActivities({ db, store, duckdb }),
      ...createMonitoringActivities({ db, store, duckdb, log: openPredictionLog({ db, store }), logger }),
    };
  },
});
