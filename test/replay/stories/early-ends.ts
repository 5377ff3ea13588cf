import { TASK_QUEUE } from '../../../src/contracts/task-queues.ts';
import { produceVersionId, webhookWorkflowId } from '../../../src/contracts/workflows/ids.ts';
import {
  abortPromotionSignal,
  decideUpdate,
  evidenceChangedSignal,
} from '../../../src/contracts/workflows/promotion.ts';
import { deliverWebhook, refreshData } from '../../../workflows/index.ts';
import { EMIL, gateReport } from '../../workflows/builders.ts';
import { live } from '../../workflows/steps.ts';
import { REF } from '../../workflows/time-skipping.ts';
import type { Stage } from '../../workflows/time-skipping.ts';
import { refused, World } from '../../workflows/world.ts';
import type { RecordHistory } from '../recorder.ts';

/** Whatever ends before it is served: promotions without a rollout, a production, a pass, a delivery. */
export async function tellEarlyEnds(stage: Stage, record: RecordHistory): Promise<void> {
  const { workflow } = stage.env.client;
  const world = new World({ approval: { timeout: '6h', remindAfter: ['2h'] } });
  await live(stage, world, async (life) => {
    const ref = { model: life.model, environment: REF.environment };
    const ask = async (version: number): Promise<void> => {
      const before = world.noticesOf('approval_requested').length;
      await life.request(`produce-${version}`);
      await life.until(`v${version} asks`, () => world.noticesOf('approval_requested').length > before);
    };
    const ended = async (version: number, state: string): Promise<void> => {
      await life.until(`v${version} ${state}`, () => world.decision('promotion', version)?.outcome === state);
      await life.until('the lifecycle knows', async () => (await life.state()).promotion === null);
      await record(`promoteVersion-${state}`, life.promotion(version).workflowId);
    };

    await ask(1);
    world.gates = (version, champion) => gateReport(version, champion, undefined, 'new-evidence');
    await life.promotion(1).signal(evidenceChangedSignal, { reason: 'evaluated again' });
    await life.until('v1 asks anew', () => world.noticesOf('approval_requested').length === 2);
    await record('promoteVersion-asked-anew', life.promotion(1).workflowId);
    const reject = {
      actor: EMIL,
      decision: 'reject',
      reason: 'unfair',
      evidenceHash: 'new-evidence',
    } as const;
    await life.promotion(1).executeUpdate(decideUpdate, { args: [reject] });
    await ended(1, 'denied');

    await ask(2);
    await ended(2, 'expired');

    await ask(3);
    await life.promotion(3).signal(abortPromotionSignal, { actor: EMIL, reason: 'the wrong data' });
    await life.until('v3 is aborted', () => world.stage(3) === 'aborted');
    await life.until('the lifecycle knows', async () => (await life.state()).promotion === null);
    await record('promoteVersion-aborted', life.promotion(3).workflowId);

    world.train = () => {
      throw refused('TRAINING_INPUT_UNUSABLE', 'no rows');
    };
    await life.request('produce-4');
    await life.until('v4 failed', () =>
      world.noticesOf('version_rejected').some(({ key }) => key.endsWith('/failed')),
    );
    await record('produceVersion-failed', produceVersionId(ref, 4));
    await record('modelLifecycle-without-champion', life.handle.workflowId);

    world.ingest = async ({ source }) => {
      if (source === 'orders') throw refused('SOURCE_UNREADABLE', 'no such table');
      return { source, dataset: 'digest', rows: 1, newRows: 1, quarantined: [] };
    };
    const pass = `refreshData-${life.model}`;
    const refresh = { taskQueue: TASK_QUEUE.control, workflowId: pass, args: [ref] as [typeof ref] };
    await workflow
      .execute(refreshData, refresh)
      .catch(() => 'it fails for the source that could not be read');
    await record('refreshData-failed', pass);

    const webhook = { ...ref, deliveryId: 'msg-2', endpoint: 'shop', event: 'version.registered' };
    const delivery = webhookWorkflowId(ref.environment, webhook.deliveryId);
    world.sendWebhook = () => Promise.reject(refused('WEBHOOK_REFUSED', 'shop answered 404'));
    world.beforeCall = async (activity) => {
      if (activity === 'giveUpWebhook') await record('deliverWebhook-giving-up', delivery);
    };
    const deliver = {
      taskQueue: TASK_QUEUE.control,
      workflowId: delivery,
      args: [webhook] as [typeof webhook],
    };
    await workflow.execute(deliverWebhook, deliver);
    await record('deliverWebhook-given-up', delivery);
  });
}
