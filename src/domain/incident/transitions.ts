import type { IncidentState } from '../../contracts/workflows/incident.ts';
import type { Notifications } from '../../contracts/spec/operation.ts';
import { INCIDENT_NOT_OPEN } from '../../errors/lifecycle-errors.ts';
import { refusal } from '../refusal.ts';
import type { Refusal } from '../refusal.ts';

const LOG_LIMIT = 100;

export function openedIncident(incidentId: string, title: string, now: number): IncidentState {
  return {
    incidentId,
    status: 'open',
    acknowledgedBy: null,
    resolvedBy: null,
    reminders: 0,
    escalated: false,
    log: [{ at: now, text: title }],
  };
}

export function checkAcknowledge(state: IncidentState): Refusal | null {
  if (state.status === 'open') return null;
  const by = state.acknowledgedBy ?? state.resolvedBy ?? 'its monitor';
  return refusal(
    INCIDENT_NOT_OPEN,
    `The incident is ${state.status} (${by}); only an open one is acknowledged.`,
  );
}

export function checkResolve(state: IncidentState): Refusal | null {
  if (state.status !== 'resolved') return null;
  return refusal(
    INCIDENT_NOT_OPEN,
    `The incident was resolved already by ${state.resolvedBy ?? 'its monitor'}.`,
  );
}

export function acknowledged(state: IncidentState, by: string, text: string, now: number): IncidentState {
  return noted(
    { ...state, status: 'acknowledged', acknowledgedBy: by },
    `acknowledged by ${by}: ${text}`,
    now,
  );
}

export function resolved(state: IncidentState, by: string, text: string, now: number): IncidentState {
  return noted({ ...state, status: 'resolved', resolvedBy: by }, `resolved by ${by}: ${text}`, now);
}

export function noted(state: IncidentState, text: string, now: number): IncidentState {
  return { ...state, log: [...state.log, { at: now, text }].slice(-LOG_LIMIT) };
}

export type IncidentNudge =
  { readonly kind: 'remind'; readonly at: number } | { readonly kind: 'escalate'; readonly at: number };

/**
 * What comes next while nobody has acknowledged: a reminder every `remindEvery` (0: never), one escalation after its
 * time. Null when nothing does.
 */
export function nextNudge(
  state: IncidentState,
  openedAt: number,
  policy: Pick<Notifications, 'remindEvery' | 'escalation'>,
): IncidentNudge | null {
  if (state.status !== 'open') return null;
  const { remindEvery, escalation } = policy;
  const remindAt = remindEvery === 0 ? Infinity : openedAt + remindEvery * (state.reminders + 1);
  const escalateAt = state.escalated || escalation === undefined ? Infinity : openedAt + escalation.after;
  if (remindAt === Infinity && escalateAt === Infinity) return null;
  return escalateAt <= remindAt ? { kind: 'escalate', at: escalateAt } : { kind: 'remind', at: remindAt };
}

/** A nudge was given. Reminders that fell due by then are not made up for: an escalation says the same and more. */
export function nudged(
  state: IncidentState,
  nudge: IncidentNudge,
  at: { readonly openedAt: number; readonly remindEvery: number; readonly now: number },
): IncidentState {
  const due = at.remindEvery === 0 ? 0 : Math.floor((at.now - at.openedAt) / at.remindEvery);
  if (nudge.kind === 'escalate')
    return { ...state, escalated: true, reminders: Math.max(state.reminders, due) };
  return { ...state, reminders: Math.max(state.reminders + 1, due) };
}
