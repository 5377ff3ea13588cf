import { WorkflowClient } from '@temporalio/client';
import { TASK_QUEUE } from '../../../src/contracts/task-queues.ts';
import {
  incidentWorkflowId,
  noticeWorkflowId,
  produceVersionId,
  webhookWorkflowId,
} from '../../../src/contracts/workflows/ids.ts';
import { acknowledgeUpdate, resolveUpdate } from '../../../src/contracts/workflows/incident.ts';
import { pauseUpdate, resumeUpdate } from '../../../src/contracts/workflows/lifecycle.ts';
import { pauseRolloutUpdate, resumeRolloutUpdate } from '../../../src/contracts/workflows/rollout.ts';
import {
  deliverWebhook,
  monitorModel,
  refreshData,
  requestScheduledVersion,
} from '../../../workflows/index.ts';
import { EMIL, finding, gateReport, OTTO } from '../../workflows/builders.ts';
import { live, rolloutPhase } from '../../workflows/steps.ts';
import { REF } from '../../workflows/time-skipping.ts';
import type { Stage } from '../../workflows/time-skipping.ts';
import { World } from '../../workflows/world.ts';
import type { RecordHistory } from '../recorder.ts';

const by = { actor: OTTO, reason: 'on it' };
/** The step of a production by the activity that it waits for. */
const STEPS: Readonly<Record<string, string>> = {
  ingestSource: 'ingest',
  materialiseFeatures: 'features',
  buildFrame: 'frame',
  train: 'train',
  evaluateVersion: 'evaluate',
  registerVersion: 'register',
  writeCard: 'card',
};

