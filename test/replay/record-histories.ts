import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { expect, it } from 'vitest';
import { TASK_QUEUE } from '../../src/contracts/task-queues.ts';
import {
  incidentWorkflowId,
  produceVersionId,
  revalidationId,
  webhookWorkflowId,
} from '../../src/contracts/workflows/ids.ts';
import { resolveUpdate } from '../../src/contracts/workflows/incident.ts';
import { pauseUpdate, resumeUpdate, revalidateUpdate } from '../../src/contracts/workflows/lifecycle.ts';
import { deliverWebhook, monitorModel, refreshData, requestScheduledVersion } from '../../workflows/index.ts';
import { finding, gateReport, OTTO } from '../workflows/builders.ts';
import { live } from '../workflows/steps.ts';
import { openStage, REF } from '../workflows/time-skipping.ts';
import { World } from '../workflows/world.ts';

const TIMEOUT_MS = 300_000;
const by = { actor: OTTO, reason: 'on it' };

/** Lives through a story that touches every workflow and leaves their histories here for the replay test. */
it('records a history of each workflow', { timeout: TIMEOUT_MS }, async () => {
  const stage = await openStage();
  const { workflow } = stage.env.client;
  const record = async (name: string, workflowId: string): Promise<void> => {
    const history = await workflow.getHandle(workflowId).fetchHistory();
    const path = fileURLToPath(new URL(`./${name}.json.gz`, import.meta.url));
    await writeFile(path, gzipSync(historyToJSON(history), { level: 9 }));
  };
  const world = new World({ retraining: { coolDown: '1m' }, notifications: { remindEvery: '30m' } });
  await live(stage, world, async (life) => {
    const ref = { model: life.model, environment: REF.environment };
    const run = async (type: typeof monitorModel | typeof refreshData | typeof requestScheduledVersion) => {
      const workflowId = `${type.name}-${life.model}`;
      await workflow.execute(type, { taskQueue: TASK_QUEUE.control, workflowId, args: [ref] });
      await record(type.name, workflowId);
    };
    await life.promote(1);
    await life.promote(2);
    await record('produceVersion', produceVersionId(ref, 2));
    await record('promoteVersion-passed', life.promotion(2).workflowId);
    await record('rollOut-passed', life.rollout(2).workflowId);
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
    await run(refreshData);
    await life.until('v2 is rolled back', () => world.champion === 1);
    await life.until('v4 is rejected', () => world.stage(4) === 'rejected');
    await life.handle.executeUpdate(pauseUpdate, { args: [by] });
    await life.handle.executeUpdate(resumeUpdate, { args: [by] });
    const incidentId = [...world.incidents.keys()][0] ?? '';
    const incident = workflow.getHandle(incidentWorkflowId(incidentId));
    await incident.executeUpdate(resolveUpdate, { args: [by] });
    await incident.result();
    await record('handleIncident', incident.workflowId);
    await record('modelLifecycle', life.handle.workflowId);
    const webhook = { ...ref, deliveryId: 'msg-1', endpoint: 'shop', event: 'version.registered' };
    const workflowId = webhookWorkflowId(ref.environment, webhook.deliveryId);
    await workflow.execute(deliverWebhook, { taskQueue: TASK_QUEUE.control, workflowId, args: [webhook] });
    await record('deliverWebhook', workflowId);
    expect(world.champion).toBe(1);
  });
  const undecided = new World();
  undecided.gates = (version, champion) =>
    gateReport(version, champion, { kind: 'error', reason: 'no answer' });
  await live(stage, undecided, async (life) => {
    await life.request('first');
    await life.until('v1 is left a candidate', () => undecided.incidents.size === 1);
    undecided.gates = (version, champion) => gateReport(version, champion);
    const command = { version: 1, actor: OTTO, reason: 'the rule is mended' };
    await life.handle.executeUpdate(revalidateUpdate, { args: [command] });
    await life.until('v1 asks', () => undecided.decision('approval', 1) !== undefined);
    const ref = { model: life.model, environment: REF.environment };
    await record('revalidateVersion', revalidationId(ref, 1));
    await record('promoteVersion-waiting', life.promotion(1).workflowId);
    await record('modelLifecycle-revalidated', life.handle.workflowId);
  });
  await stage.close();
});
