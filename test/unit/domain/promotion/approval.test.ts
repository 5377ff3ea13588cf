import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DecideCommand } from '../../../../src/contracts/workflows/promotion.ts';
import type { RoleName } from '../../../../src/domain/role.ts';
import {
  approvalHolds,
  approvalOn,
  castVote,
  checkVote,
  expireApproval,
  nextReminderAt,
  openApproval,
} from '../../../../src/domain/promotion/approval-votes.ts';
import { mayRollOut } from '../../../../src/domain/promotion/may-roll-out.ts';
import type { ApprovalState } from '../../../../src/domain/promotion/approval.ts';
import type { GateReport } from '../../../../src/domain/gate-report.ts';
import type { Verdict } from '../../../../src/domain/verdict.ts';

const HOUR = 3_600_000;
const policy = {
  roles: ['ml-engineer', 'compliance'] as RoleName[],
  quorum: 2,
  remindAfter: [24 * HOUR, 48 * HOUR],
  timeout: 72 * HOUR,
};
const author = { id: 'ada', roles: ['ml-engineer'] } as const;
const by = { requestedBy: author, alsoRequestedBy: ['carl'] };
const evidence = (hash: string) => ({ hash, by });
const opened = openApproval(policy, 'hash-1', by, 0);
const vote = (id: string, parts: Partial<DecideCommand> = {}): DecideCommand => ({
  actor: { id, roles: ['ml-engineer'] },
  decision: 'approve',
  reason: '',
  evidenceHash: 'hash-1',
  ...parts,
});
const codeOf = (state: ApprovalState | null, command: DecideCommand, now = HOUR) =>
  checkVote(state, command, now)?.definition.code ?? null;

describe('an approval', () => {
  it.each([
    ['the requester', vote('ada'), 'APPROVAL_SELF'],
    ['somebody whose request was merged with theirs', vote('carl'), 'APPROVAL_SELF'],
    ['somebody without the role', vote('ben', { actor: { id: 'ben', roles: ['viewer'] } }), 'APPROVAL_ROLE'],
    [
      'an admin, whose role the spec does not name',
      vote('root', { actor: { id: 'root', roles: ['admin'] } }),
      'APPROVAL_ROLE',
    ],
    ['a vote on other evidence', vote('emil', { evidenceHash: 'hash-0' }), 'APPROVAL_EVIDENCE_STALE'],
  ])('refuses %s', (_who, command, code) => {
    expect(codeOf(opened, command)).toBe(code);
  });

  it('lets the requester reject', () => {
    expect(codeOf(opened, vote('ada', { decision: 'reject' }))).toBeNull();
  });

  it('takes one vote per person, and none after its end', () => {
    const one = castVote(opened, vote('emil'), HOUR);
    expect(codeOf(one, vote('emil'))).toBe('APPROVAL_DUPLICATE');
    expect(codeOf(one, vote('mira'), 72 * HOUR)).toBe('APPROVAL_NOT_OPEN');
    expect(codeOf(null, vote('mira'))).toBe('APPROVAL_NOT_OPEN');
    expect(castVote(one, vote('mira'), HOUR).status).toBe('approved');
  });

  it('is denied by one rejection, whatever was approved before', () => {
    const one = castVote(opened, vote('emil'), HOUR);
    expect(castVote(one, vote('mira', { decision: 'reject' }), HOUR).status).toBe('denied');
  });

  it('fails closed at its end, after its reminders', () => {
    expect(expireApproval(opened, 72 * HOUR - 1).status).toBe('open');
    expect(expireApproval(opened, 72 * HOUR).status).toBe('expired');
    expect(nextReminderAt(opened, policy, 0)).toBe(24 * HOUR);
    expect(nextReminderAt(opened, policy, 1)).toBe(48 * HOUR);
    expect(nextReminderAt(opened, policy, 2)).toBeNull();
  });

  it('voids every vote when the evidence changes, and keeps them for the record', () => {
    const one = castVote(opened, vote('emil'), HOUR);
    const again = approvalOn(one, policy, evidence('hash-2'), 2 * HOUR);
    expect(again).toMatchObject({ status: 'open', votes: [], evidenceHash: 'hash-2', expiresAt: 74 * HOUR });
    expect(again.voidVotes.map((v) => v.actor.id)).toEqual(['emil']);
    expect(codeOf(again, vote('carl', { evidenceHash: 'hash-2' }))).toBe('APPROVAL_SELF');
  });

  it('stays as it is while the evidence does, and a rejection stays for good', () => {
    const one = castVote(opened, vote('emil'), HOUR);
    expect(approvalOn(one, policy, evidence('hash-1'), 2 * HOUR)).toBe(one);
    const expired = expireApproval(one, 72 * HOUR);
    expect(approvalOn(expired, policy, evidence('hash-1'), 73 * HOUR).status).toBe('expired');
    const denied = castVote(opened, vote('emil', { decision: 'reject' }), HOUR);
    expect(approvalOn(denied, policy, evidence('hash-2'), 2 * HOUR)).toBe(denied);
    expect(approvalOn(null, policy, evidence('hash-1'), 0)).toEqual(opened);
  });
});