/** A model that gets its champion, drifts, is rolled back, and waits for examples of the new time. */
export async function tellLife(stage: Stage, record: RecordHistory): Promise<void> {
  const { workflow } = stage.env.client;
  const world = new World({
    approval: { timeout: '72h', remindAfter: ['2h'] },
    retraining: { coolDown: '3h', newExamples: { min: 300, maxWait: '2h' } },
    notifications: { remindEvery: '30m' },
  });
  await live(stage, world, async (life) => {
    const ref = { model: life.model, environment: REF.environment };
    const lifecycle = (state: string) => record(`modelLifecycle-${state}`, life.handle.workflowId);
    const pass = `monitorModel-${life.model}`;
    const refresh = `refreshData-${life.model}`;
    const noticeId = noticeWorkflowId(`${ref.environment}/${life.model}/quarantine/broken`);
    let refreshing = false;
    world.beforeCall = async (activity, { version, kind }) => {
      const made = world.versions.size;
      if (activity === 'ingestSource' && refreshing) await record('refreshData-reading', refresh);
      if (activity === 'notify' && kind === 'batch_quarantined')
        await record('deliverNotice-delivering', noticeId);
      if (activity === 'materialiseFeatures' && refreshing) {
        // A child that outlives its starter would stop the test server's clock.
        await new WorkflowClient({ connection: stage.env.connection }).getHandle(noticeId).result();
        await record('deliverNotice-done', noticeId);
        await record('refreshData-refreshing', refresh);
      }
      const step = STEPS[activity];
      if (step !== undefined && !refreshing && made === 2) {
        await record(`produceVersion-${step}`, produceVersionId(ref, 2));
      }
      if (activity === 'countNewExamples') await record('produceVersion-counting', produceVersionId(ref, 4));
      if (activity === 'train' && made === 2) await lifecycle('producing');
      if (activity === 'assessGates' && version === 2)
        await record('promoteVersion-gates', life.promotion(2).workflowId);
      if (activity === 'computeFindings') await record('monitorModel-judging', pass);
      if (activity === 'promoteChampion' && kind === 'rollback') await lifecycle('rolling-back');
    };
    const run = async (type: typeof monitorModel | typeof refreshData | typeof requestScheduledVersion) => {
      const workflowId = `${type.name}-${life.model}`;
      await workflow.execute(type, { taskQueue: TASK_QUEUE.control, workflowId, args: [ref] });
      await record(`${type.name}-done`, workflowId);
    };
    const rollout = (state: string) => record(`rollOut-${state}`, life.rollout(2).workflowId);
    const at = (phase: string) => life.until(phase, async () => (await rolloutPhase(life, 2)) === phase);

    await life.promote(1);
    await lifecycle('idle');
    await life.request('produce-2');
    await life.until('v2 asks', () => world.noticesOf('approval_requested').length === 2);
    await record('produceVersion-done', produceVersionId(ref, 2));
    await record('promoteVersion-approval', life.promotion(2).workflowId);
    await lifecycle('promoting');
    await life.until('reminded', () => world.noticesOf('approval_reminder').length > 0);
    await record('promoteVersion-reminded', life.promotion(2).workflowId);
    await life.passApproval(2);
    await at('shadow-0');
    await rollout('shadow');
    await record('promoteVersion-rollout', life.promotion(2).workflowId);
    await at('canary-5');
    await rollout('canary');
    await life.rollout(2).executeUpdate(pauseRolloutUpdate, { args: [{ actor: EMIL, reason: 'looking' }] });
    await rollout('paused');
    await life.rollout(2).executeUpdate(resumeRolloutUpdate, { args: [{ actor: EMIL, reason: 'fine' }] });
    await at('bake-100');
    await rollout('bake');
    await life.until('v2 is champion', () => world.champion === 2);
    await rollout('passed');
    await record('promoteVersion-passed', life.promotion(2).workflowId);

    world.gates = (version, champion) => gateReport(version, champion, { kind: 'fail', reason: 'worse' });
    await run(requestScheduledVersion);
    await life.until('v3 is rejected', () => world.stage(3) === 'rejected');
    await record('promoteVersion-rejected', life.promotion(3).workflowId);
    world.findings = (passId) => ({
      passId,
      version: 2,
      findings: [finding('kpi', 2, { severity: 'critical', actions: ['alert', 'rollback', 'retrain'] })],
    });
    await run(monitorModel);
    refreshing = true;
    const { ingest } = world;
    world.ingest = async (input) => {
      const batch = { batchId: 'broken', source: input.source, rows: 1, failures: ['one is null'] };
      return { ...(await ingest(input)), quarantined: input.source === 'orders' ? [batch] : [] };
    };
    await run(refreshData);
    world.ingest = ingest;
    refreshing = false;
    await life.until('v2 is rolled back', () => world.champion === 1);
    await lifecycle('held-back');
    await life.handle.executeUpdate(pauseUpdate, { args: [by] });
    await lifecycle('paused');
    await life.handle.executeUpdate(resumeUpdate, { args: [by] });
    const incident = workflow.getHandle(incidentWorkflowId([...world.incidents.keys()][0] ?? ''));
    await record('handleIncident-open', incident.workflowId);
    await incident.executeUpdate(acknowledgeUpdate, { args: [by] });
    await record('handleIncident-acknowledged', incident.workflowId);
    await incident.executeUpdate(resolveUpdate, { args: [by] });
    await incident.result();
    await record('handleIncident-resolved', incident.workflowId);
    await life.until('v4 waits for examples', () => world.decision('production', 4)?.outcome === 'waiting');
    await record('produceVersion-wait', produceVersionId(ref, 4));
    await life.request('now');
    await life.until('v4 goes on', () => world.decision('trigger', 4)?.outcome === 'taken');
    await record('produceVersion-taken', produceVersionId(ref, 4));
    await lifecycle('lived');
    const webhook = { ...ref, deliveryId: 'msg-1', endpoint: 'shop', event: 'version.registered' };
    const workflowId = webhookWorkflowId(ref.environment, webhook.deliveryId);
    world.sendWebhook = async () => {
      await record('deliverWebhook-sending', workflowId);
      return { statusCode: 200 };
    };
    await workflow.execute(deliverWebhook, { taskQueue: TASK_QUEUE.control, workflowId, args: [webhook] });
    await record('deliverWebhook-done', workflowId);
  });
}
