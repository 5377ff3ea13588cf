import { setMaxListeners } from 'node:events';
import { BatchSender, pause, retryUntil } from '../../story/batch-sender.ts';
import { FlightGateway, Refused } from './flight-gateway.ts';
import type { LateEvent } from './flight-gateway.ts';
import type { Flight } from './prepare-flights.ts';

const TICK_MS = 20;
const MOST_IN_FLIGHT = 400;
const DRAIN_MS = 30_000;
const FEEDBACK_EVERY_MS = 200;
const LARGEST_BATCH = 500;

interface ReplayTotals {
  /** Flights that were asked about, answered, and whose outcome was reported. */
  flights: number;
  late: number;
  /** The gateway said that the question itself is wrong. */
  refused: number;
  /** Flights that left not all their traces before the end. */
  unsettled: number;
  retries: number;
  byVersion: Record<string, { flights: number; late: number; meanScore: number }>;
}

export interface Replay {
  readonly totals: Readonly<ReplayTotals>;
  /** From now on these flights depart, once each, in their order. */
  departing(flights: readonly Flight[]): void;
  /** Lets flights under way leave all their traces (30 s at most). */
  stop(): Promise<ReplayTotals>;
}

/**
 * Departures at a steady rate: each is asked about before it leaves, and what became of it is reported, both repeated
 * under the flight's id until they are accepted, so that a restart of the gateway loses and doubles nothing.
 */
export function replayFlights(gatewayUrl: string, model: string, ratePerSecond: number): Replay {
  const gateway = new FlightGateway(gatewayUrl, model);
  const departures = new AbortController();
  const deliveries = new AbortController();
  setMaxListeners(0, deliveries.signal);
  const { signal } = deliveries;
  const totals: ReplayTotals = { flights: 0, late: 0, refused: 0, unsettled: 0, retries: 0, byVersion: {} };
  const feedback = new BatchSender<LateEvent>((batch) => gateway.report(batch), {
    everyMs: FEEDBACK_EVERY_MS,
    largest: LARGEST_BATCH,
    signal,
  });
  let waiting: Iterator<Flight> = [][Symbol.iterator]();
  const inFlight = new Set<Promise<void>>();

  const depart = async (flight: Flight): Promise<void> => {
    try {
      const answer = await retryUntil(
        () => gateway.ask(flight),
        signal,
        () => totals.retries++,
        (error) => error instanceof Refused,
      );
      await feedback.add({ flightId: flight.flightId, late: flight.late, at: new Date() });
      enter(totals, flight, answer);
    } catch (error) {
      if (error instanceof Refused) totals.refused++;
      else totals.unsettled++;
    }
  };
  const run = async (): Promise<void> => {
    let due = 0;
    for (let lastMs = performance.now(); !departures.signal.aborted;) {
      await pause(TICK_MS, departures.signal);
      const nowMs = performance.now();
      due += ((nowMs - lastMs) / 1000) * ratePerSecond;
      lastMs = nowMs;
      for (; due >= 1; due--) {
        if (inFlight.size >= MOST_IN_FLIGHT || departures.signal.aborted) continue;
        const next = waiting.next();
        if (next.done === true) continue;
        const flight = depart(next.value).finally(() => inFlight.delete(flight));
        inFlight.add(flight);
      }
    }
  };
  const running = run();
  const stop = async (): Promise<ReplayTotals> => {
    departures.abort();
    await running;
    const tooLate = setTimeout(() => deliveries.abort(), DRAIN_MS);
    await Promise.all(inFlight);
    clearTimeout(tooLate);
    deliveries.abort();
    totals.retries += feedback.retries;
    feedback.retries = 0;
    return totals;
  };
  let stopped: Promise<ReplayTotals> | undefined;
  return {
    totals,
    departing: (flights) => (waiting = flights[Symbol.iterator]()),
    stop: () => (stopped ??= stop()),
  };
}

function enter(totals: ReplayTotals, flight: Flight, answer: { version: number; score: number }): void {
  const version = (totals.byVersion[answer.version] ??= { flights: 0, late: 0, meanScore: 0 });
  for (const count of [totals, version]) {
    count.flights++;
    count.late += Number(flight.late);
  }
  version.meanScore += (answer.score - version.meanScore) / version.flights;
}
