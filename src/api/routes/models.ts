import { z } from 'zod';
import { ApplyAnswer, ModelStatus, ModelSummary, TimelineEntry } from '../../contracts/api/answers.ts';
import { opaque } from '../../contracts/api/opaque.ts';
import {
  ApplyRequest,
  EnvironmentQuery,
  FindingQuery,
  ModelParams,
  ServedAtQuery,
  TimelineQuery,
} from '../../contracts/api/requests.ts';
import type { Finding } from '../../domain/finding.ts';
import { PerennialError } from '../../errors/define-error.ts';
import { VERSION_NOT_FOUND } from '../../errors/lifecycle-errors.ts';
import { listFindings } from '../../registry/finding-list.ts';
import { listModels, requireModel } from '../../registry/models.ts';
import { whatServedAt } from '../../registry/served-at.ts';
import type { ServedAt } from '../../registry/served-at.ts';
import { modelTimeline } from '../../registry/timeline.ts';
import type { ApiDependencies, ApiInstance } from '../api-instance.ts';
import { modelStatus } from '../model-status.ts';
import { applyModelSpec } from '../spec-application.ts';
import { answers } from './route-schemas.ts';

/** A spec with its trainer's files; base64 adds a third. */
const MAX_APPLY_BYTES = 64 * 2 ** 20;

export function registerModelRoutes(app: ApiInstance, deps: ApiDependencies): void {
  const { db, environment } = deps;

  app.post(
    '/models',
    {
      config: { permission: 'model.apply' },
      bodyLimit: MAX_APPLY_BYTES,
      schema: {
        tags: ['models'],
        summary: 'Apply a lifecycle spec, or show what it would change',
        querystring: EnvironmentQuery,
        body: ApplyRequest,
        response: answers(ApplyAnswer),
      },
    },
    (request) => applyModelSpec(deps, request.body, request.actor),
  );

  app.get(
    '/models',
    {
      config: { permission: 'read' },
      schema: {
        tags: ['models'],
        summary: 'All models of the environment',
        querystring: EnvironmentQuery,
        response: answers(z.object({ models: z.array(ModelSummary).readonly() })),
      },
    },
    async () => ({ models: await listModels(db, environment) }),
  );

  app.get(
    '/models/:model',
    {
      config: { permission: 'read' },
      schema: {
        tags: ['models'],
        summary: 'Where a model stands: champion, what is under way, route, incidents',
        params: ModelParams,
        querystring: EnvironmentQuery,
        response: answers(ModelStatus),
      },
    },
    (request) => modelStatus(deps, { model: request.params.model, environment }),
  );

  app.get(
    '/models/:model/timeline',
    {
      config: { permission: 'read' },
      schema: {
        tags: ['models'],
        summary: 'Who did what, when; newest first',
        params: ModelParams,
        querystring: TimelineQuery,
        response: answers(z.object({ entries: z.array(TimelineEntry).readonly() })),
      },
    },
    async (request) => {
      const ref = { model: request.params.model, environment };
      await requireModel(db, ref);
      const { limit, before } = request.query;
      const page = { limit, before: before === undefined ? undefined : new Date(before) };
      return { entries: await modelTimeline(db, ref, page) };
    },
  );

  app.get(
    '/models/:model/served-at',
    {
      config: { permission: 'read' },
      schema: {
        tags: ['models'],
        summary: 'What served at a moment, who allowed it, on which evidence',
        params: ModelParams,
        querystring: ServedAtQuery,
        response: answers(opaque<ServedAt>('Route generation, versions, decisions and evidence.')),
      },
    },
    async (request) => {
      const ref = { model: request.params.model, environment };
      await requireModel(db, ref);
      const served = await whatServedAt(db, ref, new Date(request.query.time));
      if (served) return served;
      const text = `no version of ${ref.model} served at ${request.query.time}`;
      throw new PerennialError(VERSION_NOT_FOUND, text);
    },
  );

  app.get(
    '/models/:model/findings',
    {
      config: { permission: 'read' },
      schema: {
        tags: ['models'],
        summary: 'What the monitors saw; newest window first',
        params: ModelParams,
        querystring: FindingQuery,
        response: answers(
          z.object({
            findings: z
              .array(
                z.object({
                  finding: opaque<Finding>('One monitor, one window.'),
                  passId: z.string(),
                  at: z.string(),
                }),
              )
              .readonly(),
          }),
        ),
      },
    },
    async (request) => {
      const ref = { model: request.params.model, environment };
      await requireModel(db, ref);
      return { findings: await listFindings(db, ref, request.query) };
    },
  );
}
