import type { VersionStage } from './version-stage.ts';

/** What outgoing webhooks tell, in the past tense. Names are part of the public interface. */
export const WEBHOOK_EVENTS = [
  'version.registered',
  'version.validated',
  'version.approved',
  'version.rejected',
  'version.denied',
  'version.expired',
  'version.aborted',
  'version.failed',
  'version.quarantined',
  'approval.requested',
  'approval.voted',
  'rollout.started',
  'rollout.aborted',
  'champion.changed',
  'incident.opened',
  'incident.acknowledged',
  'incident.resolved',
  'drift.detected',
  'batch.quarantined',
] as const;
type WebhookEventType = (typeof WEBHOOK_EVENTS)[number];

/** An event of the audit trail, as far as a webhook tells it. */
export interface RecordedEvent {
  readonly seq: number;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly model?: string;
  readonly environment?: string;
  readonly version?: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The body of a webhook, as Standard Webhooks has it, with the place of the event in the audit trail. */
export interface WebhookPayload {
  readonly type: WebhookEventType;
  /** ISO 8601: when it happened, not when it was sent. */
  readonly timestamp: string;
  /** Grows with time; a receiver orders by it, as deliveries overtake each other. */
  readonly sequence: number;
  readonly data: Readonly<Record<string, unknown>>;
}

const ENDED: Partial<Record<VersionStage, WebhookEventType>> = {
  candidate: 'version.registered',
  validated: 'version.validated',
  approved: 'version.approved',
  rejected: 'version.rejected',
  denied: 'version.denied',
  expired: 'version.expired',
  failed: 'version.failed',
  quarantined: 'version.quarantined',
};
const ROLLING_OUT: ReadonlySet<unknown> = new Set<VersionStage>(['shadow', 'canary', 'bake']);
const TOLD_AS_RECORDED: ReadonlySet<string> = new Set<WebhookEventType>([
  'champion.changed',
  'incident.opened',
  'incident.acknowledged',
  'incident.resolved',
  'drift.detected',
  'batch.quarantined',
]);

/** Who becomes or stops being champion is told by `champion.changed` alone, which names both versions. */
function stageEvent(from: unknown, to: unknown): WebhookEventType | null {
  if (to === 'aborted') return ROLLING_OUT.has(from) ? 'rollout.aborted' : 'version.aborted';
  if (to === 'rolled_back') return ROLLING_OUT.has(from) ? 'rollout.aborted' : null;
  if (ROLLING_OUT.has(to)) return from === 'approved' ? 'rollout.started' : null;
  return ENDED[to as VersionStage] ?? null;
}

function decisionEvent({ kind, outcome }: RecordedEvent['data']): WebhookEventType | null {
  if (kind !== 'approval') return null;
  if (outcome === 'requested') return 'approval.requested';
  return outcome === 'approve' || outcome === 'reject' ? 'approval.voted' : null;
}

function typeOf({ action, data }: RecordedEvent): WebhookEventType | null {
  if (TOLD_AS_RECORDED.has(action)) return action as WebhookEventType;
  if (action === 'version.stage_changed') return stageEvent(data['from'], data['to']);
  return action === 'decision.recorded' ? decisionEvent(data) : null;
}

/**
 * What webhooks tell of an event of the audit trail: who did it, to what, from where to where. null for the many
 * that are only for the record. Artifacts are told by version alone; the API gives the rest to who may read it.
 */
export function webhookPayload(event: RecordedEvent): WebhookPayload | null {
  const type = typeOf(event);
  if (type === null) return null;
  const { model, environment, version, actor, at: timestamp, seq: sequence, data } = event;
  const told = type === 'champion.changed' ? { ...data, previous: data['from'] } : data;
  const about = { model, environment, ...(version === undefined ? {} : { version }) };
  return { type, timestamp, sequence, data: { ...about, actor, ...told } };
}
