import { condition, workflowInfo } from '@temporalio/workflow';
import type { Decision, Notice } from '../../src/contracts/activities/control.ts';
import type { DecideCommand } from '../../src/contracts/workflows/promotion.ts';
import type { GateReport } from '../../src/domain/gate-report.ts';
import type { ApprovalState } from '../../src/domain/promotion/approval.ts';
import type { GateJudgement } from '../../src/domain/promotion/judge-gates.ts';
import { assertNever } from '../../src/errors/assert-never.ts';
import { recordDecision, setStage } from '../activity-proxies.ts';
import type { Lane } from '../lane.ts';
import { tellInTurn } from '../send-notice.ts';
import { approvalFacts, gateFacts } from './facts.ts';
import { PROMOTION_ACTOR } from './run.ts';
import type { Ending, PromotionRun } from './run.ts';

type Told = Pick<Notice, 'kind' | 'severity' | 'title' | 'text' | 'facts'>;

/**
 * What a promotion writes down (the record comes before the act) and tells (in its own time: a mail server that is
 * away holds up no decision).
 */
export function createPromotionRecord(run: PromotionRun, decisions: Lane, messages: Lane) {
  const { model, environment, version, round } = run.input;
  const { workflowId } = workflowInfo();
  const scope = round === undefined ? workflowId : `${workflowId}/${round}`;
  const name = `${model} version ${String(version)}`;
  const decide = (
    key: string,
    decision: Pick<Decision, 'kind' | 'outcome' | 'reason' | 'actor' | 'evidence'>,
  ) => {
    const evidenceHash = run.state.gates?.evidenceHash ?? null;
    const decisionId = `${scope}/${key}`;
    return recordDecision({ model, environment, version, decisionId, evidenceHash, ...decision });
  };
  const tell = (key: string, told: Told, worthMs?: number): void => {
    const notice: Notice = {
      model,
      environment,
      key: `${scope}/${key}`,
      thread: workflowId,
      actions: [{ label: `Review version ${String(version)}`, act: { kind: 'review', version } }],
      escalate: false,
      ...told,
    };
    messages.add(() => tellInTurn(notice, worthMs));
  };
  return {
    /** Resolves once all votes and requests for approval are in the registry. */
    async written(): Promise<void> {
      await condition(() => decisions.idle());
    },
    async judged(report: GateReport, judgement: GateJudgement): Promise<void> {
      await decide(`gates/${report.evidenceHash}`, {
        kind: 'gates',
        outcome: judgement.kind,
        reason: judgement.reason,
        actor: PROMOTION_ACTOR,
        evidence: { report },
      });
    },
    async approvalSkipped(report: GateReport): Promise<void> {
      const reason = 'The spec says approval: null, so no person was asked.';
      const evidence = { verdict: { kind: 'skipped', by: 'spec', reason } };
      const key = `approval/${report.evidenceHash}`;
      await decide(key, { kind: 'approval', outcome: 'skipped', reason, actor: PROMOTION_ACTOR, evidence });
    },
    approvalOpened(approval: ApprovalState, report: GateReport): void {
      const voided = approval.voidVotes.length;
      const again = voided === 0 ? '' : ` The evidence is new: ${String(voided)} earlier votes are void.`;
      const key = `approval/${approval.evidenceHash}/${String(approval.openedAt)}`;
      const { requestedBy: actor, roles, quorum, expiresAt } = approval;
      const reason = `${String(quorum)} of ${roles.join(', ')} until ${new Date(expiresAt).toISOString()}.${again}`;
      decisions.add(() =>
        decide(`requested/${key}`, {
          kind: 'approval',
          outcome: 'requested',
          reason,
          actor,
          evidence: { roles, quorum, expiresAt, voidVotes: approval.voidVotes },
        }),
      );
      tell(key, {
        kind: 'approval_requested',
        severity: 'info',
        title: `${name} waits for approval in ${environment}`,
        text: `${report.verdict.reason}${again}`,
        facts: { ...gateFacts(report), ...approvalFacts(run.input, approval) },
      });
    },
    reminded(approval: ApprovalState, count: number): void {
      const { evidenceHash, openedAt, expiresAt } = approval;
      tell(
        `reminder/${evidenceHash}/${String(openedAt)}/${String(count)}`,
        {
          kind: 'approval_reminder',
          severity: 'warning',
          title: `${name} still waits for approval in ${environment}`,
          text: `Without enough approvals it expires at ${new Date(expiresAt).toISOString()}.`,
          facts: approvalFacts(run.input, approval),
        },
        Math.max(1, expiresAt - Date.now()),
      );
    },
    /** A vote is on record in the workflow's history already; `written` waits for the registry's row. */
    voted: (approval: ApprovalState, vote: DecideCommand): void => {
      const { actor, decision, reason } = vote;
      const key = `vote/${approval.evidenceHash}/${actor.id}`;
      decisions.add(() =>
        decide(key, { kind: 'approval', outcome: decision, reason, actor, evidence: { approval } }),
      );
      if (approval.status === 'open') return;
      tell(`approval-closed/${approval.evidenceHash}`, {
        kind: 'approval_closed',
        severity: 'info',
        title: `${name} was ${approval.status} by ${actor.id}`,
        text: reason,
        facts: { decision: approval.status, by: actor.id, reason },
      });
    },
    /** Ends the version's stage where no rollout has, and answers the id of the decision. */
    async ended(before: string, ending: Ending): Promise<string> {
      const { kind, reason } = ending;
      const stage = stageOf(kind);
      const actor = kind === 'aborted' && run.abort !== null ? run.abort.actor : PROMOTION_ACTOR;
      if (stage !== null && before !== 'rollout') {
        await setStage({ model, environment, version, stage, reason, actor });
      }
      const evidence = { phase: before, rollout: ending.decisionId, gates: run.state.gates };
      const decided = kind === 'aborted' ? 'abort' : 'promotion';
      await decide('outcome', { kind: decided, outcome: kind, reason, actor, evidence });
      if (kind !== 'passed' && kind !== 'failed') {
        const facts = run.state.gates === null ? {} : gateFacts(run.state.gates);
        const title = `${name} was not promoted: ${kind.replace('_', ' ')}`;
        const severity = kind === 'rolled_back' ? 'warning' : 'info';
        tell('ended', { kind: 'version_rejected', severity, title, text: reason, facts });
      }
      return `${scope}/outcome`;
    },
  };
}

/** The stage that an ending leaves, when no rollout has set one. A promotion that failed leaves a candidate. */
function stageOf(kind: Ending['kind']): 'rejected' | 'denied' | 'expired' | 'aborted' | null {
  switch (kind) {
    case 'rejected':
    case 'denied':
    case 'expired':
    case 'aborted':
      return kind;
    case 'passed':
    case 'rolled_back':
    case 'failed':
      return null;
    default:
      return assertNever(kind, 'ending');
  }
}
