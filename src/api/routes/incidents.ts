import { z } from 'zod';
import { Done, Incident } from '../../contracts/api/answers.ts';
import { opaque } from '../../contracts/api/opaque.ts';
import {
  EnvironmentQuery,
  IncidentParams,
  IncidentQuery,
  ReasonRequest,
} from '../../contracts/api/requests.ts';
import { incidentWorkflowId } from '../../contracts/workflows/ids.ts';
import { incidentStateQuery } from '../../contracts/workflows/incident.ts';
import type { IncidentState } from '../../contracts/workflows/incident.ts';
import { isPerennialError } from '../../errors/define-error.ts';
import { getIncident, listIncidents } from '../../registry/incidents.ts';
import { requireModel } from '../../registry/models.ts';
import type { ApiDependencies, ApiInstance } from '../api-instance.ts';
import { answers } from './route-schemas.ts';

const IncidentDetail = Incident.extend({
  live: opaque<IncidentState | null>('Reminders and log; null when the workflow does not answer.'),
});

export function registerIncidentRoutes(app: ApiInstance, deps: ApiDependencies): void {
  const { db, environment, lifecycle } = deps;

  app.get(
    '/incidents',
    {
      config: { permission: 'read' },
      schema: {
        tags: ['incidents'],
        summary: 'Incidents, newest first',
        querystring: IncidentQuery,
        response: answers(z.object({ incidents: z.array(Incident).readonly() })),
      },
    },
    async (request) => {
      const { model, status, limit } = request.query;
      if (model !== undefined) await requireModel(db, { model, environment });
      return { incidents: await listIncidents(db, { environment, model, status, limit }) };
    },
  );

  app.get(
    '/incidents/:incidentId',
    {
      config: { permission: 'read' },
      schema: {
        tags: ['incidents'],
        summary: 'One incident with its log',
        params: IncidentParams,
        querystring: EnvironmentQuery,
        response: answers(IncidentDetail),
      },
    },
    async (request) => {
      const incident = await getIncident(db, request.params.incidentId, environment);
      return { ...incident, live: await liveIncident(incident.incidentId) };
    },
  );

  /** The registry's record is told even while Temporal or the worker is away. */
  async function liveIncident(incidentId: string): Promise<IncidentState | null> {
    try {
      return await lifecycle.stateOf(incidentStateQuery, incidentWorkflowId(incidentId));
    } catch (error) {
      if (isPerennialError(error)) return null;
      throw error;
    }
  }

  const COMMANDS = {
    ack: ['Acknowledge: reminders stop, the incident stays open', 'acknowledge'],
    resolve: ['Resolve', 'resolve'],
  } as const;
  for (const path of ['ack', 'resolve'] as const) {
    const [summary, command] = COMMANDS[path];
    app.post(
      `/incidents/:incidentId/${path}`,
      {
        config: { permission: 'incident.handle' },
        schema: {
          tags: ['incidents'],
          summary,
          params: IncidentParams,
          querystring: EnvironmentQuery,
          body: ReasonRequest,
          response: answers(Done),
        },
      },
      async (request) => {
        const { incidentId } = await getIncident(db, request.params.incidentId, environment);
        await lifecycle[command](incidentId, { actor: request.actor, reason: request.body.reason });
        return { done: true as const };
      },
    );
  }
}
