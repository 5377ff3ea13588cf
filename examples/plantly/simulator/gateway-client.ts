import type { RankResponse } from '../../../src/contracts/serving.ts';

const CALL_TIMEOUT_MS = 5000;
const TRY_AGAIN: ReadonlySet<number> = new Set([408, 425, 429]);

/** The gateway answered that the request itself is wrong; repeating it can't help. */
export class Refused extends Error {
  readonly status: number;

  constructor(status: number, body: string) {
    super(`the gateway refused with ${status}: ${body.slice(0, 300)}`);
    this.name = 'Refused';
    this.status = status;
  }
}

export interface FeedbackEvent {
  requestId: string;
  eventId: string;
  name: string;
  value: number;
  at: string;
}

/** The shop's calls to the serving gateway. One attempt each; the caller repeats with the same ids. */
export class GatewayClient {
  readonly #gatewayUrl: string;
  readonly #model: string;

  constructor(gatewayUrl: string, model: string) {
    this.#gatewayUrl = gatewayUrl.replace(/\/$/, '');
    this.#model = model;
  }

  async rank(request: {
    requestId: string;
    customerId: string;
    plantIds: readonly string[];
    k: number;
  }): Promise<RankResponse> {
    return (await this.#post(`/v1/models/${this.#model}/rank`, {
      requestId: request.requestId,
      entity: { customer_id: request.customerId },
      candidates: request.plantIds.map((plantId) => ({ plant_id: plantId })),
      k: request.k,
      splitKey: request.customerId,
    })) as RankResponse;
  }

  async sendFeedback(events: readonly FeedbackEvent[]): Promise<void> {
    await this.#post('/v1/feedback', { events });
  }

  async #post(path: string, body: unknown): Promise<unknown> {
    const response = await fetch(this.#gatewayUrl + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    });
    const text = await response.text();
    if (response.ok) return JSON.parse(text);
    if (response.status < 500 && !TRY_AGAIN.has(response.status)) throw new Refused(response.status, text);
    throw new Error(`the gateway answered ${response.status}: ${text.slice(0, 300)}`);
  }
}
