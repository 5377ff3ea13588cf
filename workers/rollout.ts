import { createRolloutActivities } from '../activities/rollout.ts';
import { openPredictionLog } from '../src/serving/prediction-log.ts';
import { startWorker } from './start-worker.ts';

await startWorker({
  queue: 'rollout',
  workflows: false,
  maxConcurrentActivities: 20,
  shutdownGraceMs: 5000,
  activities: ({ db, store }) =>
    createRolloutActivities({ db, store, log: openPredictionLog({ db, store }) }),
});
