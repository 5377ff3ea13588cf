import { z } from 'zod';
import { Done, WebhookDeliveryAnswer, WebhookDeliveryDetail } from '../../contracts/api/answers.ts';
import {
  DeliveryParams,
  DeliveryQuery,
  EnvironmentQuery,
  ReasonRequest,
} from '../../contracts/api/requests.ts';
import { PerennialError } from '../../errors/define-error.ts';
import { DEPENDENCY_UNAVAILABLE } from '../../errors/lifecycle-errors.ts';
import { restartDelivery } from '../../notifications/dispatch-webhooks.ts';
import { withTransaction } from '../../registry/database.ts';
import { requireModel } from '../../registry/models.ts';
import {
  getWebhookDelivery,
  listWebhookAttempts,
  listWebhookDeliveries,
  reopenWebhook,
} from '../../registry/webhook-log.ts';
import type { ApiDependencies, ApiInstance } from '../api-instance.ts';
import { codedTemporalError } from '../temporal-errors.ts';
import { answers } from './route-schemas.ts';

/** The log of outgoing webhooks, and sending one again. */
export function registerWebhookDeliveryRoutes(app: ApiInstance, deps: ApiDependencies): void {
  const { db, environment } = deps;

  app.get(
    '/webhook-deliveries',
    {
      config: { permission: 'read' },
      schema: {
        tags: ['webhooks'],
        summary: 'Outgoing webhooks, newest first',
        querystring: DeliveryQuery,
        response: answers(z.object({ deliveries: z.array(WebhookDeliveryAnswer).readonly() })),
      },
    },
    async (request) => {
      const { model, status, limit } = request.query;
      if (model !== undefined) await requireModel(db, { model, environment });
      return { deliveries: await listWebhookDeliveries(db, { environment, model, status, limit }) };
    },
  );

  app.get(
    '/webhook-deliveries/:deliveryId',
    {
      config: { permission: 'read' },
      schema: {
        tags: ['webhooks'],
        summary: 'One delivery with its body and every attempt',
        params: DeliveryParams,
        querystring: EnvironmentQuery,
        response: answers(WebhookDeliveryDetail),
      },
    },
    async (request) => {
      const { deliveryId } = request.params;
      const delivery = await getWebhookDelivery(db, { environment, deliveryId });
      return { ...delivery, log: await listWebhookAttempts(db, deliveryId) };
    },
  );

  app.post(
    '/webhook-deliveries/:deliveryId/redeliver',
    {
      config: { permission: 'webhook.redeliver' },
      schema: {
        tags: ['webhooks'],
        summary: 'Send a webhook again now, under the same id, and try for another day',
        params: DeliveryParams,
        querystring: EnvironmentQuery,
        body: ReasonRequest,
        response: answers(Done),
      },
    },
    async (request) => {
      const ref = { environment, deliveryId: request.params.deliveryId };
      const by = { actor: request.actor.id, reason: request.body.reason };
      const delivery = await withTransaction(db, (tx) => reopenWebhook(tx, ref, by));
      try {
        await restartDelivery(deps.temporal, delivery);
      } catch (error) {
        throw codedTemporalError(error, () => new PerennialError(DEPENDENCY_UNAVAILABLE, 'try again'));
      }
      return { done: true as const };
    },
  );
}
