import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import {
  abortRolloutSignal,
  abortRolloutUpdate,
  pauseRolloutUpdate,
  promoteNowUpdate,
  resumeRolloutUpdate,
  rolloutStateQuery,
} from '../src/contracts/workflows/rollout.ts';
import type { ByActor } from '../src/contracts/workflows/lifecycle.ts';
import type { RollOutInput, RollOutResult } from '../src/contracts/workflows/rollout.ts';
import { systemActor } from '../src/domain/actor.ts';
import { planRollout } from '../src/domain/rollout/plan.ts';
import {
  baselineOf,
  checkPromoteNow,
  checkResumeRollout,
  checkRunning,
  finishRollout,
  hadTraffic,
  pauseRollout,
  resumeRollout,
  startRollout,
} from '../src/domain/rollout/transitions.ts';
import type { RolloutState } from '../src/domain/rollout/state.ts';
import { ROLLOUT_FAILED, ROLLOUT_NOT_RESTORED, ROLLOUT_NOT_RUNNING } from '../src/errors/lifecycle-errors.ts';
import { loadPolicy, verifyLoadable } from './activity-proxies.ts';
import { describeFailure, refuse, throwIfRefused } from './failures.ts';
import { createLane } from './lane.ts';
import type { Lane } from './lane.ts';
import { createRolloutRecord } from './rollout/record.ts';
import { restoreChampion, serveStep } from './rollout/route.ts';
import { runStep } from './rollout/step.ts';
import type { RolloutRun } from './rollout/step.ts';
import { createStatus } from './status.ts';

const SYSTEM = systemActor('rollout');

/**
 * Carries a version through shadow, canary and bake. Whatever goes wrong, all traffic ends on the champion; only
 * a pass leaves it on the challenger, for the lifecycle to make it champion.
 */
export async function rollOut(input: RollOutInput): Promise<RollOutResult> {
  const { model, version, champion } = input;
  const show = createStatus(input);
  const messages = createLane(() => undefined);
  const run: RolloutRun = {
    input,
    state: input.state ?? startRollout(version, champion, Date.now()),
    abort: null,
    promote: null,
    routed: false,
    scope: null,
    apply(state) {
      run.state = state;
      show(state.phase, describe(run.state, model));
    },
  };
  const record = createRolloutRecord(input, messages);
  listen(run, record.steered);
  run.apply(run.state);

  let result: RollOutResult | 'carry_on_as_new';
  try {
    const end = await drive(run, record, messages);
    result =
      end === 'carry_on_as_new'
        ? end
        : await CancellationScope.nonCancellable(() => endRollout(run, record.ended));
  } catch (error) {
    const restored = await CancellationScope.nonCancellable(() => failRollout(run, error, record.ended));
    await condition(() => messages.idle());
    if (isCancellation(error)) throw error;
    throw refuse(restored ? ROLLOUT_FAILED : ROLLOUT_NOT_RESTORED, finishedOutcome(run).reason);
  }
  if (result === 'carry_on_as_new') {
    return await continueAsNew<typeof rollOut>({ ...input, state: run.state });
  }
  await condition(() => messages.idle() && allHandlersFinished());
  return result;
}

type Record = ReturnType<typeof createRolloutRecord>;
type Ended = Record['ended'];

/** Step by step to the end of the plan, or until somebody or a failed look ends it. */
async function drive(run: RolloutRun, record: Record, messages: Lane): Promise<'ended' | 'carry_on_as_new'> {
  const { model, environment, version, champion, specRevision } = run.input;
  const policy = (await loadPolicy({ model, environment, specRevision })).rollout;
  const plan = planRollout(policy, champion);
  if (run.state.phase === 'preparing') await verifyLoadable({ model, environment, version });
  while (run.state.stepIndex < plan.length && run.abort === null && run.promote === null) {
    const end = await runStep(run, plan, policy, record);
    if (end === 'ended') continue;
    await condition(() => messages.idle() && allHandlersFinished());
    // What was asked for during the wait is done in this run: it is not part of the state that is carried on.
    if (run.abort === null && run.promote === null) return 'carry_on_as_new';
  }
  if (run.abort === null && run.promote !== null) {
    const step = { phase: 'bake', weight: 100, index: plan.length - 1, key: 'promote-now' } as const;
    await serveStep(run, step, run.promote.actor, run.promote.reason);
  }
  return 'ended';
}

