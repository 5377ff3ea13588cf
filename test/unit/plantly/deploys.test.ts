import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { hitsOn, unexplainedCopies } from '../../../examples/plantly/chaos/counts/copies.ts';
import {
  asFaults,
  countBuilds,
  countServing,
  countStages,
  countSteps,
} from '../../../examples/plantly/deploys/count-deploys.ts';
import { deployBeside } from '../../../examples/plantly/deploys/deploy-beside-steps.ts';
import type { Deploy } from '../../../examples/plantly/deploys/deploy-beside-steps.ts';
import type { StageSpan } from '../../../examples/plantly/deploys/stages.ts';
import type { ProcessStatus } from '../../../src/embedded/supervised-process.ts';
import type { StoryReport } from '../../../examples/story/story.ts';

const BOOKS = { visits: 900, refused: 0, retries: 0 };
function storyOf(ids: readonly string[], facts: Readonly<Record<string, unknown>> = BOOKS): StoryReport {
  const said = { title: '', expected: '', ok: true, seen: '', startedAt: '', durationMs: 1 };
  const steps = ids.map((id) => ({ ...said, id, facts: id === 'books' ? facts : {} }));
  return { story: 'plantly.shop', ok: true, startedAt: '', durationMs: 1, steps };
}
const deploy = (during: string, from = 0, whole = true) => ({ during, from, to: from + 10, whole });

/** Four workers and a gateway, of which each is back at once. */
function fakeStack() {
  const names = ['worker-control', 'worker-data', 'worker-training', 'worker-rollout', 'gateway'];
  let all = names.map((name): ProcessStatus => ({
    name,
    state: 'ready',
    pid: 1,
    restarts: 0,
    startTime: '0',
    logPath: '',
  }));
  return {
    processes: () => all,
    kill: (name: string) => {
      all = all.map((one) => (one.name === name ? { ...one, restarts: one.restarts + 1 } : one));
      return true;
    },
  };
}

describe('deploys beside the steps of a story', () => {
  const never = new AbortController().signal;

  it('replace all workers and nothing else by a new build, in each step and each stage in which none began', async () => {
    const stack = fakeStack();
    let builds = 0;
    const spans: StageSpan[] = [];
    const build = { deployNext: () => void (builds += 1) };
    const target = { stack, build, spans: () => Promise.resolve(spans) };
    const deploys: Deploy[] = [];
    await deployBeside('short', target, deploys, { over: AbortSignal.abort(), stop: never });
    expect(deploys).toMatchObject([{ during: 'short', whole: true }]);

    const over = new AbortController();
    const long = deployBeside('long', target, deploys, { over: over.signal, stop: never });
    while (deploys.length < 2) await sleep(10);
    // Milliseconds: a stage that begins with the end of a deploy has not met it.
    spans.push({ stage: 'shadow', from: Date.now() + 1, to: null }, { stage: 'approved', from: 0, to: null });
    while (deploys.length < 3) await sleep(10);
    over.abort();
    await long;
    expect(deploys.map(({ during }) => during)).toEqual(['short', 'long', 'long']);
    expect(builds).toBe(3);
    expect(stack.processes().map(({ restarts }) => restarts)).toEqual([3, 3, 3, 3, 0]);
  });

  it('are not whole where a worker was away', async () => {
    const stack = fakeStack();
    const lame = { ...stack, kill: (name: string) => name !== 'worker-data' && stack.kill(name) };
    const target = { stack: lame, build: { deployNext: () => undefined }, spans: () => Promise.resolve([]) };
    const deploys: Deploy[] = [];
    await deployBeside('step', target, deploys, { over: AbortSignal.abort(), stop: never });
    expect(deploys).toMatchObject([{ whole: false }]);
  });
});

it('a deploy explains one message that came again while it lasted, and none that came at another time', () => {
  const hits = hitsOn(asFaults([deploy('shadow', 50_000)]), ['workers']);
  expect(unexplainedCopies({ came: [49_000, 51_000], noted: [51_000] }, hits)).toBe(0);
  expect(unexplainedCopies({ came: [49_000, 51_000, 52_000], noted: [52_000] }, hits)).toBe(1);
  expect(unexplainedCopies({ came: [10_000, 12_000], noted: [12_000] }, hits)).toBe(1);
});

describe('the count of deploys', () => {
  const report = storyOf(['stack', 'apply', 'books']);

  it('asks for a whole one in each step but the first', () => {
    expect(countSteps({ report, deploys: [deploy('apply'), deploy('books')] }).ok).toBe(true);
    expect(countSteps({ report, deploys: [deploy('apply')] })).toMatchObject({
      ok: false,
      seen: '1 deploys in 2 steps, 0 without all workers, none in books',
    });
    expect(countSteps({ report, deploys: [deploy('apply'), deploy('books', 0, false)] }).ok).toBe(false);
    expect(countSteps({ report: storyOf(['stack']), deploys: [] }).ok).toBe(false);
  });

  it('asks for one in each stage in which a version waits', () => {
    const stages = ['producing', 'validated', 'shadow', 'canary', 'bake', 'champion'];
    const spans = stages.map((stage, i) => ({ stage, from: i * 100, to: i === 5 ? null : i * 100 + 100 }));
    const deploys = stages.map((stage, i) => deploy(stage, i * 100 + 50));
    expect(countStages({ deploys }, spans).ok).toBe(true);
    expect(countStages({ deploys: deploys.filter((one) => one.during !== 'canary') }, spans)).toMatchObject({
      ok: false,
      seen: expect.stringContaining('canary 0 of 1') as string,
    });
    expect(countStages({ deploys }, spans.slice(1)).ok).toBe(false);
  });

  it('asks for workflows of each long-lived kind that two builds ran', () => {
    const builds = { modelLifecycle: [9], produceVersion: [1, 3], promoteVersion: [2], rollOut: [1, 2] };
    expect(countBuilds(new Map(Object.entries(builds))).ok).toBe(true);
    expect(countBuilds(new Map(Object.entries({ ...builds, rollOut: [1, 1] }))).ok).toBe(false);
    expect(countBuilds(new Map()).ok).toBe(false);
  });

  it('asks that no request was refused or repeated, and that only workers were replaced', () => {
    const processes = fakeStack().processes();
    expect(countServing({ report, processes }).ok).toBe(true);
    for (const facts of [{ ...BOOKS, retries: 1 }, { ...BOOKS, refused: 1 }, {}])
      expect(countServing({ report: storyOf(['books'], facts), processes }).ok).toBe(false);
    const restarted = processes.map((one) => ({ ...one, restarts: one.name === 'gateway' ? 1 : 0 }));
    expect(countServing({ report, processes: restarted }).ok).toBe(false);
  });
});
