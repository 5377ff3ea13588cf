import { defineConfig } from 'vitest/config';

/** Calibration and long simulations, outside `npm test`: `npm run bench -- plantly`. */
export default defineConfig({
  test: {
    include: ['test/bench/**/*.test.ts'],
    globalSetup: ['test/workflows/bundled-workflows.ts'],
    maxWorkers: 1,
  },
});
