import { createTrainingActivities } from '../activities/training.ts';
import { secretsOf } from '../src/platform/config-secrets.ts';
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
      secrets: secretsOf(config),
      log: logger,
    }),
});
