import { mkdir, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { openStage } from '../workflows/time-skipping.ts';
import { recorderInto } from './recorder.ts';
import { tellCarriedOn } from './stories/carried-on.ts';
import { tellEarlyEnds } from './stories/early-ends.ts';
import { tellLife } from './stories/life.ts';
import { tellUndecided } from './stories/undecided.ts';
import { tellWaysBack } from './stories/ways-back.ts';
import { HISTORY_NAMES } from './waiting-states.ts';

const FOLDER = new URL('./current/', import.meta.url);

/** Lives through stories and keeps each workflow's history at the moments when it waits, for the replay test. */
it('records a history of each workflow in each waiting state', { timeout: 900_000 }, async () => {
  const taken = new Map<string, Buffer>();
  const stage = await openStage();
  for (const tell of [tellLife, tellUndecided, tellWaysBack, tellEarlyEnds]) {
    await tell(stage, recorderInto(taken, stage.env));
  }
  await stage.close();
  await tellCarriedOn(taken);
  expect([...taken.keys()].sort()).toEqual([...HISTORY_NAMES].sort());
  // Only a whole set replaces the one before.
  await rm(fileURLToPath(FOLDER), { recursive: true, force: true });
  await mkdir(FOLDER, { recursive: true });
  for (const [name, bytes] of taken) await writeFile(new URL(`${name}.json.gz`, FOLDER), bytes);
});
