import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Reporter } from '../../../examples/story/reporter.ts';
import { NotSeen, runStory } from '../../../examples/story/story.ts';
import type { Step } from '../../../examples/story/story.ts';
import { until } from '../../../examples/story/until.ts';

const silent: Reporter = {
  begin: () => undefined,
  detail: () => undefined,
  end: () => undefined,
  note: () => undefined,
};
const step = (id: string, run: Step['run']): Step => ({ id, title: id, expected: 'something', run });

async function tell(steps: readonly Step[], signal = new AbortController().signal) {
  const file = join(await mkdtemp(join(tmpdir(), 'story-')), 'report.json');
  const report = await runStory('a story', steps, silent, file, signal);
  expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ ok: report.ok });
  return report;
}

it('is true when every step came true, and ends with the first that does not', async () => {
  const good = step('good', async () => ({ seen: 'it' }));
  const bad = step('bad', async () => {
    throw new NotSeen('nothing');
  });
  expect(await tell([good, good])).toMatchObject({ ok: true, steps: [{ ok: true }, { ok: true }] });
  const report = await tell([good, bad, good]);
  expect(report).toMatchObject({ ok: false, steps: [{ ok: true }, { ok: false, seen: 'nothing' }] });
  expect(report.steps).toHaveLength(2);
});

it('ends at once when it is stopped, also in a step that waits, and so does what waits in the step', async () => {
  const stop = new AbortController();
  let looks = 0;
  let waiting: Promise<unknown> = Promise.resolve();
  const endless = step('endless', async () => {
    waiting = until('the end of the world', 600_000, async () => {
      looks += 1;
      stop.abort(new Error('stopped by SIGINT'));
      return undefined;
    });
    await waiting;
    return { seen: 'it' };
  });
  expect(await tell([endless, endless], stop.signal)).toMatchObject({
    ok: false,
    steps: [{ ok: false, seen: 'stopped by SIGINT' }],
  });
  await expect(waiting).rejects.toThrow();
  expect(looks).toBe(1);
});
