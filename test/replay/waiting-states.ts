/** The states in which a workflow of each type may be found by a new build; each has a recorded history. */
export const WAITING_STATES = {
  modelLifecycle: [
    'idle',
    'producing',
    'promoting',
    'held-back',
    'paused',
    'rolling-back',
    'lived',
    'revalidated',
  ],
  produceVersion: [
    'ingest',
    'counting',
    'wait',
    'taken',
    'features',
    'frame',
    'train',
    'evaluate',
    'register',
    'card',
    'done',
  ],
  promoteVersion: ['gates', 'approval', 'reminded', 'rollout', 'passed', 'rejected', 'second-round'],
  rollOut: ['shadow', 'canary', 'paused', 'bake', 'passed'],
  handleIncident: ['open', 'reminded', 'escalated', 'acknowledged', 'resolved'],
  monitorModel: ['judging', 'done'],
  refreshData: ['reading', 'refreshing', 'done'],
  requestScheduledVersion: ['done'],
  deliverNotice: ['delivering', 'done'],
  deliverWebhook: ['sending', 'done'],
  revalidateVersion: ['done'],
} as const;

/** `modelLifecycle-idle` and so on. */
export const HISTORY_NAMES = Object.entries(WAITING_STATES).flatMap(([type, states]) =>
  states.map((state) => `${type}-${state}`),
);
