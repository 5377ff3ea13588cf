import { describe, expect, it } from 'vitest';
import { webhookPayload } from '../../../src/domain/webhook-event.ts';
import type { RecordedEvent } from '../../../src/domain/webhook-event.ts';

function recorded(action: string, data: RecordedEvent['data'], version = 3): RecordedEvent {
  const at = '2026-11-22T09:48:34.000Z';
  return {
    seq: 41,
    at,
    actor: 'system:lifecycle',
    action,
    model: 'churn',
    environment: 'prod',
    version,
    data,
  };
}
const typeOf = (action: string, data: RecordedEvent['data']) => webhookPayload(recorded(action, data))?.type;
const moved = (from: string, to: string) => typeOf('version.stage_changed', { from, to, reason: 'so' });

describe('a webhook tells', () => {
  it.each([
    ['producing', 'candidate', 'version.registered'],
    ['candidate', 'validated', 'version.validated'],
    ['validated', 'approved', 'version.approved'],
    ['candidate', 'rejected', 'version.rejected'],
    ['validated', 'denied', 'version.denied'],
    ['validated', 'expired', 'version.expired'],
    ['validated', 'aborted', 'version.aborted'],
    ['producing', 'failed', 'version.failed'],
    ['approved', 'shadow', 'rollout.started'],
    ['approved', 'bake', 'rollout.started'],
    ['canary', 'aborted', 'rollout.aborted'],
    ['bake', 'rolled_back', 'rollout.aborted'],
    ['retired', 'quarantined', 'version.quarantined'],
  ])('of a version that goes from %s to %s as %s', (from, to, type) => {
    expect(moved(from, to)).toBe(type);
  });

  it.each([
    ['shadow', 'canary'],
    ['canary', 'bake'],
    ['bake', 'champion'],
    ['champion', 'retired'],
    ['champion', 'rolled_back'],
    ['rolled_back', 'champion'],
  ])('nothing of %s to %s: another event does', (from, to) => {
    expect(moved(from, to)).toBeUndefined();
  });

  it('of a new champion with the one before, who did it, and its place in the audit trail', () => {
    const data = { from: 2, to: 3, kind: 'rollback', generation: 9, reason: 'conversion fell' };
    expect(webhookPayload(recorded('champion.changed', data))).toEqual({
      type: 'champion.changed',
      timestamp: '2026-11-22T09:48:34.000Z',
      sequence: 41,
      data: {
        model: 'churn',
        environment: 'prod',
        version: 3,
        actor: 'system:lifecycle',
        previous: 2,
        ...data,
      },
    });
  });

  it('of an approval that is asked for, and of each vote', () => {
    expect(typeOf('decision.recorded', { kind: 'approval', outcome: 'requested' })).toBe(
      'approval.requested',
    );
    expect(typeOf('decision.recorded', { kind: 'approval', outcome: 'reject' })).toBe('approval.voted');
    expect(typeOf('decision.recorded', { kind: 'gates', outcome: 'advance' })).toBeUndefined();
  });

  it('nothing of what is only for the record', () => {
    for (const action of ['spec.applied', 'token.created', 'card.written', 'webhook.given_up'])
      expect(typeOf(action, {})).toBeUndefined();
  });
});
