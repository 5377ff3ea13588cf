import { createNotificationActivities } from '../activities/notification.ts';
import { createRegistryActivities } from '../activities/registry.ts';
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
});
