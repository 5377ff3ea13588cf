import { createTrainingActivities } from '../activities/training.ts';
import { detectGpus, GpuPool } from '../src/training/gpu-pool.ts';
import { ProcessExecutor } from '../src/training/process-executor.ts';
import { startWorker } from './start-worker.ts';

const gpus = await detectGpus(process.env['CUDA_VISIBLE_DEVICES']);

await startWorker({
  queue: 'training',
  workflows: false,
  // One slot per GPU: two trainers on one GPU slow each other down and can run out of its memory.
  maxConcurrentActivities: Math.max(1, gpus.length),
  // A trainer works for hours: waiting for its end is in vain, so it is asked at once to leave a checkpoint and go.
  shutdownGraceMs: 500,
  unwindMs: 40_000,
  activities: ({ config, db, store, logger }) =>
    createTrainingActivities({
      db,
      store,
      executor: new ProcessExecutor(),
      gpus: new GpuPool(gpus),
      dataDir: config.dataDir,
      environment: process.env,
      secrets: [
        config.databaseUrl,
        config.s3.credentials?.secretAccessKey,
        config.slack.botToken,
        config.mail.smtpUrl,
        config.linkSecret,
        config.temporal.apiKey,
      ].filter((secret) => secret !== undefined),
      log: logger,
    }),
});
