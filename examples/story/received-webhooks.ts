import { createHmac } from 'node:crypto';
import { z } from 'zod';
import type { Stack } from '../../src/embedded/stack.ts';
import { NotSeen } from './story.ts';
import { until } from './until.ts';

const Received = z.array(
  z.object({
    webhookId: z.string(),
    timestamp: z.string(),
    signature: z.string(),
    body: z.string(),
  }),
);
const Payload = z.object({
  type: z.string(),
  data: z.object({ version: z.int().optional(), actor: z.string() }).loose(),
});

export interface ToldByWebhook {
  readonly deliveryId: string;
  /** How often it arrived: a lost answer may repeat it, always under the same id. */
  readonly receipts: number;
  readonly payload: z.infer<typeof Payload>;
}

/**
 * Waits until a webhook tells the event of the version, and checks it as its receiver would: by the signature over id,
 * time and body. Throws NotSeen for a wrong signature, or when two deliveries tell the same.
 */
export async function untilToldByWebhook(
  stack: Stack,
  secret: string,
  event: { readonly type: string; readonly version: number },
  timeoutMs: number,
): Promise<ToldByWebhook> {
  const told = await until(`a webhook tells ${event.type}`, timeoutMs, async () => {
    const response = await fetch(`${stack.endpoints['webhookSink'] ?? ''}/messages`);
    const all = Received.parse(await response.json());
    const matching = all.filter(({ body }) => {
      const { type, data } = Payload.parse(JSON.parse(body));
      return type === event.type && data.version === event.version;
    });
    return matching.length > 0 ? matching : undefined;
  });
  for (const { webhookId, timestamp, signature, body } of told) {
    const expected = createHmac('sha256', secret)
      .update(`${webhookId}.${timestamp}.${body}`)
      .digest('base64');
    if (signature !== `v1,${expected}`) throw new NotSeen(`webhook ${webhookId} has a wrong signature`);
  }
  const ids = new Set(told.map(({ webhookId }) => webhookId));
  const [first] = told;
  if (ids.size !== 1 || first === undefined)
    throw new NotSeen(`${ids.size} deliveries tell ${event.type} of version ${event.version}`);
  return {
    deliveryId: first.webhookId,
    receipts: told.length,
    payload: Payload.parse(JSON.parse(first.body)),
  };
}
