import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { webhookSignature } from '../../../src/notifications/webhook-signature.ts';

export interface Delivery {
  readonly id: string;
  readonly model: string;
}

export interface Sent extends Delivery {
  readonly status: number;
  readonly text: string;
  /** 1 when the first try was taken. */
  readonly tries: number;
  /** From its first try to its answer. */
  readonly tookMs: number;
}

export interface SenderOptions {
  readonly url: string;
  readonly endpoint: string;
  readonly secret: string;
  readonly connections: number;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;
const MAX_TRIES = 50;
const LATER = new Set([429, 503]);

/**
 * Sends every delivery as webhook senders do: over a few kept connections, as fast as they are answered, and again
 * under the same id while the answer says "later" or the connection breaks. Anything else is final.
 */
export async function sendAll(options: SenderOptions, deliveries: readonly Delivery[]): Promise<Sent[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: options.connections });
  const left = deliveries.values();
  const sent: Sent[] = [];
  const work = async (): Promise<void> => {
    for (const delivery of left) sent.push(await deliver(options, agent, delivery));
  };
  try {
    await Promise.all(Array.from({ length: options.connections }, work));
  } finally {
    agent.destroy();
  }
  return sent;
}

async function deliver(options: SenderOptions, agent: Agent, delivery: Delivery): Promise<Sent> {
  const startedAt = performance.now();
  let waitMs = FIRST_WAIT_MS;
  for (let tries = 1; ; tries += 1) {
    const answer = await post(options, agent, delivery).catch((error: unknown): Answer => {
      return { status: 503, text: String(error) };
    });
    if (!LATER.has(answer.status) || tries === MAX_TRIES)
      return { ...delivery, ...answer, tries, tookMs: performance.now() - startedAt };
    await sleep(waitMs);
    waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS);
  }
}

function post(options: SenderOptions, agent: Agent, { id, model }: Delivery): Promise<Answer> {
  const body = Buffer.from(JSON.stringify({ model, reason: 'new data', event: 'landed' }));
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = `v1,${webhookSignature(options.secret, id, timestamp, body)}`;
  return new Promise((resolve, reject) => {
    const call = request(`${options.url}/v1/webhooks/${options.endpoint}`, {
      method: 'POST',
      agent,
      headers: {
        'content-type': 'application/json',
        'content-length': body.length,
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        'webhook-signature': signature,
      },
    });
    call.on('error', reject);
    call.on('response', (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') }),
      );
    });
    call.end(body);
  });
}
