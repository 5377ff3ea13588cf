import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openStage } from './time-skipping.ts';
import type { Stage } from './time-skipping.ts';
import { expectBoundedLife } from './year/expect-bounded.ts';

vi.setConfig({ testTimeout: 20 * 60_000 });

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(async () => {
  await stage.close();
});

it('keeps the history and the state of a lifecycle bounded over a busy quarter, with nothing stuck or undecided', async () => {
  const shape = { seed: 1, days: 91, passEveryHours: 3, lookEvery: '2h' };
  const { runs, champions } = await expectBoundedLife(stage, shape);
  expect(runs).toBeGreaterThan(1);
  expect(champions).toBeGreaterThan(2);
});
