import {
  allHandlersFinished,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import {
  acknowledgeUpdate,
  incidentNoteSignal,
  incidentStateQuery,
  resolveUpdate,
} from '../src/contracts/workflows/incident.ts';
import type { HandleIncidentInput, IncidentState } from '../src/contracts/workflows/incident.ts';
import { lifecycleId } from '../src/contracts/workflows/ids.ts';
import { incidentClosedSignal } from '../src/contracts/workflows/lifecycle.ts';
import type { ByActor } from '../src/contracts/workflows/lifecycle.ts';
import { systemActor } from '../src/domain/actor.ts';
import {
  acknowledged,
  checkAcknowledge,
  checkResolve,
  nextNudge,
  noted,
  nudged,
  openedIncident,
  resolved,
} from '../src/domain/incident/transitions.ts';
import { loadPolicy, openIncident, setIncidentStatus } from './activity-proxies.ts';
import { throwIfRefused } from './failures.ts';
import { createIncidentMessages } from './incident/messages.ts';
import { createLane } from './lane.ts';
import { createStatus } from './status.ts';

/** One incident from its opening until it is resolved: delivered, reminded of, escalated while nobody answers. */
export async function handleIncident(input: HandleIncidentInput): Promise<IncidentState> {
  const { model, environment, incidentId, openedAt } = input;
  const show = createStatus(input);
  const records = createLane(() => undefined);
  const messages = createIncidentMessages(input);
  const noteKeys = new Set<string>();
  let state = input.state ?? openedIncident(incidentId, input.title, Date.now());
  const apply = (next: IncidentState): void => {
    state = next;
    const log = state.log.map(({ at, text }) => `- ${new Date(at).toISOString()} ${text}`).join('\n');
    show(state.status, `**${input.title}** (${state.status})\n\n${input.summary}\n\n${log}`);
  };
  const write = (status: 'acknowledged' | 'resolved', { actor, reason }: ByActor): void =>
    records.add(() => setIncidentStatus({ incidentId, status, actor, reason }));
  const close = (by: ByActor): void => {
    apply(resolved(state, by.actor.id, by.reason, Date.now()));
    write('resolved', by);
    messages.resolved(by);
  };

  setHandler(incidentStateQuery, () => state);
  setHandler(
    acknowledgeUpdate,
    async (by) => {
      apply(acknowledged(state, by.actor.id, by.reason, Date.now()));
      write('acknowledged', by);
      messages.acknowledged(by);
      await condition(() => records.idle());
    },
    { validator: (_by) => throwIfRefused(checkAcknowledge(state)) },
  );
  setHandler(
    resolveUpdate,
    async (by) => {
      close(by);
      await condition(() => records.idle());
    },
    { validator: (_by) => throwIfRefused(checkResolve(state)) },
  );
  setHandler(incidentNoteSignal, ({ key, text, resolves }) => {
    if (noteKeys.has(key)) return;
    noteKeys.add(key);
    apply(noted(state, text, Date.now()));
    if (resolves === true && state.status !== 'resolved') {
      close({ actor: systemActor('monitor'), reason: text });
    } else {
      messages.note(key, text);
    }
  });
  apply(state);

  if (input.state === undefined) {
    records.add(() => openIncident(rowOf(input)));
    messages.opened();
  }
  const { notifications } = await loadPolicy({ model, environment });
  while (state.status !== 'resolved') {
    const nudge = nextNudge(state, openedAt, notifications);
    const status = state.status;
    const changed = (): boolean => state.status !== status || mayCarryOn();
    if (nudge === null) await condition(changed);
    else if (!(await condition(changed, Math.max(1, nudge.at - Date.now())))) {
      const { remindEvery } = notifications;
      apply(nudged(state, nudge, { openedAt, remindEvery, now: Date.now() }));
      if (nudge.kind === 'escalate') messages.escalated();
      else messages.reminded(state.reminders, remindEvery);
    }
    if (mayCarryOn()) await continueAsNew<typeof handleIncident>({ ...input, state });
  }
  await tellLifecycle(input);
  await condition(() => quiet() && allHandlersFinished());
  return state;

  function quiet(): boolean {
    return records.idle() && messages.idle();
  }
  function mayCarryOn(): boolean {
    return workflowInfo().continueAsNewSuggested && quiet() && allHandlersFinished();
  }
}

function rowOf(input: HandleIncidentInput) {
  const { model, environment, incidentId, severity, title, summary, facts } = input;
  return { model, environment, incidentId, severity, title, summary, facts };
}

async function tellLifecycle(input: HandleIncidentInput): Promise<void> {
  try {
    const { incidentId } = input;
    await getExternalWorkflowHandle(lifecycleId(input)).signal(incidentClosedSignal, { incidentId });
  } catch {
    // The model's lifecycle is over: nobody is left to open another incident.
  }
}
