import {
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { LifecyclePolicy } from '../src/contracts/activities/control.ts';
import { lifecycleId } from '../src/contracts/workflows/ids.ts';
import { probeSignal, promotionFinishedSignal } from '../src/contracts/workflows/lifecycle.ts';
import type { PromotionOutcome } from '../src/contracts/workflows/lifecycle.ts';
import {
  abortPromotionSignal,
  decideUpdate,
  evidenceChangedSignal,
  promotionStateQuery,
} from '../src/contracts/workflows/promotion.ts';
import type {
  DecideAnswer,
  DecideCommand,
  PromoteVersionInput,
} from '../src/contracts/workflows/promotion.ts';
import { approvalCount, castVote, checkVote } from '../src/domain/promotion/approval-votes.ts';
import { PROMOTION_FAILED } from '../src/errors/lifecycle-errors.ts';
import { loadPolicy } from './activity-proxies.ts';
import { describeFailure, refuse, throwIfRefused } from './failures.ts';
import { createLane } from './lane.ts';
import { seekApproval } from './promotion/approval.ts';
import { createPromotionRecord } from './promotion/record.ts';
import { runRollout } from './promotion/rollout.ts';
import { endedAs } from './promotion/run.ts';
import type { Ending, PromotionRun } from './promotion/run.ts';
import { createStatus } from './status.ts';

/**
 * Takes a candidate from its gates through approval and rollout. It never moves the champion: it tells the
 * lifecycle its outcome, however it ends, except by termination.
 */
export async function promoteVersion(input: PromoteVersionInput): Promise<PromotionOutcome> {
  const { model, environment, version, specRevision } = input;
  const show = createStatus(input);
  const decisions = createLane(() => undefined);
  const messages = createLane(() => undefined);
  const run: PromotionRun = {
    input,
    state: { version, phase: 'gates', gates: null, approval: null, detail: '' },
    abort: null,
    validated: false,
    evidenceChanges: 0,
    apply(change) {
      run.state = { ...run.state, ...change };
      const { phase, detail } = run.state;
      show(phase, `Version ${String(version)} of ${model}: ${phase}. ${detail}`);
    },
  };
  const record = createPromotionRecord(run, decisions, messages);
  listen(run, record.voted);
  run.apply({ detail: 'Judging the gates.' });

  let ending: Ending;
  try {
    const policy = await loadPolicy({ model, environment, specRevision });
    ending = await promote(run, policy, record);
  } catch (error) {
    const cancelled = isCancellation(error);
    const failure = describeFailure(error, PROMOTION_FAILED);
    const reason = cancelled ? 'The promotion was cancelled.' : `${failure.code}: ${failure.reason}`;
    const failed = { ...endedAs(cancelled ? 'aborted' : 'failed', reason), code: failure.code };
    await CancellationScope.nonCancellable(() => finish(run, failed, record));
    await condition(() => decisions.idle() && messages.idle());
    throw cancelled ? error : refuse({ ...PROMOTION_FAILED, code: failure.code }, reason);
  }
  const outcome = await CancellationScope.nonCancellable(() => finish(run, ending, record));
  await condition(() => decisions.idle() && messages.idle());
  return outcome;
}

type PromotionRecord = ReturnType<typeof createPromotionRecord>;

async function promote(run: PromotionRun, policy: LifecyclePolicy, record: PromotionRecord): Promise<Ending> {
  const unapproved = await seekApproval(run, policy, record);
  if (unapproved !== null) return unapproved;
  run.apply({ phase: 'rollout', detail: 'The rollout is under way.' });
  return await runRollout(run);
}

/** Writes the end down and tells the lifecycle, which must know it even if nothing can be written. */
async function finish(run: PromotionRun, ending: Ending, record: PromotionRecord): Promise<PromotionOutcome> {
  const before = run.state.phase;
  run.apply({ phase: 'finished', detail: `${ending.kind}: ${ending.reason}` });
  let decisionId = ending.decisionId;
  try {
    decisionId = await record.ended(before, ending);
  } finally {
    const outcome: PromotionOutcome = { version: run.input.version, ...ending, decisionId };
    await getExternalWorkflowHandle(lifecycleId(run.input)).signal(promotionFinishedSignal, outcome);
  }
  return { version: run.input.version, ...ending, decisionId };
}

function listen(run: PromotionRun, voted: PromotionRecord['voted']): void {
  setHandler(promotionStateQuery, () => run.state);
  setHandler(probeSignal, () => undefined);
  setHandler(abortPromotionSignal, (by) => {
    run.abort ??= by;
  });
  setHandler(evidenceChangedSignal, () => {
    run.evidenceChanges += 1;
  });
  setHandler(
    decideUpdate,
    (command): DecideAnswer => {
      const { approval } = run.state;
      throwIfRefused(checkVote(approval, command, Date.now()));
      if (approval === null)
        throw refuse(PROMOTION_FAILED, `No approval is open in ${workflowInfo().workflowId}.`);
      const next = castVote(approval, command, Date.now());
      run.apply({ approval: next, detail: `${command.actor.id}: ${command.decision}.` });
      voted(next, command);
      const status = next.status === 'expired' ? 'denied' : next.status;
      return { status, approvals: approvalCount(next), quorum: next.quorum };
    },
    {
      validator: (command: DecideCommand) =>
        throwIfRefused(checkVote(run.state.approval, command, Date.now())),
    },
  );
}
