import type { DeliverWebhookInput, WebhookOutcome } from '../src/contracts/workflows/webhook.ts';
import { WEBHOOK_UNAVAILABLE } from '../src/errors/notification-errors.ts';
import { giveUpWebhook, sendWebhook } from './activity-proxies.ts';
import { describeFailure } from './failures.ts';
import { createStatus } from './status.ts';

/** Delivers one event to one endpoint. An endpoint that is away for hours gets it when it is back. */
export async function deliverWebhook(input: DeliverWebhookInput): Promise<WebhookOutcome> {
  const { model, environment, deliveryId, endpoint, event } = input;
  const show = createStatus(input);
  const ref = { model, environment, deliveryId };
  show('delivering', `${event} of ${model} to ${endpoint}, delivery ${deliveryId}`);
  try {
    const { statusCode } = await sendWebhook.executeWithOptions({ summary: `${event} to ${endpoint}` }, [
      ref,
    ]);
    show('delivered', `${endpoint} answered ${String(statusCode)}`);
    return { kind: 'delivered', statusCode };
  } catch (error) {
    const { code, reason } = describeFailure(error, WEBHOOK_UNAVAILABLE);
    show('given up', `${code}: ${reason}`);
    await giveUpWebhook({ ...ref, code, reason });
    return { kind: 'given_up', code, reason };
  }
}
