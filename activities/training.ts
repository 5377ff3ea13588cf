import { activityInfo, Context } from '@temporalio/activity';
import type { TrainingActivities } from '../src/contracts/activities/training.ts';
import { runTraining } from '../src/training/run-training.ts';
import type { TrainingParts } from '../src/training/run-training.ts';
import type { TrainingHeartbeat } from '../src/training/supervise-trainer.ts';

/** The activities of task queue `training`. One slot per GPU or, without GPUs, per worker. */
export function createTrainingActivities(parts: TrainingParts): TrainingActivities {
  return {
    async train(input) {
      const context = Context.current();
      const info = activityInfo();
      const lastHeartbeat = info.heartbeatDetails as TrainingHeartbeat | undefined;
      return runTraining(parts, input, {
        attempt: info.attempt,
        lastHeartbeat: lastHeartbeat ?? null,
        heartbeat: (details) => context.heartbeat(details),
        signal: context.cancellationSignal,
      });
    },
  };
}
