import type { LifecyclePolicy } from '../../../../src/contracts/activities/control.ts';
import type { ByActor, PromotionOutcome } from '../../../../src/contracts/workflows/lifecycle.ts';
import type { DecideCommand, PromoteVersionInput } from '../../../../src/contracts/workflows/promotion.ts';
import type { GateReport } from '../../../../src/domain/gate-report.ts';
import type { ApprovalState } from '../../../../src/domain/promotion/approval.ts';
import {
  approvalOn,
  castVote,
  checkVote,
  expireApproval,
} from '../../../../src/domain/promotion/approval-votes.ts';
import { judgeGates } from '../../../../src/domain/promotion/judge-gates.ts';
import { mayRollOut } from '../../../../src/domain/promotion/may-roll-out.ts';
import type { Reference } from './reference.ts';
import { Refused } from './registry.ts';
import type { Registry } from './registry.ts';
import { RolloutChild } from './rollout-child.ts';

type Kind = PromotionOutcome['kind'];

interface Surroundings {
  readonly registry: Registry;
  readonly reference: Reference;
  now: number;
  gates(version: number): GateReport;
}

/** The workflow `promoteVersion` without its waiting: gates, people, gates again, rollout; one decision at a time. */
export class PromotionChild {
  approval: ApprovalState | null = null;
  rollout: RolloutChild | null = null;
  outcome: PromotionOutcome | null = null;
  private report: GateReport | null = null;
  private asking = false;
  private changed = false;
  private abort: ByActor | null = null;

  private readonly input: PromoteVersionInput;
  private readonly policy: LifecyclePolicy;
  private readonly world: Surroundings;

  constructor(input: PromoteVersionInput, policy: LifecyclePolicy, world: Surroundings) {
    this.input = input;
    this.policy = policy;
    this.world = world;
  }

  get expiresAt(): number | null {
    return this.asking && this.approval?.status === 'open' ? this.approval.expiresAt : null;
  }

  /** Whether it was told to end, and only has to put traffic back. */
  get ending(): boolean {
    return this.abort !== null;
  }

  aborted(by: ByActor): void {
    this.abort ??= by;
    if (this.rollout !== null) this.rollout.steer('abort', by.actor);
  }

  evidenceChanged(): void {
    this.changed = true;
  }

  /** Whether the vote was taken. */
  vote(command: DecideCommand): boolean {
    const { now } = this.world;
    if (checkVote(this.approval, command, now) !== null || this.approval === null) return false;
    this.approval = castVote(this.approval, command, now);
    return true;
  }

  /** Does what is due without anybody's word; false when it waits for time or people. */
  proceed(loads = true): boolean {
    if (this.outcome !== null) return false;
    try {
      return this.go(loads);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return this.end('failed');
    }
  }

  private go(loads: boolean): boolean {
    if (this.rollout !== null) return this.watchRollout(this.rollout, loads);
    if (this.asking) {
      // The gates are judged in a step of its own: a vote may come while that takes its time.
      this.asking = this.outcome === null && !this.answered();
      return !this.asking;
    }
    this.judge();
    return true;
  }

  private watchRollout(rollout: RolloutChild, loads: boolean): boolean {
    if (rollout.state.outcome === null) return rollout.proceed(loads);
    return this.end(rollout.state.outcome.kind);
  }

  /** Whether the waiting is over: answered, out of time, or asked about other evidence. */
  private answered(): boolean {
    if (this.approval !== null) this.approval = expireApproval(this.approval, this.world.now);
    if (this.abort !== null) return this.end('aborted');
    const status = this.approval?.status;
    if (status === 'denied') return this.end('denied');
    if (this.changed) return true;
    if (status === 'expired') return this.end('expired');
    return status !== 'open';
  }

  private judge(): void {
    const { registry, reference, now } = this.world;
    const { version, champion } = this.input;
    const before = this.report;
    this.asking = false;
    this.changed = false;
    if (this.abort !== null) return void this.end('aborted');
    const report = this.world.gates(version);
    reference.answered(version);
    const judgement = judgeGates(report, this.policy);
    if (judgement.kind !== 'advance')
      return void this.end(judgement.kind === 'reject' ? 'rejected' : this.undecided());
    if (before === null) registry.move(version, 'validated');
    this.report = report;
    if (before?.evidenceHash === report.evidenceHash && mayRollOut(report, this.approval, this.policy)) {
      registry.move(version, 'approved');
      const dossier = reference.dossiers.get(version);
      if (dossier !== undefined) dossier.released = true;
      this.rollout = new RolloutChild(version, champion, this.policy.rollout, this.world);
      return;
    }
    if (this.policy.approval !== null) this.ask(this.policy.approval, report.evidenceHash, now);
  }

  /** A rejection that came while the gates were judged is the last word. */
  private undecided(): 'denied' | 'failed' {
    return this.approval?.status === 'denied' ? 'denied' : 'failed';
  }

  private ask(policy: NonNullable<LifecyclePolicy['approval']>, hash: string, now: number): void {
    const given = this.approval;
    const { version } = this.input;
    this.approval = approvalOn(given, policy, { hash, by: this.input }, now);
    this.asking = true;
    const dossier = this.world.reference.dossiers.get(version);
    if (dossier !== undefined && this.approval !== given)
      dossier.asked = { hash, expiresAt: now + policy.timeout };
    if (dossier !== undefined && this.approval !== given) dossier.yes.delete(hash);
  }

  private end(kind: Kind): true {
    const { version, round = 'first' } = this.input;
    const { registry } = this.world;
    const id = `promotion/${String(version)}/${round}/outcome`;
    try {
      const staged = kind !== 'failed' && kind !== 'passed' && kind !== 'rolled_back';
      if (this.rollout === null && staged) registry.move(version, kind);
      registry.record({ decisionId: id, version, kind: 'promotion', outcome: kind, evidence: {} });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
    this.outcome = { kind, version, reason: 'r', decisionId: id, baseline: null };
    return true;
  }
}
