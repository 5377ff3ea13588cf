import { defineConfig } from 'vitest/config';

const MINUTE_MS = 60_000;
// The limits of time end what hangs, and nothing else: a busy machine takes ten times as long as an idle one.

export default defineConfig({
  test: {
    // Sized for two cores; without these, Vitest would leave one of them idle.
    maxWorkers: 2,
    env: {
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      // Tests read plain text, also where a CI variable would switch colours on.
      NO_COLOR: '1',
    },
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: MINUTE_MS, maxWorkers: 2 },
      },
      {
        extends: true,
        test: {
          name: 'workflow',
          include: ['test/workflows/**/*.test.ts', 'test/replay/**/*.test.ts'],
          globalSetup: ['test/workflows/bundled-workflows.ts'],
          testTimeout: 5 * MINUTE_MS,
          hookTimeout: 5 * MINUTE_MS,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: ['test/integration/infrastructure.ts', 'test/workflows/bundled-workflows.ts'],
          testTimeout: 4 * MINUTE_MS,
          hookTimeout: 5 * MINUTE_MS,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          // The steps of a story have limits of their own.
          testTimeout: 30 * MINUTE_MS,
          hookTimeout: 30 * MINUTE_MS,
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
