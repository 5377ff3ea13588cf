import {
  CancellationScope,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  isCancellation,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { LifecyclePolicy } from '../src/contracts/activities/control.ts';
import type { QuarantinedBatch } from '../src/contracts/activities/data.ts';
import { lifecycleId } from '../src/contracts/workflows/ids.ts';
import { probeSignal, productionFinishedSignal } from '../src/contracts/workflows/lifecycle.ts';
import type { ProductionOutcome } from '../src/contracts/workflows/lifecycle.ts';
import { hastenSignal, productionStateQuery } from '../src/contracts/workflows/production.ts';
import type { ProduceVersionInput, ProductionState } from '../src/contracts/workflows/production.ts';
import { systemActor } from '../src/domain/actor.ts';
import { gpuTimeMs } from '../src/domain/lifecycle/gpu-budget.ts';
import type { Trigger } from '../src/domain/trigger.ts';
import { PRODUCTION_FAILED } from '../src/errors/lifecycle-errors.ts';
import {
  buildFrame,
  evaluateVersion,
  loadPolicy,
  materialiseFeatures,
  notify,
  recordDecision,
  registerVersion,
  setStage,
  trainingActivities,
  writeCard,
} from './activity-proxies.ts';
import { describeFailure, detailOf, refuse } from './failures.ts';
import { createLane } from './lane.ts';
import { awaitNewExamples } from './production/await-new-examples.ts';
import { readSources } from './production/read-sources.ts';
import { quarantineNotice } from './quarantine-notice.ts';
import { createStatus } from './status.ts';

/**
 * Produces one version: data, a wait for new examples where the spec wants one, features, frame, training, evaluation,
 * registration, card. The lifecycle is told the outcome however this ends, except by termination.
 */
export async function produceVersion(input: ProduceVersionInput): Promise<ProductionOutcome> {
  const { model, environment, version } = input;
  const status = createStatus(input);
  const gpu: GpuUse = { gpuMs: 0 };
  let state: ProductionState = input.carried?.state ?? {
    version,
    step: 'ingest',
    startedAt: Date.now(),
    detail: '',
  };
  const asked = [...(input.carried?.asked ?? [])];
  const messages = createLane(() => undefined);
  const at: ProductionRun['at'] = (step, detail, more = {}) => {
    state = { ...state, ...more, step, detail };
    status(step, `Version ${String(version)} of ${model}: ${detail}`);
  };
  setHandler(productionStateQuery, () => state);
  setHandler(probeSignal, () => undefined);
  setHandler(hastenSignal, (trigger) => void asked.push(trigger));

  let end: 'ended' | 'carry_on_as_new';
  try {
    const policy = await loadPolicy({ model, environment, specRevision: input.specRevision });
    const tell = (batch: QuarantinedBatch): void =>
      messages.add(async () => void (await notify(quarantineNotice(input, batch))));
    end = await produce(input, policy, { at, tell, gpu, asked, idle: () => messages.idle() });
  } catch (error) {
    const failure = describeFailure(error, PRODUCTION_FAILED);
    const stage = isCancellation(error) ? 'aborted' : 'failed';
    const why = stage === 'aborted' ? 'the production was cancelled' : failure.reason;
    const reason = `In step ${state.step}: ${why}`;
    const ended = { stage, code: failure.code, step: state.step, reason, ...used(gpu) } as const;
    at('failed', reason);
    await CancellationScope.nonCancellable(() => recordFailure(input, ended));
    if (stage === 'aborted') throw error;
    await condition(() => messages.idle());
    throw refuse({ ...PRODUCTION_FAILED, code: failure.code }, reason);
  }
  if (end === 'carry_on_as_new') {
    return await continueAsNew<typeof produceVersion>({ ...input, carried: { state, asked: [...asked] } });
  }
  const outcome: ProductionOutcome = { kind: 'candidate', version, ...used(gpu) };
  at('done', 'a candidate');
  await CancellationScope.nonCancellable(() => tellLifecycle(input, outcome));
  await condition(() => messages.idle());
  return outcome;
}

/** Filled as the production goes on, so that a failure tells what was used until then. */
interface GpuUse {
  gpuMs: number;
}

function used({ gpuMs }: GpuUse): { gpuMs?: number } {
  return gpuMs > 0 ? { gpuMs } : {};
}

interface FailedProduction {
  readonly stage: 'failed' | 'aborted';
  readonly code: string;
  readonly step: ProductionState['step'];
  readonly reason: string;
  readonly gpuMs?: number;
}

/** The record first, and the lifecycle even if that can't be written: nobody waits for a version that is gone. */
async function recordFailure(input: ProduceVersionInput, failed: FailedProduction): Promise<void> {
  const { model, environment, version } = input;
  const { stage, code, step, reason } = failed;
  const { workflowId } = workflowInfo();
  const actor = systemActor('production');
  try {
    await setStage({ model, environment, version, stage, reason, actor });
    await recordDecision({
      model,
      environment,
      decisionId: `${workflowId}/outcome`,
      version,
      kind: 'production',
      outcome: stage,
      reason,
      actor,
      evidenceHash: null,
      evidence: { step, code },
    });
  } finally {
    const { gpuMs } = failed;
    const outcome: ProductionOutcome = { kind: 'failed', version, code, reason };
    await tellLifecycle(input, gpuMs === undefined ? outcome : { ...outcome, gpuMs });
  }
  await notify({
    model,
    environment,
    key: `${workflowId}/failed`,
    thread: workflowId,
    kind: 'version_rejected',
    severity: 'warning',
    title: `Version ${String(version)} of ${model} could not be produced`,
    text: reason,
    facts: { step, code },
    actions: [{ label: 'Look at the version', act: { kind: 'review', version } }],
    escalate: false,
  });
}

/** A production in this run of the workflow. */
interface ProductionRun {
  readonly at: (
    step: ProductionState['step'],
    detail: string,
    more?: Pick<ProductionState, 'newExamples'>,
  ) => void;
  readonly tell: (batch: QuarantinedBatch) => void;
  readonly gpu: GpuUse;
  /** Triggers that want a version now. */
  readonly asked: Trigger[];
  /** Whether nothing is left to be told. */
  readonly idle: () => boolean;
}

async function produce(
  input: ProduceVersionInput,
  policy: LifecyclePolicy,
  { at, tell, gpu, asked, idle }: ProductionRun,
): Promise<'ended' | 'carry_on_as_new'> {
  const { model, environment, version, specRevision } = input;
  const ref = { model, environment, specRevision };
  const carried = input.carried?.state;
  if (carried === undefined) at('ingest', `reading ${policy.sources.join(', ')}`);
  await readSources(ref, policy, tell);
  const wait = await awaitNewExamples({
    input,
    policy,
    carried: carried?.newExamples,
    asked,
    mayCarryOn: idle,
    readAgain: () => readSources(ref, policy, tell),
    show: (newExamples, detail) => at('wait', detail, { newExamples }),
  });
  if (wait === 'carry_on_as_new') return wait;
  at('features', 'materialising the feature views');
  await materialiseFeatures(ref);
  at('frame', 'joining examples and features as of their time');
  const { frame, trainRows, holdoutRows } = await buildFrame({ ...ref, version });
  at('train', `training on ${String(trainRows)} rows, ${String(holdoutRows)} held out`);
  const { train } = trainingActivities(policy.trainer);
  const runId = `${environment}-${model}-${String(version)}`;
  const gpus = policy.trainer.gpus ?? 0;
  const trainingSince = Date.now();
  const training = await train
    .executeWithOptions({ summary: `version ${String(version)}` }, [{ ...ref, version, runId, frame }])
    .catch((error: unknown) => {
      const durationMs = trainedFor(error, trainingSince);
      gpu.gpuMs = gpuTimeMs({ device: null, durationMs, failed: true }, gpus);
      throw error;
    });
  gpu.gpuMs = gpuTimeMs({ ...training, failed: false }, gpus);
  at('evaluate', `trained in ${String(training.durationMs)} ms on ${training.device ?? 'an unnamed device'}`);
  const { evaluationId } = await evaluateVersion({ ...ref, version });
  at('register', `evaluation ${evaluationId}`);
  await registerVersion({ ...ref, version, training, evaluationId });
  at('card', 'writing the card');
  await writeCard({ model, environment, version });
  return 'ended';
}

/** Without the time in the queue, where the activity could tell; one that was cancelled before it began could not. */
function trainedFor(error: unknown, since: number): number {
  const told = detailOf(error, 'trainedMs');
  if (typeof told === 'number') return told;
  return isCancellation(error) ? 0 : Date.now() - since;
}

async function tellLifecycle(input: ProduceVersionInput, outcome: ProductionOutcome): Promise<void> {
  await getExternalWorkflowHandle(lifecycleId(input)).signal(productionFinishedSignal, outcome);
}
