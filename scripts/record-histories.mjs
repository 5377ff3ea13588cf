// Records a history of each workflow into test/replay. Run it when a workflow's shape is released, and keep the
// older files: the replay test holds every release to all of them.
import { startVitest } from 'vitest/node';

const vitest = await startVitest('test', [], {
  config: false,
  watch: false,
  globalSetup: ['test/workflows/bundled-workflows.ts'],
  include: ['test/replay/record-histories.ts'],
  hookTimeout: 60_000,
});
await vitest.close();
