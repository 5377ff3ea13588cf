/**
 * Task queues, one per worker process but `webhooks`, which the control process works off beside its own. Workflows and
 * short registry work share `control`.
 */
export const TASK_QUEUE = {
  control: 'perennial-control',
  data: 'perennial-data',
  training: 'perennial-training',
  rollout: 'perennial-rollout',
  webhooks: 'perennial-webhooks',
} as const;
export type TaskQueueName = keyof typeof TASK_QUEUE;
