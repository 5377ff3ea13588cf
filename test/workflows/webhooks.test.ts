import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TASK_QUEUE } from '../../src/contracts/task-queues.ts';
import { webhookWorkflowId } from '../../src/contracts/workflows/ids.ts';
import { deliverWebhook } from '../../workflows/index.ts';
import { openStage, REF } from './time-skipping.ts';
import type { Stage } from './time-skipping.ts';
import { refused, World } from './world.ts';

const HOUR_MS = 3_600_000;

describe('the delivery of a webhook', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(async () => {
    await stage.close();
  });

  async function deliver(model: string, world: World) {
    stage.worlds.set(model, world);
    const deliveryId = `msg-${model}`;
    return stage.env.client.workflow.execute(deliverWebhook, {
      taskQueue: TASK_QUEUE.control,
      workflowId: webhookWorkflowId(REF.environment, deliveryId),
      args: [
        { model, environment: REF.environment, deliveryId, endpoint: 'shop', event: 'version.registered' },
      ],
    });
  }

  it('outlives an endpoint that is away for hours, at longer and longer intervals', async () => {
    const world = new World();
    const awayUntil = (await stage.env.currentTimeMs()) + 5 * HOUR_MS;
    world.sendWebhook = async () => {
      if ((await stage.env.currentTimeMs()) < awayUntil) throw new Error('ECONNREFUSED');
      return { statusCode: 204 };
    };
    expect(await deliver('away', world)).toEqual({ kind: 'delivered', statusCode: 204 });
    expect(world.calls.get('sendWebhook')).toBeLessThan(15);
    expect(world.givenUp.size).toBe(0);
  });

  it('waits as long as the endpoint asks', async () => {
    const world = new World();
    const times: number[] = [];
    world.sendWebhook = async () => {
      times.push(await stage.env.currentTimeMs());
      if (times.length === 1)
        throw ApplicationFailure.create({
          type: 'WEBHOOK_UNAVAILABLE',
          message: '429',
          nextRetryDelay: 2 * HOUR_MS,
        });
      return { statusCode: 200 };
    };
    await deliver('busy', world);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(2 * HOUR_MS);
  });

  it('ends at once when it is refused, and after a day when nobody ever answers', async () => {
    const refusing = new World();
    refusing.sendWebhook = () => Promise.reject(refused('WEBHOOK_REFUSED', 'shop answered 404'));
    const ended = { kind: 'given_up', code: 'WEBHOOK_REFUSED', reason: 'shop answered 404' };
    expect(await deliver('refusing', refusing)).toEqual(ended);
    expect(refusing.calls.get('sendWebhook')).toBe(1);
    expect(refusing.givenUp.get('msg-refusing')).toBe('WEBHOOK_REFUSED');
    const silent = new World();
    silent.sendWebhook = () =>
      Promise.reject(ApplicationFailure.create({ type: 'WEBHOOK_UNAVAILABLE', message: 'no answer' }));
    expect(await deliver('silent', silent)).toMatchObject({ kind: 'given_up', code: 'WEBHOOK_UNAVAILABLE' });
    expect(silent.calls.get('sendWebhook')).toBeGreaterThan(20);
  });
});