describe('whatever people do, live traffic', () => {
  const person = fc.constantFrom('ada', 'emil', 'mira', 'nora');
  const role = fc.constantFrom<RoleName>('viewer', 'ml-engineer', 'compliance', 'admin');
  const hash = fc.constantFrom('hash-1', 'hash-2');
  const verdict = fc.constantFrom<Verdict>(
    { kind: 'pass', reason: '' },
    { kind: 'fail', reason: '' },
    { kind: 'error', reason: '' },
    { kind: 'insufficient_data', reason: '' },
    { kind: 'skipped', reason: '', by: 'x' },
    { kind: 'overridden', reason: '', by: 'x' },
  );
  const event = fc.oneof(
    fc.record({
      do: fc.constant('vote' as const),
      id: person,
      role,
      hash,
      decision: fc.constantFrom('approve' as const, 'approve' as const, 'reject' as const),
    }),
    fc.record({ do: fc.constant('evidence' as const), hash }),
    fc.record({ do: fc.constant('time' as const), hours: fc.integer({ min: 1, max: 40 }) }),
  );

  it('is reached only with passed gates and a quorum on exactly that evidence, in time, without the author', () => {
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 25, size: 'max' }),
        fc.array(verdict, { maxLength: 3 }),
        verdict,
        fc.boolean(),
        (events, gates, whole, allowUngated) => {
          let state = opened;
          let now = 0;
          const counted = new Map<string, Set<string>>();
          for (const e of events) {
            if (e.do === 'time') {
              now += e.hours * HOUR;
              state = expireApproval(state, now);
            } else if (e.do === 'evidence') {
              const before = state;
              state = approvalOn(state, policy, evidence(e.hash), now);
              if (state !== before) counted.clear();
            } else {
              const command = vote(e.id, {
                actor: { id: e.id, roles: [e.role] },
                evidenceHash: e.hash,
                decision: e.decision,
              });
              if (checkVote(state, command, now) !== null) continue;
              state = castVote(state, command, now);
              if (e.decision === 'approve') counted.set(e.hash, (counted.get(e.hash) ?? new Set()).add(e.id));
            }
          }
          const report: GateReport = {
            version: 2,
            comparedWith: 1,
            verdict: whole,
            gates: gates.map((v, i) => ({ gate: `g${i}`, type: 'metric', verdict: v, evidence: {} })),
            evidenceHash: 'hash-1',
            firstVersion: false,
            ungated: gates.length === 0,
          };
          const approval = { ...policy, timeout: policy.timeout };
          if (!mayRollOut(report, state, { allowUngated, approval })) return;
          expect(
            [whole, ...gates].every(
              (v) => gates.length === 0 || v.kind === 'pass' || v.kind === 'overridden',
            ),
          ).toBe(true);
          expect(gates.length > 0 || allowUngated).toBe(true);
          expect(whole.kind).not.toBe('fail');
          const people = counted.get('hash-1') ?? new Set();
          expect(people.size).toBeGreaterThanOrEqual(policy.quorum);
          expect(people.has('ada')).toBe(false);
          expect(approvalHolds(state, 'hash-1')).toBe(true);
        },
      ),
      { numRuns: 5_000 },
    );
  });
});
