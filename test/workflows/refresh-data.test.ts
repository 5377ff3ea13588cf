import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TASK_QUEUE } from '../../src/contracts/task-queues.ts';
import { noticeWorkflowId, produceVersionId } from '../../src/contracts/workflows/ids.ts';
import { refreshData } from '../../workflows/index.ts';
import { live } from './steps.ts';
import { openStage, REF } from './time-skipping.ts';
import type { Stage } from './time-skipping.ts';
import { refused, World } from './world.ts';
import { createSleepOver } from './year/sleep-over.ts';

const HOUR_MS = 3_600_000;
const BATCH = { batchId: 'b1', rows: 3, failures: ['column "price" is null in 1 row'] };

const noticeId = (model: string): string =>
  noticeWorkflowId(`${REF.environment}/${model}/quarantine/${BATCH.batchId}`);

/** A world in which a batch of the orders is set aside at each pass. */
function setsAside(customers: () => void = () => undefined): World {
  const world = new World();
  world.ingest = async ({ source }) => {
    if (source === 'customers') customers();
    const quarantined = source === 'orders' ? [{ ...BATCH, source }] : [];
    return { source, dataset: `digest-of-${source}`, rows: 100, newRows: 10, quarantined };
  };
  return world;
}

describe('a scheduled pass over the sources', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(async () => {
    await stage.close();
  });

  const start = (model: string, world: World, nth = 1) => {
    stage.worlds.set(model, world);
    return stage.env.client.workflow.start(refreshData, {
      taskQueue: TASK_QUEUE.control,
      workflowId: `refresh/${model}/${String(nth)}`,
      args: [{ model, environment: REF.environment }],
    });
  };
  const notice = (model: string) => stage.env.client.workflow.getHandle(noticeId(model));

  it('waits for no channel that is away for hours, which is told once when it is back', async () => {
    const world = setsAside();
    const awayUntil = (await stage.env.currentTimeMs()) + 5 * HOUR_MS;
    world.beforeCall = async (activity) => {
      if (activity === 'notify' && (await stage.env.currentTimeMs()) < awayUntil)
        throw new Error('ECONNREFUSED');
    };
    for (const nth of [1, 2]) {
      const pass = await start('away', world, nth);
      expect(await pass.result()).toEqual({ newRows: 20 });
      const { startTime, closeTime } = await pass.describe();
      expect((closeTime?.getTime() ?? Infinity) - startTime.getTime()).toBeLessThan(HOUR_MS / 60);
    }
    expect(world.calls.get('materialiseFeatures')).toBe(2);
    await notice('away').result();
    expect(world.noticesOf('batch_quarantined')).toHaveLength(1);
    const { closeTime } = await notice('away').describe();
    expect(closeTime?.getTime()).toBeGreaterThanOrEqual(awayUntil);
    // It outlived its starter: without a release the test server's clock would not leap any more.
    await createSleepOver(stage.env, () => [noticeId('away')])(HOUR_MS);
    expect(await stage.env.currentTimeMs()).toBeGreaterThanOrEqual((closeTime?.getTime() ?? 0) + HOUR_MS);
  });

  it('refreshes the features though nobody wants to hear of a batch', async () => {
    const world = setsAside();
    world.beforeNotify = () => {
      throw refused('NOTIFICATION_REFUSED', 'invalid_auth');
    };
    expect(await (await start('refused', world)).result()).toEqual({ newRows: 20 });
    expect(world.calls.get('materialiseFeatures')).toBe(1);
    await expect(notice('refused').result()).rejects.toThrow();
    world.beforeNotify = () => undefined;
    await (await start('refused', world, 2)).result();
    await notice('refused').result();
    expect(world.noticesOf('batch_quarantined')).toHaveLength(1);
  });

  it('tells what one source set aside and refreshes the features though another fails, and fails by that', async () => {
    const world = setsAside(() => {
      throw refused('SOURCE_UNREADABLE', 'no such table');
    });
    await expect((await start('unreadable', world)).result()).rejects.toMatchObject({
      cause: { cause: { type: 'SOURCE_UNREADABLE', message: 'no such table' } },
    });
    expect(world.calls.get('materialiseFeatures')).toBe(1);
    await notice('unreadable').result();
    expect(world.noticesOf('batch_quarantined')).toHaveLength(1);
  });

  it('reads, by the spec that has it, a source that only versions of an earlier spec take features from', async () => {
    const world = new World();
    const reads: unknown[] = [];
    world.servedSources = [{ source: 'visits', specRevision: 1 }];
    world.policy = { ...world.policy, specRevision: 4, sources: ['orders'] };
    world.ingest = async ({ source, specRevision }) => {
      reads.push([source, specRevision]);
      return { source, dataset: 'digest', rows: 100, newRows: 10, quarantined: [] };
    };
    expect(await (await start('served', world)).result()).toEqual({ newRows: 20 });
    expect(reads.sort()).toEqual([
      ['orders', 4],
      ['visits', 1],
    ]);
    expect(world.calls.get('materialiseFeatures')).toBe(1);
  });

  it('does not fail because a source is gone that only an earlier spec has', async () => {
    const world = new World();
    world.servedSources = [{ source: 'visits', specRevision: 1 }];
    world.policy = { ...world.policy, specRevision: 4, sources: ['orders'] };
    world.ingest = async ({ source }) => {
      if (source === 'visits') throw refused('SOURCE_UNREADABLE', 'no such table');
      return { source, dataset: 'digest', rows: 100, newRows: 10, quarantined: [] };
    };
    expect(await (await start('gone', world)).result()).toEqual({ newRows: 10 });
    expect(world.calls.get('materialiseFeatures')).toBe(1);
  });

  it('leaves the features where a source has never had a good batch', async () => {
    const world = setsAside();
    world.ingest = async ({ source }) => ({ source, dataset: null, rows: 0, newRows: 0, quarantined: [] });
    expect(await (await start('empty', world)).result()).toEqual({ newRows: 0 });
    expect(world.calls.get('materialiseFeatures')).toBeUndefined();
  });
});

describe('a production', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(async () => {
    await stage.close();
  });

  it('that fails by one source tells what the others set aside', async () => {
    const world = setsAside(() => {
      throw refused('SOURCE_UNREADABLE', 'no such table');
    });
    await live(stage, world, async (life) => {
      await life.request('first');
      await life.until('v1 has failed', () => world.stage(1) === 'failed');
      await life.until('the batch is told', () => world.noticesOf('batch_quarantined').length === 1);
      expect(world.decision('production', 1)?.reason).toContain('no such table');
    });
  });

  // The last: what is terminated under a call in flight stops the test server's clock.
  it('that is ended from outside while the channel is away has it told when that is back', async () => {
    const world = setsAside();
    let bringBack!: () => void;
    const back = new Promise<void>((resolve) => (bringBack = resolve));
    await live(stage, world, async (life) => {
      const { workflow } = stage.env.client;
      const production = workflow.getHandle(
        produceVersionId({ model: life.model, environment: REF.environment }, 1),
      );
      world.beforeCall = async (activity, { kind }) => {
        if (activity === 'notify' && kind === 'batch_quarantined') await back;
        if (activity === 'materialiseFeatures') await production.terminate('a test');
      };
      await life.request('first');
      await expect(production.result()).rejects.toThrow();
      expect(world.noticesOf('batch_quarantined')).toHaveLength(0);
      bringBack();
      await workflow.getHandle(noticeId(life.model)).result();
      expect(world.noticesOf('batch_quarantined')).toHaveLength(1);
    });
  });
});
