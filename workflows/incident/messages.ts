import type { Notice } from '../../src/contracts/activities/control.ts';
import type { HandleIncidentInput } from '../../src/contracts/workflows/incident.ts';
import type { ByActor } from '../../src/contracts/workflows/lifecycle.ts';
import { createLane } from '../lane.ts';
import { tellInTurn } from '../send-notice.ts';

/**
 * The messages of one incident, in one thread and in order. They never hold up what is done about it, and one that can't be
 * delivered holds up no other for long.
 */
export function createIncidentMessages(input: HandleIncidentInput) {
  const { model, environment, incidentId, severity, title, summary, facts } = input;
  // Whoever reads the message at a terminal needs the id and the command.
  const handle = { incident: incidentId, 'to acknowledge': `perennial ack ${incidentId}` };
  const lane = createLane(() => undefined);
  const send = (
    key: string,
    told: Pick<Notice, 'kind' | 'title' | 'text'> & Partial<Notice>,
    worthMs?: number,
  ): void => {
    const notice: Notice = {
      model,
      environment,
      key: `${incidentId}/${key}`,
      thread: incidentId,
      severity,
      facts: {},
      actions: [{ label: 'View the incident', act: { kind: 'view_incident', incidentId } }],
      escalate: false,
      ...told,
    };
    lane.add(() => tellInTurn(notice, worthMs));
  };
  const urgent: Pick<Notice, 'facts' | 'actions'> = {
    facts: { ...facts, ...handle },
    actions: [
      { label: 'Acknowledge', act: { kind: 'acknowledge', incidentId } },
      { label: 'View the incident', act: { kind: 'view_incident', incidentId } },
    ],
  };
  return {
    idle: () => lane.idle(),
    opened: () => send('opened', { kind: 'incident_opened', title, text: summary, ...urgent }),
    /** Worth telling until the next: a channel that is back after hours gets one, and no heap. */
    reminded: (count: number, remindEvery: number) =>
      send(
        `reminder/${String(count)}`,
        {
          kind: 'incident_reminder',
          title: `Still open: ${title}`,
          text: `Nobody has acknowledged it yet: ${summary}`,
          ...urgent,
        },
        remindEvery,
      ),
    escalated: () =>
      send('escalated', {
        kind: 'incident_escalated',
        title: `Escalated: ${title}`,
        text: `Nobody has acknowledged it in time: ${summary}`,
        escalate: true,
        ...urgent,
      }),
    note: (key: string, text: string) => send(`note/${key}`, { kind: 'incident_note', title, text }),
    acknowledged: ({ actor, reason }: ByActor) =>
      send('acknowledged', {
        kind: 'incident_acknowledged',
        title: `${actor.id} is on it: ${title}`,
        text: reason,
      }),
    resolved: ({ actor, reason }: ByActor) =>
      send('resolved', {
        kind: 'incident_resolved',
        title: `Resolved: ${title}`,
        text: `${reason} (${actor.id})`,
        severity: 'info',
      }),
  };
}
