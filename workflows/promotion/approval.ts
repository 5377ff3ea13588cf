import { condition, patched } from '@temporalio/workflow';
import type { LifecyclePolicy } from '../../src/contracts/activities/control.ts';
import type { GateReport } from '../../src/domain/gate-report.ts';
import type { ApprovalState } from '../../src/domain/promotion/approval.ts';
import { approvalOn, expireApproval, nextReminderAt } from '../../src/domain/promotion/approval-votes.ts';
import { mayRollOut } from '../../src/domain/promotion/may-roll-out.ts';
import { judgeGates } from '../../src/domain/promotion/judge-gates.ts';
import { assertNever } from '../../src/errors/assert-never.ts';
import { assessGates, setStage } from '../activity-proxies.ts';
import type { createPromotionRecord } from './record.ts';
import { aborted, endedAs, PROMOTION_ACTOR } from './run.ts';
import type { Ending, PromotionRun } from './run.ts';

type Record = ReturnType<typeof createPromotionRecord>;

/**
 * Gates, then people, then the gates once more just before acting: an approval counts only for the evidence it
 * was given on, so other evidence begins the approval anew. Null when the version may be rolled out.
 */
export async function seekApproval(
  run: PromotionRun,
  policy: LifecyclePolicy,
  record: Record,
): Promise<Ending | null> {
  let report = await judge(run, policy, record);
  if ('kind' in report) return report;
  for (;;) {
    const changes = run.evidenceChanges;
    const { approval } = policy;
    if (approval === null) {
      await record.approvalSkipped(report);
    } else {
      const given = run.state.approval;
      const evidence = { hash: report.evidenceHash, by: run.input };
      const opened = approvalOn(given, approval, evidence, Date.now());
      run.apply({ phase: 'approval', approval: opened, detail: 'Waiting for people to decide.' });
      if (opened !== given) record.approvalOpened(opened, report);
      const ended = await waitForPeople(run, approval, changes, record);
      await record.written();
      if (ended !== null) return ended;
    }
    const again = await judge(run, policy, record);
    if ('kind' in again) return unlessRejected(run, again);
    if (again.evidenceHash === report.evidenceHash && mayRollOut(again, run.state.approval, policy)) {
      await setStageOf(run, 'approved', again);
      return run.abort === null ? null : aborted(run);
    }
    report = again;
  }
}

/** Waits for the approval's end. Null when it was approved, or when new evidence asks for another look. */
async function waitForPeople(
  run: PromotionRun,
  policy: NonNullable<LifecyclePolicy['approval']>,
  changes: number,
  record: Record,
): Promise<Ending | null> {
  let sent = 0;
  for (;;) {
    const approval = run.state.approval;
    if (run.abort !== null) return aborted(run);
    if (approval?.status === 'denied') return rejectedBy(approval);
    if (approval === null || run.evidenceChanges !== changes) return null;
    switch (approval.status) {
      case 'approved':
        return null;
      case 'expired':
        return endedAs('expired', `No ${String(approval.quorum)} approvals within the time allowed.`);
      case 'open':
        break;
      default:
        assertNever(approval.status, 'approval status');
    }
    const remindAt = nextReminderAt(approval, policy, sent);
    const until = Math.min(approval.expiresAt, remindAt ?? approval.expiresAt);
    const happened = (): boolean =>
      run.abort !== null || run.evidenceChanges !== changes || run.state.approval?.status !== 'open';
    if (await condition(happened, Math.max(1, until - Date.now()))) continue;
    const expired = expireApproval(approval, Date.now());
    if (expired.status === 'expired') {
      run.apply({ approval: expired, detail: 'The approval expired.' });
    } else if (remindAt !== null && Date.now() >= remindAt) {
      sent += 1;
      record.reminded(approval, sent);
    }
  }
}

function rejectedBy({ votes }: ApprovalState): Ending {
  const by = votes.find((vote) => vote.decision === 'reject');
  return endedAs('denied', `${by?.actor.id ?? 'Somebody'} rejected it: ${by?.reason ?? ''}`);
}

/** Gates that can't decide leave a version open; one that somebody rejected while they were judged is not. */
function unlessRejected(run: PromotionRun, ending: Ending): Ending {
  const { approval } = run.state;
  const rejected = ending.kind === 'failed' && approval?.status === 'denied';
  return rejected && patched('rejected-while-judged') ? rejectedBy(approval) : ending;
}

/** Assesses and records the gates. A report whose gates advance, or how the promotion ends. */
async function judge(
  run: PromotionRun,
  policy: LifecyclePolicy,
  record: Record,
): Promise<GateReport | Ending> {
  if (run.abort !== null) return aborted(run);
  const { model, environment, version, specRevision, champion } = run.input;
  const gates = await assessGates({ model, environment, version, specRevision, champion });
  run.apply({ gates });
  const judgement = judgeGates(gates, policy);
  await record.judged(gates, judgement);
  switch (judgement.kind) {
    case 'advance':
      if (!run.validated) await setStageOf(run, 'validated', gates);
      run.validated = true;
      return gates;
    case 'reject':
      return endedAs('rejected', judgement.reason);
    case 'undecided':
      return endedAs('failed', `The gates could not decide: ${judgement.reason}`);
    default:
      return assertNever(judgement, 'gate judgement');
  }
}

async function setStageOf(
  run: PromotionRun,
  stage: 'validated' | 'approved',
  gates: GateReport,
): Promise<void> {
  const { model, environment, version } = run.input;
  const { reason } = gates.verdict;
  await setStage({ model, environment, version, stage, reason, actor: PROMOTION_ACTOR });
}
