import { RankResponse } from '../../../src/contracts/serving.ts';
import type { Flight } from './prepare-flights.ts';

const CALL_TIMEOUT_MS = 5000;
const TRY_AGAIN: ReadonlySet<number> = new Set([408, 425, 429]);

/** The gateway answered that the request itself is wrong; repeating it can't help. */
export class Refused extends Error {
  constructor(status: number, body: string) {
    super(`the gateway refused with ${status}: ${body.slice(0, 300)}`);
    this.name = 'Refused';
  }
}

export interface LateEvent {
  readonly flightId: string;
  readonly late: boolean;
  readonly at: Date;
}

/** An airline's calls to the serving gateway. One attempt each; the caller repeats with the same ids. */
export class FlightGateway {
  readonly #url: string;
  readonly #model: string;

  constructor(url: string, model: string) {
    this.#url = url.replace(/\/$/, '');
    this.#model = model;
  }

  /** The chance that the flight leaves late, and the version that says so. */
  async ask(
    flight: Pick<Flight, 'flightId' | 'origin' | 'destination' | 'hour'>,
  ): Promise<{ readonly version: number; readonly score: number }> {
    const { version, items } = RankResponse.parse(
      await this.post(`/v1/models/${this.#model}/rank`, {
        requestId: flight.flightId,
        entity: { origin: flight.origin, hour: flight.hour },
        candidates: [{ destination: flight.destination }],
        splitKey: flight.flightId,
      }),
    );
    const [first] = items;
    if (first === undefined) throw new Error(`the gateway answered no score for ${flight.flightId}`);
    return { version, score: first.score };
  }

  async report(events: readonly LateEvent[]): Promise<void> {
    await this.post('/v1/feedback', {
      events: events.map(({ flightId, late, at }) => ({
        requestId: flightId,
        eventId: `${flightId}.late`,
        name: 'late',
        value: late,
        at: at.toISOString(),
      })),
    });
  }

  post(path: string, body: unknown): Promise<unknown> {
    return this.#call(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  get(path: string): Promise<unknown> {
    return this.#call(path, {});
  }

  async #call(path: string, request: RequestInit): Promise<unknown> {
    const response = await fetch(this.#url + path, {
      ...request,
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    });
    const text = await response.text();
    if (response.ok) return JSON.parse(text);
    if (response.status < 500 && !TRY_AGAIN.has(response.status)) throw new Refused(response.status, text);
    throw new Error(`the gateway answered ${response.status}: ${text.slice(0, 300)}`);
  }
}
