import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { checkStories } from '../../unit/domain/model/check-stories.ts';
import { MUTATIONS } from './mutations.ts';

vi.setConfig({ testTimeout: 3_600_000 });

const STORIES = Number(process.env['MODEL_STORIES'] ?? 100_000);
const SEED = Number(process.env['MODEL_SEED'] ?? Date.now() % 2 ** 31);
/** A mutant that lives through so many stories would live through `npm test` as well. */
const MUTANT_STORIES = 6_000;
const MUTANT = fileURLToPath(new URL('tell-mutant-stories.mjs', import.meta.url));

describe('the model of the heart', () => {
  it(`holds in ${String(STORIES)} stories (MODEL_SEED=${String(SEED)})`, () => {
    const seen = checkStories({ runs: STORIES, seed: SEED });
    console.log(seen);
    expect(seen.stories).toBe(STORIES);
  });

  it.each(MUTATIONS)('notices when this does not hold: $rule', async (mutation) => {
    const told = promisify(execFile)(process.execPath, [
      MUTANT,
      JSON.stringify(mutation),
      String(MUTANT_STORIES),
    ]);
    const message = await told.then(
      () => 'no story noticed',
      (error: { stderr: string }) => error.stderr,
    );
    expect(message).toContain('Property failed');
    const cause = /noticed: (.*)/.exec(message)?.[1];
    console.log(`${mutation.rule}: ${String(cause)}`);
  });
});
