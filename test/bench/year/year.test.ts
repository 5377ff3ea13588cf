import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openStage } from '../../workflows/time-skipping.ts';
import type { Stage } from '../../workflows/time-skipping.ts';
import { expectBoundedLife } from '../../workflows/year/expect-bounded.ts';

vi.setConfig({ testTimeout: 4 * 3_600_000, hookTimeout: 120_000 });

const SEED = Number(process.env['YEAR_SEED'] ?? 1);
const DAYS = Number(process.env['YEAR_DAYS'] ?? 365);
const PASS_HOURS = Number(process.env['YEAR_PASS_HOURS'] ?? 1);
/** A spec's default is a minute: sixty times as many looks, which only the rollouts' own histories would show. */
const LOOK_EVERY = process.env['YEAR_LOOK_EVERY'] ?? '1h';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(async () => {
  await stage.close();
});

it(`keeps the history and the state of a lifecycle bounded over ${String(DAYS)} busy days (YEAR_SEED=${String(SEED)})`, async () => {
  const tell = (progress: string): void => void process.stdout.write(`${progress}\n`);
  const shape = { seed: SEED, days: DAYS, passEveryHours: PASS_HOURS, lookEvery: LOOK_EVERY, tell };
  const measured = await expectBoundedLife(stage, shape);
  console.table(measured);
  expect(measured.runs).toBeGreaterThan(DAYS / 60);
});