function finishedOutcome(run: RolloutRun): NonNullable<RolloutState['outcome']> {
  return run.state.outcome ?? { kind: 'failed', reason: 'It ended without an outcome.' };
}

async function endRollout(run: RolloutRun, ended: Ended): Promise<RollOutResult> {
  const { abort, promote } = run;
  if (abort !== null) {
    const served = hadTraffic(run.state);
    // Without a champion nothing else can take the traffic: that is a failure for a person, not a rollback.
    const kind = !served ? 'aborted' : run.input.champion === null ? 'failed' : 'rolled_back';
    const note = await restoreChampion(run, abort.actor, abort.reason);
    run.apply(finishRollout(run.state, { kind, reason: `${abort.reason} ${note}`.trim() }, 0));
    const { reason } = finishedOutcome(run);
    return { kind, reason, decisionId: await ended(run.state, abort.actor), baseline: null };
  }
  const reason =
    promote === null
      ? 'Every step of the rollout passed its analysis.'
      : `${promote.actor.id} promoted it without the rest of the analysis: ${promote.reason}`;
  const baseline = baselineOf(run.state);
  run.apply(finishRollout(run.state, { kind: 'passed', reason }, 100));
  return { kind: 'passed', reason, decisionId: await ended(run.state, promote?.actor ?? SYSTEM), baseline };
}

/** Answers whether traffic is back on a champion, or never left it. */
async function failRollout(run: RolloutRun, error: unknown, ended: Ended): Promise<boolean> {
  const failure = describeFailure(error, ROLLOUT_FAILED);
  const cause = isCancellation(error) ? 'The rollout was cancelled.' : `${failure.code}: ${failure.reason}`;
  const served = hadTraffic(run.state);
  let restored = run.input.champion !== null || !served;
  let note: string;
  try {
    note = await restoreChampion(run, SYSTEM, cause);
  } catch (restoreError) {
    const why = describeFailure(restoreError, ROLLOUT_FAILED);
    restored = false;
    note = `TRAFFIC IS NOT BACK on the champion: ${why.code}: ${why.reason}`;
  }
  run.apply(finishRollout(run.state, { kind: 'failed', reason: `${cause} ${note}`.trim() }, 0));
  await ended(run.state, SYSTEM);
  return restored;
}

function listen(run: RolloutRun, steered: Record['steered']): void {
  const stop = (by: ByActor): void => {
    if (checkRunning(run.state) !== null || run.abort !== null) return;
    run.abort = by;
    run.scope?.cancel();
  };
  const running = (_by: ByActor): void => throwIfRefused(checkRunning(run.state));
  const paused = (_by: ByActor): void => throwIfRefused(checkResumeRollout(run.state));
  setHandler(rolloutStateQuery, () => run.state);
  setHandler(abortRolloutSignal, stop);
  setHandler(abortRolloutUpdate, stop, { validator: running });
  setHandler(
    pauseRolloutUpdate,
    (by) => {
      run.apply(pauseRollout(run.state, by.actor.id, by.reason, Date.now()));
      steered(run.state, 'paused', by);
    },
    { validator: running },
  );
  setHandler(
    resumeRolloutUpdate,
    (by) => {
      run.apply(resumeRollout(run.state, Date.now()));
      steered(run.state, 'resumed', by);
    },
    { validator: paused },
  );
  const promotable = ({ actor }: ByActor): void => {
    throwIfRefused(checkPromoteNow(run.state, actor));
    if (run.abort !== null) throw refuse(ROLLOUT_NOT_RUNNING, `It is being aborted: ${run.abort.reason}`);
  };
  setHandler(
    promoteNowUpdate,
    (by) => {
      promotable(by);
      run.promote = by;
      run.scope?.cancel();
    },
    { validator: promotable },
  );
}

function describe(state: RolloutState, model: string): string {
  const { workflowId } = workflowInfo();
  const paused = state.paused === null ? '' : `\n\n**Paused** by ${state.paused.by}: ${state.paused.reason}`;
  const verdict = state.looks.at(-1)?.verdict;
  const look = verdict === undefined ? '' : `\n\nLast look: **${verdict.kind}**, ${verdict.reason}`;
  const end = state.outcome === null ? '' : `\n\n**${state.outcome.kind}**: ${state.outcome.reason}`;
  return `${model} version ${String(state.version)}: ${state.phase}, ${String(state.weight)} % of traffic (${workflowId})${paused}${look}${end}`;
}
