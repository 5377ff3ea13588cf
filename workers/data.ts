import { join } from 'node:path';
import { createFeatureActivities } from '../activities/features.ts';
import { createFrameActivities } from '../activities/frame.ts';
import { createIngestActivities } from '../activities/ingest.ts';
import { startWorker } from './start-worker.ts';

await startWorker({
  queue: 'data',
  workflows: false,
  maxConcurrentActivities: 4,
  shutdownGraceMs: 10_000,
  activities: ({ config, db, store, s3, secrets }) => {
    const duckdb = { directory: join(config.dataDir, 'duckdb') };
    return {
      ...createIngestActivities({ db, store, s3, duckdb, baseDirectory: process.cwd(), secrets, now: Date.now }),
      ...createFeatureActivities({ db, store, duckdb }),
      ...createFrameActivities({ db, store, duckdb }),
    };
  },
});
