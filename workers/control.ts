import { createNotificationActivities } from '../activities/notification.ts';
import { createRegistryActivities } from '../activities/registry.ts';
import { createWebhookActivities } from '../activities/webhooks.ts';
import { configuredChannels } from '../src/notifications/configured-channels.ts';
import { startWorker } from './start-worker.ts';

await startWorker({
  queue: 'control',
  workflows: true,
  maxConcurrentActivities: 50,
  shutdownGraceMs: 5000,
  activities: ({ config, db, store, logger }) => ({
    ...createRegistryActivities({ db, artifacts: store }),
    ...createNotificationActivities({
      db,
      ...configuredChannels(config),
      publicUrl: config.publicUrl,
      linkSecret: config.linkSecret,
      log: logger,
    }),
  }),
  // An endpoint that hangs holds a slot here, and none that a lifecycle waits for.
  beside: {
    queue: 'webhooks',
    maxConcurrentActivities: 10,
    activities: ({ config, db, secrets }) =>
      createWebhookActivities({ db, secrets, allowedHosts: config.webhookAllowedHosts }),
  },
});
