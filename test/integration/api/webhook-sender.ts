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
  /** Tries whose connection broke before an answer came. */
  readonly broken: number;
  /** From the moment its first try was due to its answer. */
  readonly tookMs: number;
}

export interface SenderOptions {
  readonly url: string;
  readonly endpoint: string;
  readonly secret: string;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly retryAfterMs?: number;
}

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;
const MAX_TRIES = 50;
/** No HTTP status: nobody answered. */
const BROKEN = 0;
const LATER = new Set([BROKEN, 429, 503]);
const OFFER_EVERY_MS = 5;

/**
 * Sends every delivery as webhook senders do: over a few kept connections, as fast as they are answered, and again
 * under the same id while the answer says "later" or the connection breaks. Anything else is final.
 */
export async function sendAll(
  options: SenderOptions,
  deliveries: readonly Delivery[],
  connections: number,
): Promise<Sent[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const left = deliveries.values();
  const sent: Sent[] = [];
  const work = async (): Promise<void> => {
    for (const delivery of left) sent.push(await deliver(options, agent, delivery));
  };
  try {
    await Promise.all(Array.from({ length: connections }, work));
  } finally {
    agent.destroy();
  }
  return sent;
}

/**
 * Sends `perSecond` deliveries a second, evenly, however long the answers take and over as many connections as that
 * needs: what a crowd of senders does that know nothing of each other. Each goes again as in `sendAll`.
 */
export async function sendEvenly(
  options: SenderOptions,
  deliveries: readonly Delivery[],
  perSecond: number,
): Promise<Sent[]> {
  const agent = new Agent({ keepAlive: true });
  const startedAt = performance.now();
  const sent: Promise<Sent>[] = [];
  for (const [i, delivery] of deliveries.entries()) {
    const dueAt = startedAt + (i * 1000) / perSecond;
    while (performance.now() < dueAt) await sleep(OFFER_EVERY_MS);
    sent.push(deliver(options, agent, delivery, dueAt));
  }
  try {
    return await Promise.all(sent);
  } finally {
    agent.destroy();
  }
}

async function deliver(
  options: SenderOptions,
  agent: Agent,
  delivery: Delivery,
  dueAt = performance.now(),
): Promise<Sent> {
  let waitMs = FIRST_WAIT_MS;
  let broken = 0;
  for (let tries = 1; ; tries += 1) {
    const answer = await post(options, agent, delivery).catch((error: unknown): Answer => {
      broken += 1;
      return { status: BROKEN, text: String(error) };
    });
    const { status, text, retryAfterMs = 0 } = answer;
    if (!LATER.has(status) || tries === MAX_TRIES)
      return { ...delivery, status, text, tries, broken, tookMs: performance.now() - dueAt };
    await sleep(Math.max(waitMs, retryAfterMs));
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
        resolve({
          status: response.statusCode ?? BROKEN,
          text: Buffer.concat(parts).toString('utf8'),
          retryAfterMs: Number(response.headers['retry-after'] ?? 0) * 1000,
        }),
      );
    });
    call.end(body);
  });
}
