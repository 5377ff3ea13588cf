import { WorkflowClient } from '@temporalio/client';
import {
  incidentWorkflowId,
  noticeWorkflowId,
  produceVersionId,
  revalidationId,
} from '../../../src/contracts/workflows/ids.ts';
import { revalidateUpdate } from '../../../src/contracts/workflows/lifecycle.ts';
import { gateReport, OTTO } from '../../workflows/builders.ts';
import { live } from '../../workflows/steps.ts';
import { REF } from '../../workflows/time-skipping.ts';
import type { Stage } from '../../workflows/time-skipping.ts';
import { refused, World } from '../../workflows/world.ts';
import type { RecordHistory } from '../recorder.ts';

/** A version whose gates can't decide: people are reminded until somebody has it validated again. */
export async function tellUndecided(stage: Stage, record: RecordHistory): Promise<void> {
  const world = new World({
    notifications: { remindEvery: '30m', escalation: { after: '1h', email: ['lead@example.test'] } },
  });
  world.gates = (version, champion) => gateReport(version, champion, { kind: 'error', reason: 'no answer' });
  const { ingest } = world;
  world.ingest = async (input) => {
    const batch = { batchId: 'torn', source: input.source, rows: 1, failures: ['one is null'] };
    return { ...(await ingest(input)), quarantined: input.source === 'orders' ? [batch] : [] };
  };
  await live(stage, world, async (life) => {
    const ref = { model: life.model, environment: REF.environment };
    world.beforeCall = async (activity) => {
      if (activity !== 'materialiseFeatures') return;
      // A child that outlives its starter would stop the test server's clock.
      const notice = noticeWorkflowId(`${ref.environment}/${ref.model}/quarantine/torn`);
      await new WorkflowClient({ connection: stage.env.connection }).getHandle(notice).result();
      await record('produceVersion-set-aside', produceVersionId(ref, 1));
    };
    await life.request('first');
    await life.until('v1 is left a candidate', () => world.incidents.size === 1);
    const incident = incidentWorkflowId([...world.incidents.keys()][0] ?? '');
    await life.until('reminded', () => world.noticesOf('incident_reminder').length === 1);
    await record('handleIncident-reminded', incident);
    await life.until('escalated', () => world.noticesOf('incident_escalated').length === 1);
    await record('handleIncident-escalated', incident);
    await record('promoteVersion-undecided', life.promotion(1).workflowId);
    world.gates = (version, champion) => gateReport(version, champion);
    const revalidation = revalidationId(ref, 1);
    const revalidate = () =>
      life.handle.executeUpdate(revalidateUpdate, {
        args: [{ version: 1, actor: OTTO, reason: 'the rule is mended' }],
      });
    world.evaluateAgain = () => {
      throw refused('MODEL_UNLOADABLE', 'the file is gone');
    };
    await revalidate();
    await life.until('v1 stays as it was', async () => (await life.state()).revalidation === null);
    await record('revalidateVersion-failed', revalidation);
    world.evaluateAgain = () => record('revalidateVersion-evaluating', revalidation);
    await revalidate();
    await life.until('v1 asks', () => world.decision('approval', 1) !== undefined);
    await record('revalidateVersion-done', revalidation);
    await record('promoteVersion-second-round', life.promotion(1).workflowId);
    await record('modelLifecycle-revalidated', life.handle.workflowId);
  });
}
