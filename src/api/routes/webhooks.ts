import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { TriggerAnswerBody } from '../../contracts/api/answers.ts';
import { WebhookParams, WebhookRequest } from '../../contracts/api/requests.ts';
import { BODY_MALFORMED, WEBHOOK_SIGNATURE_INVALID, WEBHOOK_UNDER_WAY } from '../../errors/api-errors.ts';
import { PerennialError } from '../../errors/define-error.ts';
import { INPUT_INVALID } from '../../errors/lifecycle-errors.ts';
import { modelNotFound } from '../../registry/models.ts';
import { giveUpDelivery } from '../../registry/webhook-deliveries.ts';
import type { RecordedAnswer } from '../../registry/webhook-deliveries.ts';
import type { ApiDependencies, ApiInstance } from '../api-instance.ts';
import { refuseIfLimited } from '../authentication.ts';
import { openDeliveryDesk } from '../delivery-desk.ts';
import type { FailureLimiter } from '../failure-limiter.ts';
import { verifyWebhook } from '../webhook-signature.ts';
import { answers } from './route-schemas.ts';

/** By then most of those that are under way have their answer. */
const COME_AGAIN_S = 2;
const MAX_WEBHOOK_BYTES = 256 * 1024;

const WebhookAnswer = z.object({
  model: z.string(),
  key: z.string().describe('Idempotency key of the trigger.'),
  trigger: TriggerAnswerBody,
});

/** Empty for what is missing, and for what is sent twice: which one was meant is not for us to choose. */
function header(request: FastifyRequest, name: string): string {
  const values = request.raw.headersDistinct[name] ?? [];
  return values.length === 1 ? (values[0] ?? '') : '';
}

function parseBody(body: Buffer): z.output<typeof WebhookRequest> {
  let json: unknown;
  try {
    json = JSON.parse(body.toString('utf8'));
  } catch {
    throw new PerennialError(BODY_MALFORMED, 'the webhook body is not valid JSON');
  }
  const parsed = WebhookRequest.safeParse(json);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => ({
    path: ['body', ...issue.path.map(String)].join('.'),
    message: issue.message,
  }));
  const text = problems.map((problem) => `${problem.path}: ${problem.message}`).join('; ');
  throw new PerennialError(INPUT_INVALID, text, { problems });
}

/** Signed requests for new versions. The same id is answered as it was the first time, and acts once. */
export function registerWebhookRoutes(
  app: ApiInstance,
  deps: ApiDependencies,
  limiter: FailureLimiter,
): void {
  const { environment } = deps;
  const desk = openDeliveryDesk(deps.db, environment);
  /** One that comes again meanwhile gets the same answer; one that another process is acting on is told to come again. */
  const underWay = new Map<string, Promise<RecordedAnswer>>();
  // The signature is over the bytes as they came, whatever they say they are.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

  app.post(
    '/v1/webhooks/:endpoint',
    {
      bodyLimit: MAX_WEBHOOK_BYTES,
      schema: {
        tags: ['webhooks'],
        security: [],
        summary: 'Ask for a new version by a signed webhook',
        description:
          'Headers webhook-id, webhook-timestamp (seconds) and webhook-signature: `v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`. Body: {model, reason, event?}.',
        params: WebhookParams,
        response: answers(WebhookAnswer),
      },
    },
    async (request, reply) => {
      const { endpoint } = request.params;
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      const id = header(request, 'webhook-id');
      const secret = Object.hasOwn(deps.webhookSecrets, endpoint) ? deps.webhookSecrets[endpoint] : undefined;
      const timestamp = header(request, 'webhook-timestamp');
      const signature = header(request, 'webhook-signature');
      const check = verifyWebhook(secret, { id, timestamp, signature }, body, deps.now());
      if (check.kind === 'invalid') {
        // Only now: whoever forges deliveries from behind the same proxy must not hold up the real sender.
        const attempt = { address: request.ip, claim: `webhook ${endpoint}`, proof: null };
        refuseIfLimited(limiter, attempt);
        limiter.recordFailure(attempt);
        request.log.warn({ endpoint, reason: check.reason }, 'webhook refused');
        throw new PerennialError(
          WEBHOOK_SIGNATURE_INVALID,
          'the endpoint is unknown, or the signature or its timestamp is not valid; nothing was done',
        );
      }
      const answer = await answerOnce(endpoint, id, body);
      return reply.code(answer.status as 200).send(answer.body as z.output<typeof WebhookAnswer>);
    },
  );

  function answerOnce(endpoint: string, deliveryId: string, body: Buffer): Promise<RecordedAnswer> {
    const asked = parseBody(body);
    const place = JSON.stringify([endpoint, deliveryId, asked.model]);
    const answer =
      underWay.get(place) ?? act(endpoint, deliveryId, asked).finally(() => underWay.delete(place));
    underWay.set(place, answer);
    return answer;
  }

  async function act(
    endpoint: string,
    deliveryId: string,
    { model, reason, event }: z.output<typeof WebhookRequest>,
  ): Promise<RecordedAnswer> {
    const ref = { model, environment };
    const delivery = { endpoint, deliveryId };
    const note = await desk.receive({ ...delivery, model });
    if (note.kind === 'model_unknown') throw modelNotFound(ref);
    if (note.kind === 'answered') return note.answer;
    if (note.kind === 'under_way') {
      const text = `delivery ${deliveryId} of ${endpoint} is being answered; send it again`;
      throw new PerennialError(WEBHOOK_UNDER_WAY, text, { details: { retryAfterSeconds: COME_AGAIN_S } });
    }
    const key = `webhook:${endpoint}:${deliveryId}`;
    const trigger = await requestVersion(delivery, ref, {
      key,
      source: 'webhook',
      reason: event === undefined ? reason : `${reason} (${event})`,
      requestedBy: { id: `webhook:${endpoint}`, roles: ['data-scientist'] },
      requestedAt: deps.now(),
    });
    return desk.record({ ...delivery, answer: { status: 200, body: { model, key, trigger } } });
  }

  async function requestVersion(
    delivery: Parameters<typeof giveUpDelivery>[1],
    ...asked: Parameters<typeof deps.lifecycle.requestVersion>
  ): ReturnType<typeof deps.lifecycle.requestVersion> {
    try {
      return await deps.lifecycle.requestVersion(...asked);
    } catch (error) {
      // Without this the sender would wait until the claim has run out.
      await giveUpDelivery(deps.db, delivery).catch((failure: unknown) =>
        app.log.warn({ err: failure, ...delivery }, 'a webhook that failed was not given up'),
      );
      throw error;
    }
  }
}
