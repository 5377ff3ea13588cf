/** Task queues, one per worker process. Workflows and short registry work share `control`. */
export const TASK_QUEUE = {
  control: 'perennial-control',
  data: 'perennial-data',
  training: 'perennial-training',
  rollout: 'perennial-rollout',
} as const;
export type TaskQueueName = keyof typeof TASK_QUEUE;
