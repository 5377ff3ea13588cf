import { setMaxListeners } from 'node:events';
import { pause } from '../../story/batch-sender.ts';
import { createRandom } from './random.ts';
import type { LedgerTotals } from './shopper-ledger.ts';
import { ShopperLedger } from './shopper-ledger.ts';
import { ShopDatabase } from './shop-database.ts';
import { VisitDelivery } from './visit-delivery.ts';
import { createWorld } from './world.ts';

const TICK_MS = 20;
const MOST_IN_FLIGHT = 400;
const DRAIN_MS = 30_000;
const LEDGER_FLUSH_MS = 500;
/** How much more traffic the pandemic brings. */
const PANDEMIC_TRAFFIC = 3;

export interface ShopperOptions {
  gatewayUrl: string;
  databaseUrl: string;
  logDirectory: string;
  ledgerFile: string;
  seed: number;
  /** The end of the shop's history, from which its calendar goes on. */
  historyEnd: Date;
  /** Visits per second before the pandemic; three times as many in it. */
  ratePerSecond: number;
  /** Makes the ids of this run's visits; a second run on one shop needs another. */
  runId: string;
  model?: string;
  pandemic?: boolean;
  /** Ends the traffic as `stop()` does. */
  signal?: AbortSignal;
}

/** Live traffic that goes on until it is stopped. */
export interface Shoppers {
  /** Traffic triples, tastes shift, and everybody wants one plant. */
  pandemic(): void;
  setRate(ratePerSecond: number): void;
  /** Counts so far; the object is live. */
  readonly totals: Readonly<LedgerTotals>;
  /** Whether the viral plant is sold out. */
  soldOut(): boolean;
  /** Lets visits under way leave all their traces (30 s at most), then closes the books. */
  stop(): Promise<LedgerTotals>;
}

/**
 * Sends shoppers through the gateway at a steady rate. Each visit asks for a ranking, plays out by the
 * world's true tastes and the stock, and leaves orders, log lines and feedback, repeated under the same ids
 * until they are accepted, so that a restart of gateway or database loses and doubles nothing.
 */
export async function runShoppers(options: ShopperOptions): Promise<Shoppers> {
  const world = createWorld(options.seed, options.historyEnd.getTime());
  const database = new ShopDatabase(options.databaseUrl);
  const ledger = new ShopperLedger(options.ledgerFile);
  const arrivals = new AbortController();
  const deliveries = new AbortController();
  // Every waiting visit listens.
  setMaxListeners(0, deliveries.signal);
  const delivery = await VisitDelivery.open(world, database, ledger, options, deliveries.signal);
  let rate = options.ratePerSecond;
  let pandemic = options.pandemic ?? false;
  const inFlight = new Set<Promise<void>>();

  const arrive = async (): Promise<void> => {
    let due = 0;
    let lastMs = performance.now();
    for (let n = 0; !arrivals.signal.aborted;) {
      await pause(TICK_MS, arrivals.signal);
      const nowMs = performance.now();
      due += ((nowMs - lastMs) / 1000) * rate * (pandemic ? PANDEMIC_TRAFFIC : 1);
      lastMs = nowMs;
      for (; due >= 1 && !arrivals.signal.aborted; due--) {
        if (inFlight.size >= MOST_IN_FLIGHT) {
          ledger.totals.turnedAway++;
          continue;
        }
        const requestId = `${options.runId}-${String(++n).padStart(7, '0')}`;
        const random = createRandom(options.seed, 'live', requestId);
        const visit = delivery.visit(requestId, pandemic, random).finally(() => inFlight.delete(visit));
        inFlight.add(visit);
      }
    }
  };
  const keepBooks = async (): Promise<void> => {
    while (!deliveries.signal.aborted) {
      await pause(LEDGER_FLUSH_MS, deliveries.signal);
      await ledger.flush();
    }
  };
  const arriving = arrive();
  const keeping = keepBooks();
  options.signal?.addEventListener('abort', () => arrivals.abort(), { once: true });

  let stopped: Promise<LedgerTotals> | undefined;
  const stop = async (): Promise<LedgerTotals> => {
    arrivals.abort();
    await arriving;
    const tooLate = setTimeout(() => deliveries.abort(), DRAIN_MS);
    await Promise.all(inFlight);
    clearTimeout(tooLate);
    deliveries.abort();
    await keeping;
    await ledger.flush();
    await database.close();
    return ledger.totals;
  };
  return {
    pandemic: () => (pandemic = true),
    setRate: (ratePerSecond) => (rate = ratePerSecond),
    totals: ledger.totals,
    soldOut: () => delivery.soldOut(),
    stop: () => (stopped ??= stop()),
  };
}
