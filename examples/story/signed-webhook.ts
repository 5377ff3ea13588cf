import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { TriggerAnswerBody } from '../../src/contracts/api/answers.ts';
import { NotSeen } from './story.ts';
import { until } from './until.ts';

const Answer = z.object({ trigger: TriggerAnswerBody });
const PATIENCE_MS = 90_000;

export interface WebhookDelivery {
  readonly apiUrl: string;
  readonly endpoint: string;
  readonly secret: string;
  /** The sender's id of the event: a repetition carries the same. */
  readonly id: string;
  readonly body: { readonly model: string; readonly reason: string; readonly event: string };
}

/** Delivers as a build server would: signed by HMAC over id, time and body; repeated until it is answered. */
export async function deliverWebhook(delivery: WebhookDelivery): Promise<string> {
  const { apiUrl, endpoint, secret, id } = delivery;
  const body = JSON.stringify(delivery.body);
  return until('the webhook is answered', PATIENCE_MS, async () => {
    const timestamp = String(Math.floor(Date.now() / 1000));
    const signature = createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64');
    const response = await fetch(`${apiUrl}/v1/webhooks/${endpoint}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        'webhook-signature': `v1,${signature}`,
      },
      body,
    });
    if (response.status >= 500) return undefined;
    if (!response.ok) throw new NotSeen(`the webhook was refused: ${await response.text()}`);
    return Answer.parse(await response.json()).trigger.kind;
  });
}
