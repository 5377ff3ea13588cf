import { bundledWorkflows } from '../../workflows/bundled-workflows.ts';
import { TASK_QUEUE } from '../../../src/contracts/task-queues.ts';
import {
  incidentWorkflowId,
  lifecycleId,
  produceVersionId,
  promotionId,
  rolloutId,
} from '../../../src/contracts/workflows/ids.ts';
import { incidentNoteSignal } from '../../../src/contracts/workflows/incident.ts';
import {
  findingsReportedSignal,
  requestVersionUpdate,
  versionRequestedSignal,
} from '../../../src/contracts/workflows/lifecycle.ts';
import { abortRolloutUpdate } from '../../../src/contracts/workflows/rollout.ts';
import { modelLifecycle } from '../../../workflows/index.ts';
import { until } from '../../until.ts';
import { EMIL, finding, trigger } from '../../workflows/builders.ts';
import { openRealServer } from '../../workflows/real-server.ts';
import { runWorkers } from '../../workflows/time-skipping.ts';
import { World } from '../../workflows/world.ts';
import { recorderInto } from '../recorder.ts';

/** So few events that every workflow of the story carries itself on soon. */
const SUGGEST_AT_EVENTS = 60;
/** Events of the new history by which it has done more than begin. */
const UNDER_WAY = 12;
const ref = { model: 'long-lived', environment: 'prod' };

/** Workflows that carried themselves on under a new history, in the midst of what they do. In real time. */
export async function tellCarriedOn(taken: Map<string, Buffer>): Promise<void> {
  const env = await openRealServer(SUGGEST_AT_EVENTS);
  const world = new World({
    approval: null,
    retraining: { coolDown: '0s', newExamples: { min: 300, maxWait: '10m' } },
    rollout: {
      shadow: null,
      weights: [20, 100],
      step: { duration: '1s', minSamples: 10, maxDuration: '60s' },
      bake: { duration: '1s' },
      interval: '500ms',
    },
  });
  const workers = await runWorkers(env, bundledWorkflows(), new Map([[ref.model, world]]));
  const record = recorderInto(taken, env);
  const { workflow } = env.client;
  const lifecycle = lifecycleId(ref);
  const request = (key: string) =>
    workflow.getHandle(lifecycle).executeUpdate(requestVersionUpdate, { args: [trigger(key)] });
  const carriedOn = async (id: string): Promise<boolean> => {
    const { events } = await workflow.getHandle(id).fetchHistory();
    const started = events?.[0]?.workflowExecutionStartedEventAttributes;
    return (started?.continuedExecutionRunId ?? '') !== '' && (events?.length ?? 0) >= UNDER_WAY;
  };

  await workflow.start(modelLifecycle, { taskQueue: TASK_QUEUE.control, workflowId: lifecycle, args: [ref] });
  await request('a');
  await until('v1 is champion', () => world.champion === 1);
  const { step } = world.policy.rollout;
  const slow = { ...world.policy.rollout, step: { ...step, duration: 600_000, maxDuration: 3_600_000 } };
  world.policy = { ...world.policy, rollout: slow };
  await request('b');
  const rollout = rolloutId(ref, 2);
  await until('v2 is in its canary', () => world.stage(2) === 'canary');
  await until('its rollout has carried itself on', () => carriedOn(rollout));
  await record('rollOut-carried-on', rollout);
  await workflow
    .getHandle(rollout)
    .executeUpdate(abortRolloutUpdate, { args: [{ actor: EMIL, reason: 'odd' }] });
  await until('v2 is rolled back', () => world.decision('promotion', 2) !== undefined);
  await record('rollOut-carried-back', rollout);

  const breach = finding('kpi', 1, { actions: ['alert', 'retrain'], windowEnd: Date.now() });
  await workflow
    .getHandle(lifecycle)
    .signal(findingsReportedSignal, { passId: 'p', version: 1, findings: [breach] });
  await until('an incident is open', () => world.incidents.size > 0);
  const incident = incidentWorkflowId([...world.incidents.keys()].at(-1) ?? '');
  await until('notes carry it on', async () => {
    await workflow
      .getHandle(incident)
      .signal(incidentNoteSignal, { key: String(Date.now()), text: 'looked again' });
    return await carriedOn(incident);
  });
  await record('handleIncident-carried-on', incident);
  const production = produceVersionId(ref, 3);
  await until('v3 waits on', () => carriedOn(production));
  await record('produceVersion-carried-on', production);
  await until('triggers carry it on', async () => {
    await workflow.getHandle(lifecycle).signal(versionRequestedSignal, trigger(String(Date.now())));
    return await carriedOn(lifecycle);
  });
  await record('modelLifecycle-carried-on', lifecycle);

  await until('v3 is in its canary', () => world.stage(3) === 'canary');
  let restoring = false;
  world.beforeCall = async (activity, { key }) => {
    if (activity !== 'setRoute' || key?.startsWith(`${lifecycle}/restore`) !== true) return;
    await record('modelLifecycle-restoring', lifecycle);
    restoring = true;
  };
  await workflow.getHandle(promotionId(ref, 3)).terminate('by hand');
  await until('the lifecycle puts traffic back', () => restoring);
  await workflow.getHandle(lifecycle).terminate();
  await workers.stop();
  await env.teardown();
}
