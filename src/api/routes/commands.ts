import {
  DecideAnswerBody,
  Done,
  RevalidateAnswerBody,
  RollbackAnswerBody,
  TriggerAnswerBody,
} from '../../contracts/api/answers.ts';
import {
  DecideRequest,
  EnvironmentQuery,
  ModelParams,
  ReasonRequest,
  RollbackRequest,
  TriggerRequest,
  VersionParams,
} from '../../contracts/api/requests.ts';
import { requireModel } from '../../registry/models.ts';
import { loadCandidate } from '../../registry/revalidation.ts';
import { getVersion } from '../../registry/versions.ts';
import type { ApiDependencies, ApiInstance } from '../api-instance.ts';
import { refreshSchedules } from '../spec-application.ts';
import { answers } from './route-schemas.ts';

const ROLLOUT_COMMANDS = {
  pause: 'Hold a rollout where it is',
  resume: 'Carry on with a paused rollout',
  abort: 'End a rollout; the champion keeps all traffic',
  promote: 'Promote now, without the rest of the analysis',
} as const;

/** What people ask of a lifecycle. A workflow decides each; its refusal is the answer. */
export function registerCommandRoutes(app: ApiInstance, deps: ApiDependencies): void {
  const { db, environment, lifecycle } = deps;

  app.post(
    '/models/:model/trigger',
    {
      config: { permission: 'model.trigger' },
      schema: {
        tags: ['commands'],
        summary: 'Ask for a new version',
        params: ModelParams,
        querystring: EnvironmentQuery,
        body: TriggerRequest,
        response: answers(TriggerAnswerBody),
      },
    },
    async (request) => {
      const ref = { model: request.params.model, environment };
      await requireModel(db, ref);
      const { reason, idempotencyKey } = request.body;
      return lifecycle.requestVersion(ref, {
        key: idempotencyKey,
        source: 'api',
        reason,
        requestedBy: request.actor,
        requestedAt: deps.now(),
      });
    },
  );

  for (const command of ['pause', 'resume'] as const) {
    app.post(
      `/models/:model/${command}`,
      {
        config: { permission: 'lifecycle.pause' },
        schema: {
          tags: ['commands'],
          summary: command === 'pause' ? 'Stop producing and promoting' : 'Carry on with a paused lifecycle',
          params: ModelParams,
          querystring: EnvironmentQuery,
          body: ReasonRequest,
          response: answers(Done),
        },
      },
      async (request) => {
        const ref = { model: request.params.model, environment };
        await requireModel(db, ref);
        try {
          await lifecycle[command](ref, { actor: request.actor, reason: request.body.reason });
        } finally {
          // Also after "it is paused already": an earlier request may have been cut off before its schedules.
          await refreshSchedules(deps, ref);
        }
        return { done: true as const };
      },
    );
  }

  app.post(
    '/models/:model/rollback',
    {
      config: { permission: 'lifecycle.rollback' },
      schema: {
        tags: ['commands'],
        summary: 'Give all traffic to an earlier champion',
        params: ModelParams,
        querystring: EnvironmentQuery,
        body: RollbackRequest,
        response: answers(RollbackAnswerBody),
      },
    },
    async (request) => {
      const ref = { model: request.params.model, environment };
      await requireModel(db, ref);
      const { reason, to } = request.body;
      if (to !== undefined) await getVersion(db, { ...ref, version: to });
      return lifecycle.rollback(ref, {
        actor: request.actor,
        reason,
        ...(to === undefined ? {} : { to }),
      });
    },
  );

  app.post(
    '/models/:model/versions/:version/revalidate',
    {
      config: { permission: 'model.trigger' },
      schema: {
        tags: ['commands'],
        summary: 'Evaluate a candidate again and judge its gates anew',
        params: VersionParams,
        querystring: EnvironmentQuery,
        body: ReasonRequest,
        response: answers(RevalidateAnswerBody),
      },
    },
    async (request) => {
      const { model, version } = request.params;
      const ref = { model, environment };
      await requireModel(db, ref);
      await loadCandidate(db, { ...ref, version });
      return lifecycle.revalidate(ref, { version, actor: request.actor, reason: request.body.reason });
    },
  );

  for (const decision of ['approve', 'reject'] as const) {
    app.post(
      `/models/:model/versions/:version/${decision}`,
      {
        config: { permission: 'version.decide' },
        schema: {
          tags: ['commands'],
          summary: `${decision === 'approve' ? 'Approve' : 'Reject'} a version on the evidence that was read`,
          params: VersionParams,
          querystring: EnvironmentQuery,
          body: DecideRequest,
          response: answers(DecideAnswerBody),
        },
      },
      async (request) => {
        const { model, version } = request.params;
        const ref = { model, environment };
        await requireModel(db, ref);
        await getVersion(db, { ...ref, version });
        return lifecycle.decide(ref, version, { actor: request.actor, decision, ...request.body });
      },
    );
  }

  for (const command of ['pause', 'resume', 'abort', 'promote'] as const) {
    app.post(
      `/models/:model/versions/:version/rollout/${command}`,
      {
        config: { permission: 'rollout.steer' },
        schema: {
          tags: ['commands'],
          summary: ROLLOUT_COMMANDS[command],
          params: VersionParams,
          querystring: EnvironmentQuery,
          body: ReasonRequest,
          response: answers(Done),
        },
      },
      async (request) => {
        const { model, version } = request.params;
        const ref = { model, environment };
        await requireModel(db, ref);
        await getVersion(db, { ...ref, version });
        await lifecycle.steerRollout(ref, version, command, {
          actor: request.actor,
          reason: request.body.reason,
        });
        return { done: true as const };
      },
    );
  }
}
